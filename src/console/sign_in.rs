//! Getting in and out: by password, by a link that is valid once, by an invitation.

use super::action::Action;
use super::context::{Fields, PageContext, PageRequest};
use super::cookie;
use super::layout::{Page, Redirect, plain_page};
use super::sso;
use crate::domain::operator::{MAX_EMAIL, OpenedSession, Role};
use crate::domain::password::Password;
use crate::error::{AuthFailure, Error, Rejection, Result};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use url::form_urlencoded;

const SIGN_IN: &str = "/console/sign-in";

/// The same for each failure, so that it tells nothing about the address.
const REFUSED: &str = "The e-mail address or the password is wrong.";

const LINK_REFUSED: &str = "This link was used, has expired or is not complete. A link is valid once, for 15 minutes.";

const INVITATION_REFUSED: &str = "This invitation was used, has expired or is not complete. Ask for another one.";

pub fn actions() -> Vec<Action> {
    vec![
        Action::public(Method::GET, "/", to_console),
        Action::public(Method::GET, "/console/", to_console),
        Action::public(Method::GET, SIGN_IN, show),
        Action::public(Method::POST, SIGN_IN, sign_in),
        Action::public(Method::GET, "/console/link/{token}", show_link),
        Action::public(Method::POST, "/console/link/{token}", use_link),
        Action::public(Method::GET, "/console/invitation/{token}", show_invitation),
        Action::public(Method::POST, "/console/invitation/{token}", accept_invitation),
        Action::post("/console/sign-out", Role::Viewer, sign_out).signed_in(),
        Action::post("/console/sign-out-everywhere", Role::Viewer, sign_out_everywhere).signed_in(),
    ]
}

/// The answer to a request without a valid session: a page asks to sign in and leads back; a form is not kept.
pub fn required(request: &PageRequest, is_form: bool) -> Response {
    let is_of_script = request.headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
    if is_form || is_of_script {
        return Error::Unauthenticated(Rejection { scheme: None, failure: AuthFailure::Expired }).into_response();
    }
    let location = match request.link(&[]) {
        page if page == super::PREFIX => SIGN_IN.to_owned(),
        page => address_with_next(SIGN_IN, &page),
    };
    let is_secure = request.is_secure();
    Redirect::to(location, is_secure).cookie(cookie::remove(cookie::SESSION, is_secure)).into_response()
}

fn address_with_next(address: &str, next: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{address}?{query}")
}

async fn to_console(request: PageRequest) -> Result<Redirect> {
    Ok(Redirect::to(super::PREFIX.to_owned(), request.is_secure()))
}

async fn show(request: PageRequest) -> Result<Page> {
    Ok(sign_in_page(&request, request.query.get("next").unwrap_or_default(), "", None))
}

fn sign_in_page(request: &PageRequest, next: &str, email: &str, fault: Option<&str>) -> Page {
    plain_page(
        "Sign in",
        html! {
            h1 { "Sign in" }
            (alert(fault))
            form method="post" action=(SIGN_IN) {
                input type="hidden" name="next" value=(next);
                label for="email" { "E-mail" }
                input id="email" name="email" type="email" autocomplete="username" maxlength=(MAX_EMAIL) value=(email) required;
                label for="password" { "Password" }
                input id="password" name="password" type="password" autocomplete="current-password" required;
                button type="submit" { "Sign in" }
            }
            @if request.app.sso.is_some() {
                p { a.button.plain href=(address_with_next(sso::BEGIN, next)) { "Use single sign-on" } }
            }
            p.quiet {
                "No account yet? On the server, " code { "handset console" } " prints a link that signs you in, and "
                code { "handset operator add EMAIL --all-workspaces" } " invites you. Both need the server's "
                code { "--data-dir" } " or " code { "DATABASE_URL" } "."
            }
        },
    )
}

async fn sign_in(request: PageRequest) -> Result<Response> {
    let (email, password) = (request.form.filled("email").unwrap_or_default(), request.form.get("password"));
    let next = request.form.get("next").unwrap_or_default();
    let PageRequest { app, now, origin, .. } = &request;
    let judged = app.store.sign_in_operator(email, password.unwrap_or_default(), *origin, *now, &app.random);
    match app.judge_operator_password(*origin, email, judged).await? {
        Some(opened) => Ok(enter(&request, &opened, next)),
        None => {
            let page = sign_in_page(&request, next, email, Some(REFUSED));
            Ok(page.status(StatusCode::UNAUTHORIZED).into_response())
        }
    }
}

/// The answer to a sign-in: the cookie of the session, and the page that was asked for.
pub fn enter(request: &PageRequest, opened: &OpenedSession, next: &str) -> Response {
    let is_secure = request.is_secure();
    let cookie = cookie::set(cookie::SESSION, opened.token.reveal(), opened.expires_at - request.now, is_secure);
    let cookie = cookie.expect("a token is short and of letters and digits");
    tracing::info!(operator_id = %opened.operator.operator_id, "operator signed in");
    Redirect::to(own_page(next), is_secure).cookie(cookie).into_response()
}

/// Maximum length of the address of a page to show after a sign-in, in bytes; a cookie may have to hold it.
const MAX_NEXT: usize = 500;

