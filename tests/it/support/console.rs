//! Operators and their browsers.

use super::client::{Client, Response};
use super::world::{Tenant, World};
use handset::domain::id::OperatorId;
use handset::domain::operator::{LinkPurpose, Role};
use reqwest::RequestBuilder;
use std::sync::atomic::{AtomicUsize, Ordering};
use url::form_urlencoded;

/// Counts operators, whose e-mail addresses differ.
static OPERATORS: AtomicUsize = AtomicUsize::new(1);

/// A browser: it keeps the cookie of its session and sends forms as pages do. It follows no redirect.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    /// The origin of its forms: that of the server's pages, or none.
    origin: Option<String>,
    cookies: Vec<(String, String)>,
    pub email: String,
    pub operator_id: Option<OperatorId>,
}

impl Browser {
    /// A browser that is not signed in.
    pub fn new(url: &str) -> Browser {
        let client = Client::without_redirects(url);
        Browser { client, origin: Some(url.to_owned()), cookies: Vec::new(), email: String::new(), operator_id: None }
    }

    /// This browser with another header in each request.
    pub fn with(&self, name: &str, value: &str) -> Browser {
        Browser { client: self.client.with(name, value), ..self.clone() }
    }

    /// This browser on pages of another origin, or of one that it does not tell.
    pub fn at_origin(&self, origin: Option<&str>) -> Browser {
        Browser { origin: origin.map(str::to_owned), ..self.clone() }
    }

    /// This browser with nothing kept.
    pub fn without_cookies(&self) -> Browser {
        Browser { cookies: Vec::new(), ..self.clone() }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The token of the session.
    pub fn session_token(&self) -> String {
        let encoded = self.cookie("handset-console").expect("it is signed in");
        percent_encoding::percent_decode_str(encoded).decode_utf8().expect("it is text").into_owned()
    }

    fn with_cookies(&self, request: RequestBuilder) -> RequestBuilder {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        match pairs.collect::<Vec<_>>().join("; ") {
            pairs if pairs.is_empty() => request,
            pairs => request.header("cookie", pairs),
        }
    }

    /// Gets a page.
    pub async fn get(&self, path: &str) -> Response {
        let request = self.client.request("GET", path).header("accept", "text/html");
        self.client.send(self.with_cookies(request)).await
    }

    /// Opens a stream.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.with_cookies(self.client.request("GET", path)).send().await.expect("the server answers")
    }

    /// Sends a form with the CSRF token of the session.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = self.csrf_token().await;
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", token.as_str())]).collect();
        self.send_form(path, &fields).await
    }

    /// Sends a form as it is.
    pub async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send_body(path, "application/x-www-form-urlencoded", &form).await
    }

    /// Sends a body of any type.
    pub async fn send_body(&self, path: &str, content_type: &str, body: &str) -> Response {
        let mut request = self.with_cookies(self.client.request("POST", path));
        if let Some(origin) = &self.origin {
            request = request.header("origin", origin);
        }
        self.client.send(request.header("content-type", content_type).body(body.to_owned())).await
    }

    /// The CSRF token of a page of the session.
    pub async fn csrf_token(&self) -> String {
        let page = self.get("/console/account").await;
        let (_, rest) = page.text.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("no token: {page:?}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// Keeps the cookies that a response sets.
    pub fn keep(&mut self, response: &Response) {
        for line in response.headers.get_all("set-cookie") {
            let line = line.to_str().expect("a cookie is text");
            let (name, rest) = line.split_once('=').expect("a cookie has a name");
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Signs in by a link's token.
    pub async fn follow_link(&mut self, token: &str) -> Response {
        let response = self.send_form(&format!("/console/link/{token}"), &[]).await;
        self.keep(&response);
        response
    }
}

impl World {
    /// The address of a page of the first workspace.
    pub fn page(&self, path: &str) -> String {
        format!("/console/w/{}{path}", self.id)
    }

    /// A browser in which an operator with a role in the first workspace is signed in.
    pub async fn operator(&self, role: Role) -> Browser {
        self.operator_in(&[(self, role)]).await
    }

    /// A browser in which an operator with these roles is signed in.
    pub async fn operator_in(&self, roles: &[(&Tenant, Role)]) -> Browser {
        let email = format!("operator-{}@example.com", OPERATORS.fetch_add(1, Ordering::Relaxed));
        let added = self.store.add_operator(&email, Role::Viewer, Some(&[]), self.clock.now(), &self.random).await;
        let id = added.expect("the database answers").expect("the address is new");
        for (tenant, role) in roles {
            let set = self.store.set_operator_role(id, Some(tenant.record.workspace_id), Some(*role)).await;
            set.expect("the workspace exists");
        }
        self.browser_of(id, &email).await
    }

    /// A browser in which an operator with a role in all workspaces is signed in.
    pub async fn operator_everywhere(&self, role: Role) -> Browser {
        let email = format!("operator-{}@example.com", OPERATORS.fetch_add(1, Ordering::Relaxed));
        let added = self.store.add_operator(&email, role, None, self.clock.now(), &self.random).await;
        self.browser_of(added.expect("the database answers").expect("the address is new"), &email).await
    }

    /// A browser in which this operator is signed in.
    pub async fn browser_of(&self, id: OperatorId, email: &str) -> Browser {
        let now = self.clock.now();
        let token = self.store.create_operator_link(id, LinkPurpose::SignIn, now, &self.random).await.expect("a link");
        let mut browser = Browser { email: email.to_owned(), operator_id: Some(id), ..Browser::new(&self.url) };
        let response = browser.follow_link(token.reveal()).await;
        assert_eq!(response.status, 303, "{response:?}");
        browser
    }
}

impl Response {
    /// Where a redirect leads.
    #[track_caller]
    pub fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header("location").unwrap_or_else(|| panic!("no location: {self:?}"))
    }
}
