//! Authentication: a client session acts as its user identity; an API key acts as the user identity that the request
//! names, and is anonymous without one. Then, in this order: ownership of the application in the path, the version, the
//! slot in the path.

use super::APPLICATIONS;
use super::form::Form;
use crate::api::route::{Authenticate, Grant, Head, grant_of_caller};
use crate::domain::application::Application;
use crate::domain::id::{ApplicationId, UserIdentityId};
use crate::domain::slot::SlotType;
use crate::domain::subscriber::Subscriber;
use crate::error::{Denial, Error, Rejection, ResourceKind, Result};
use crate::http::{App, auth};
use crate::store::{Authenticated, Credentials, Prefetch, Prefetched, Principal, SubscriberKey, Workspace};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Header that names the user identity for an API key.
const USER: &str = "x-ucwa-user";

/// Prefix of real servers' tokens; optional on ours.
pub const MARK: &str = "cwt=";

/// Latest resource version that a client may require; some require it with every request.
const LATEST: f64 = 2.0;

/// A user identity of a workspace.
pub struct Person {
    workspace: Workspace,
    user_identity_id: UserIdentityId,
}

impl Authenticate for Person {
    /// Prefetches the user identity that the request names, for which each operation asks.
    async fn authenticate(app: &App, head: &Head, _: Prefetch) -> Result<(Person, Prefetched)> {
        let token = auth::bearer(head.headers()).map(|token| token.strip_prefix(MARK).unwrap_or(token));
        let token = token.filter(|token| !token.is_empty()).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
        let credentials = Credentials::of_workspace(token);
        let prefetch = match (named(head.headers()), application_in(head)) {
            (Ok(Some(person)), Ok(application)) => {
                Prefetch::Subscriber(SubscriberKey { person, application, now: head.now })
            }
            _ => Prefetch::None,
        };
        let authenticated = head.authenticate(app, credentials, prefetch).await?;
        let (Authenticated::Caller(caller), prefetched) = authenticated else {
            return Err(Error::Unauthenticated(Rejection::MISSING));
        };
        let person = match caller.credential {
            Principal::ClientSession(_, person) => person,
            _ => named(head.headers())?,
        };
        let user_identity_id = person.ok_or(Error::Forbidden(Denial::Anonymous))?;
        Ok((Person { workspace: caller.workspace, user_identity_id }, prefetched))
    }
}

grant_of_caller!(Person);

impl Person {
    /// The user identity with its numbers, unless authentication has read it.
    async fn subscriber(
        &self,
        application: Option<ApplicationId>,
        prefetched: Prefetched,
        now: DateTime<Utc>,
    ) -> Result<Subscriber> {
        match prefetched {
            Prefetched::Subscriber(Some(subscriber)) => Ok(*subscriber),
            _ => {
                let read = |person| self.workspace.subscriber(person, application, now);
                self.workspace.for_user_identity(self.user_identity_id, read).await
            }
        }
    }
}

/// User identity named by the header. A value that is not a UUID is not found.
fn named(headers: &HeaderMap) -> Result<Option<UserIdentityId>> {
    let Some(name) = headers.get(USER) else { return Ok(None) };
    let name = String::from_utf8_lossy(name.as_bytes());
    let id =
        Uuid::parse_str(name.trim()).map_err(|_| Error::NotFound(ResourceKind::UserIdentity, name.into_owned()))?;
    Ok(Some(UserIdentityId(id)))
}

/// A user identity that exists.
pub struct Known;

impl Grant for Known {
    type Caller = Person;

    async fn authorize(person: Person, head: &Head, prefetched: Prefetched) -> Result<(Known, Prefetched)> {
        person.subscriber(None, prefetched, head.now).await?;
        Ok((Known, Prefetched::Nothing))
    }
}

/// A user identity with its numbers and with the application in the path.
pub struct Subscribed {
    pub workspace: Workspace,
    pub subscriber: Subscriber,
    /// Prefix of each href.
    pub base: String,
    pub form: Form,
    slot: Option<SlotType>,
    contact_id: Option<UserIdentityId>,
}

impl Grant for Subscribed {
    type Caller = Person;

    async fn authorize(person: Person, head: &Head, prefetched: Prefetched) -> Result<(Subscribed, Prefetched)> {
        if head.params.iter().any(|param| param.contains('\u{fffd}')) {
            return Err(Error::NoRoute);
        }
        let application = application_in(head)?;
        let subscriber = person.subscriber(application, prefetched, head.now).await?;
        if let Some(id) = application.filter(|_| subscriber.application.is_none()) {
            return Err(Error::NotFound(ResourceKind::Application, id.to_string()));
        }
        if let Some(version) = later_version(head.headers()) {
            return Err(Error::NotFound(ResourceKind::Version, version.to_string()));
        }
        let slot = head.named("type").map(|name| name.parse().map_err(|_| Error::NoRoute)).transpose()?;
        let contact_id = head.named("contact_id").map(|name| Uuid::parse_str(name).map_err(|_| Error::NoRoute));
        let contact_id = contact_id.transpose()?.map(UserIdentityId);
        let (base, form) = (base_of(&head.path, application), Form::of(head.headers()));
        let workspace = person.workspace;
        Ok((Subscribed { workspace, subscriber, base, form, slot, contact_id }, Prefetched::Nothing))
    }
}

impl Subscribed {
    /// Href below the base.
    pub fn href(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn user_identity_id(&self) -> UserIdentityId {
        self.subscriber.person.user_identity_id
    }

    /// Slot in the path. Panics if the route has none.
    pub fn slot(&self) -> SlotType {
        self.slot.expect("the path of this operation has a slot")
    }

    /// User identity in the path. Panics if the route has none.
    pub fn contact_id(&self) -> UserIdentityId {
        self.contact_id.expect("the path of this operation has a contact")
    }

    /// Application in the path. Panics if the route has none.
    pub fn application(&self) -> &Application {
        self.subscriber.application.as_ref().expect("a path below an application is served only if it exists")
    }

    /// Phone numbers require enterprise voice (UCWA reference, errors of each phone resource).
    pub fn may_use_voice(&self) -> Result<()> {
        if self.subscriber.enterprise_voice { Ok(()) } else { Err(Error::Forbidden(Denial::NoEnterpriseVoice)) }
    }
}

/// Application in the path. An id that is not a number is not found.
fn application_in(head: &Head) -> Result<Option<ApplicationId>> {
    let Some(name) = head.named("application_id") else { return Ok(None) };
    let number = name.parse().map_err(|_| Error::NotFound(ResourceKind::Application, name.to_owned()))?;
    Ok(Some(ApplicationId(number)))
}

/// Href of the application, of the collection of applications, or of the root.
fn base_of(path: &str, application: Option<ApplicationId>) -> String {
    let applications = APPLICATIONS.into_iter().find(|applications| path.starts_with(applications));
    match (applications, application) {
        (Some(applications), Some(id)) => format!("{applications}/{id}"),
        (applications, _) => applications.unwrap_or_default().to_owned(),
    }
}

/// An unsupported version that the client requires (UCWA reference, "Versioning"). An invalid number is ignored.
fn later_version(headers: &HeaderMap) -> Option<f64> {
    let required = headers.get("x-ms-requiresminresourceversion").and_then(|value| value.to_str().ok());
    required.and_then(|version| version.trim().parse::<f64>().ok()).filter(|version| *version > LATEST)
}