/// A page of the console, and no address of another site: one that begins with the console's path and cannot be read as
/// something else.
pub fn own_page(next: &str) -> String {
    let is_own = next.strip_prefix(super::PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && !next.contains("//");
    if is_own && is_plain && next.len() <= MAX_NEXT { next.to_owned() } else { super::PREFIX.to_owned() }
}

/// The link itself changes nothing: programs that look at links, as those of mail do, would use it up.
async fn show_link(request: PageRequest) -> Result<Page> {
    Ok(link_page(&request, None))
}

fn link_page(request: &PageRequest, fault: Option<&str>) -> Page {
    plain_page(
        "Sign in",
        html! {
            h1 { "Sign in" }
            (alert(fault))
            @if fault.is_none() {
                p { "This link signs you in once." }
                form method="post" action=(request.path) { button type="submit" autofocus { "Continue to the console" } }
            } @else {
                p { "On the server, " code { "handset console" } " prints another link. " a href=(SIGN_IN) { "Sign in with a password" } }
            }
        },
    )
}

async fn use_link(request: PageRequest) -> Result<Response> {
    let PageRequest { app, now, origin, .. } = &request;
    let judged = async {
        let opened = app.store.sign_in_by_link(request.param("token"), *origin, *now, &app.random).await?;
        opened.ok_or(Error::Unauthenticated(Rejection { scheme: None, failure: AuthFailure::Unknown }))
    };
    match app.authenticate(*origin, judged).await {
        Ok(opened) => Ok(enter(&request, &opened, "")),
        Err(Error::Unauthenticated(_)) => {
            Ok(link_page(&request, Some(LINK_REFUSED)).status(StatusCode::UNAUTHORIZED).into_response())
        }
        Err(error) => Err(error),
    }
}

async fn show_invitation(request: PageRequest) -> Result<Response> {
    let invited = request.app.store.invited_operator(request.param("token"), request.now).await?;
    Ok(match invited {
        Some(operator) => invitation_page(&request, &operator.email, None).into_response(),
        None => refused_invitation(),
    })
}

fn invitation_page(request: &PageRequest, email: &str, fault: Option<&str>) -> Page {
    plain_page(
        "Choose a password",
        html! {
            h1 { "Choose a password" }
            (alert(fault))
            form method="post" action=(request.path) {
                label for="email" { "E-mail" }
                input id="email" type="email" autocomplete="username" value=(email) readonly;
                (new_password("Password"))
                button type="submit" { "Set the password and sign in" }
            }
        },
    )
}

/// The fields of a form that asks for a new password.
pub fn new_password(label: &str) -> Markup {
    html! {
        label for="password" { (label) }
        input id="password" name="password" type="password" autocomplete="new-password"
            minlength=(Password::SHORTEST) maxlength=(Password::LONGEST) aria-describedby="rule" required;
        p.quiet id="rule" { "At least " (Password::SHORTEST) " characters." }
        label for="again" { (label) " again" }
        input id="again" name="again" type="password" autocomplete="new-password" required;
    }
}

fn refused_invitation() -> Response {
    let body = html! {
        h1 { "Invitation" }
        (alert(Some(INVITATION_REFUSED)))
        p { a href=(SIGN_IN) { "Sign in with a password" } }
    };
    plain_page("Invitation", body).status(StatusCode::UNAUTHORIZED).into_response()
}

async fn accept_invitation(request: PageRequest) -> Result<Response> {
    let PageRequest { app, now, origin, form, .. } = &request;
    let token = request.param("token");
    let chosen = match chosen_password(form) {
        Ok(chosen) => chosen,
        Err(fault) => {
            return Ok(match app.store.invited_operator(token, *now).await? {
                Some(operator) => invitation_page(&request, &operator.email, Some(&fault))
                    .status(StatusCode::UNPROCESSABLE_ENTITY)
                    .into_response(),
                None => refused_invitation(),
            });
        }
    };
    let judged = async {
        let opened = app.store.accept_invitation(token, chosen, *origin, *now, &app.random).await?;
        opened.ok_or(Error::Unauthenticated(Rejection { scheme: None, failure: AuthFailure::Unknown }))
    };
    match app.authenticate(*origin, judged).await {
        Ok(opened) => Ok(enter(&request, &opened, "")),
        Err(Error::Unauthenticated(_)) => Ok(refused_invitation()),
        Err(error) => Err(error),
    }
}

/// The password of a form that asks for it twice, or what is wrong with it.
pub fn chosen_password(form: &Fields) -> Result<Password, String> {
    let (password, again) = (form.get("password").unwrap_or_default(), form.get("again").unwrap_or_default());
    match Password::chosen(password) {
        Ok(_) if password != again => Err("The two passwords differ.".to_owned()),
        Ok(chosen) => Ok(chosen),
        Err(unfit) => Err(sentence(&unfit.to_string())),
    }
}

async fn sign_out(context: PageContext) -> Result<Redirect> {
    context.app.store.end_operator_session(context.operator.operator_id, context.operator_session_id).await?;
    Ok(signed_out(&context))
}

async fn sign_out_everywhere(context: PageContext) -> Result<Redirect> {
    context.app.store.end_operator_sessions(context.operator.operator_id).await?;
    Ok(signed_out(&context))
}

fn signed_out(context: &PageContext) -> Redirect {
    let is_secure = context.is_secure();
    Redirect::to(SIGN_IN.to_owned(), is_secure).cookie(cookie::remove(cookie::SESSION, is_secure))
}

pub fn alert(fault: Option<&str>) -> Markup {
    html! {
        @if let Some(fault) = fault { p.alert role="alert" { (fault) } }
    }
}

/// A reason as a sentence.
pub fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_pages_of_the_console_only() {
        for next in ["/console", "/console/w/1?after=a%2Fb", "/console?x=1"] {
            assert_eq!(own_page(next), next);
        }
        for next in
            ["", "/", "/consolex", "//evil.example", "https://evil.example", "/console/\\evil", "/console//x\r\na"]
        {
            assert_eq!(own_page(next), "/console", "{next:?}");
        }
    }
}
