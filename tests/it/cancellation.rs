//! A dropped request leaves nothing behind. For every operation of the document, the tests call the real router in this
//! process and drop the response's future at each of its suspensions, during each of its statements, and while it waits for
//! a connection. Once the server is idle, no session is in a transaction or holds a lock, and the next change on every
//! connection is visible to other sessions.
//!
//! hyper drops the future of a request in the same way when the client disconnects.

mod arguments;
mod database;
mod dropping;
pub mod proxy;
mod returned;

use crate::support::client::Client;
use crate::support::document::{Dialect, Operation, operations_of};
use crate::support::shared_postgres::Database;
use crate::support::world::{Tenant, World};
use arguments::Arguments;
use arguments::diga::Diga;
use arguments::phone_com::PhoneCom;
use arguments::scim::Scim;
use arguments::seam::Seam;
use arguments::ucwa::Ucwa;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Request, Uri};
use database::Observer;
use dropping::{DropPoint, Interrupted};
use handset::server;
use http_body_util::BodyExt;
use proxy::Proxy;
use reqwest::RequestBuilder;
use std::collections::BTreeSet;
use tower::ServiceExt;

/// Connections of the server: one serves short reads only, and one is reserved for deactivation.
const CONNECTIONS: u32 = 5;
const GENERAL_CONNECTIONS: usize = 3;

/// Upper limit of the suspensions and statements of a request.
const MAX_DROPS: usize = 200;

/// Events read from a stream before it is dropped.
const STREAMED_EVENTS: usize = 2;

/// Operations that never succeed, and their status.
const NEVER_SUCCEED: [(&str, u16); 18] = [
    // It is part of the reference, but messages have no recipients here.
    ("/communication/startMessaging", 403),
    // What they are about is not here: access systems, hubs, subscriptions, unmanaged resources, hosted pages.
    ("/acs/credentials/create_offline_code", 404),
    ("/acs/credentials/unmanaged/get", 404),
    ("/devices/simulate/connect_to_hub", 400),
    ("/devices/simulate/disconnect_from_hub", 400),
    ("/devices/simulate/paid_subscription", 400),
    ("/devices/unmanaged/get", 404),
    ("/devices/unmanaged/update", 404),
    ("/report_salto_space_audit_trail", 404),
    ("/user_identities/add_acs_user", 404),
    ("/user_identities/remove_acs_user", 404),
    ("/user_identities/unmanaged/get", 404),
    ("/user_identities/unmanaged/update", 404),
    ("/enrollment_automations/launch", 404),
    ("/enrollment_automations/get", 404),
    ("/enrollment_automations/delete", 404),
    ("/customization_profiles/get", 404),
    ("/customization_profiles/update", 404),
];

#[tokio::test]
async fn dropped_requests_of_seam_leave_nothing_behind_part_1() {
    sweep::<Seam>(Dialect::Seam, 0, 4).await;
}

#[tokio::test]
async fn dropped_requests_of_seam_leave_nothing_behind_part_2() {
    sweep::<Seam>(Dialect::Seam, 1, 4).await;
}

#[tokio::test]
async fn dropped_requests_of_seam_leave_nothing_behind_part_3() {
    sweep::<Seam>(Dialect::Seam, 2, 4).await;
}

#[tokio::test]
async fn dropped_requests_of_seam_leave_nothing_behind_part_4() {
    sweep::<Seam>(Dialect::Seam, 3, 4).await;
}

#[tokio::test]
async fn dropped_requests_of_diga_leave_nothing_behind() {
    sweep::<Diga>(Dialect::Diga, 0, 1).await;
}

#[tokio::test]
async fn dropped_requests_of_phone_com_leave_nothing_behind() {
    sweep::<PhoneCom>(Dialect::PhoneCom, 0, 1).await;
}

#[tokio::test]
async fn dropped_requests_of_scim_leave_nothing_behind() {
    sweep::<Scim>(Dialect::Scim, 0, 1).await;
}

#[tokio::test]
async fn dropped_requests_of_ucwa_leave_nothing_behind_part_1() {
    sweep::<Ucwa>(Dialect::Ucwa, 0, 2).await;
}

#[tokio::test]
async fn dropped_requests_of_ucwa_leave_nothing_behind_part_2() {
    sweep::<Ucwa>(Dialect::Ucwa, 1, 2).await;
}

/// Sweeps every operation of a dialect whose index in the document is `part` modulo `parts`.
async fn sweep<A: Arguments>(dialect: Dialect, part: usize, parts: usize) {
    let mut sweep = Sweep::<A>::new().await;
    let (mut ledger, mut faults) = (BTreeSet::new(), Vec::new());
    let operations = || operations_of(dialect).into_iter().skip(part).step_by(parts);
    for operation in operations() {
        for variant in 0..A::variants(&operation) {
            match sweep.operation(&operation, variant).await {
                Ok(drops) => {
                    println!("{operation}, variant {variant}: dropped {drops} times");
                    // Without a credential nothing is read, so there may be no suspension.
                    assert!(drops > 0 || operation.is_open(), "{operation} was never dropped");
                }
                Err(fault) => {
                    faults.push(format!("{operation}, variant {variant}, {fault}"));
                    sweep.observer.clean_up(&sweep.world).await;
                }
            }
        }
        ledger.insert(operation.to_string());
    }
    let missing: Vec<String> = operations().map(|it| it.to_string()).filter(|it| !ledger.contains(it)).collect();
    assert!(missing.is_empty(), "not swept: {missing:#?}");
    assert!(faults.is_empty(), "{} of {} operations:\n{}", faults.len(), ledger.len(), faults.join("\n"));
}

/// User identities of two workspaces in turn, each with the key of its workspace.
async fn user_identities(world: &World, count: usize) -> Vec<(Client, String)> {
    let second = world.sandbox("Second").await;
    let tenants: [&Tenant; 2] = [world, &second];
    let mut user_identities = Vec::new();
    for number in 0..count {
        let tenant = tenants[number % tenants.len()];
        user_identities.push((tenant.key().clone(), tenant.person(&format!("changed-{number}")).await));
    }
    user_identities
}

/// A server behind a proxy to Postgres, and the arguments of its operations.
struct Sweep<A> {
    world: World,
    router: Router,
    proxy: Proxy,
    observer: Observer,
    arguments: A,
    /// One per general connection, each with the key of its workspace: no workspace may hold all connections.
    user_identities: Vec<(Client, String)>,
    /// Serial number of the request.
    serial: u32,
    // Dropped after the server that uses it.
    _database: Database,
}

impl<A: Arguments> Sweep<A> {
    async fn new() -> Sweep<A> {
        let database = Database::new(CONNECTIONS).await;
        let proxy = Proxy::to(&database.url);
        let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
        let router = server::router(&world.app).with_state(());
        let observer = Observer::new(&database.url).await;
        let arguments = A::new(&world).await;
        let user_identities = user_identities(&world, GENERAL_CONNECTIONS).await;
        Sweep { world, router, proxy, observer, arguments, user_identities, serial: 0, _database: database }
    }

    /// Drops a request at each point; returns the number of drops, or the first fault.
    async fn operation(&mut self, operation: &Operation, variant: usize) -> Result<usize, String> {
        let mut drops = self.drop_in_statements(operation, variant).await?;
        for drop_point in [DropPoint::Suspended, DropPoint::Woken] {
            drops += self.drop_at_suspensions(operation, variant, drop_point).await?;
        }
        let waiting = self.response(operation, variant).await;
        let label = format!("change {}", self.serial);
        let lost = self.observer.lost_changes(&self.user_identities, &label, waiting).await;
        self.check_afterwards(operation, None, || "dropped while no connection was free".to_owned()).await?;
        if lost.is_empty() { Ok(drops) } else { Err(format!("changes are lost afterwards: {lost:?}")) }
    }

    /// Drops a request while the response to each of its statements is withheld. Statements have names, so it is irrelevant
    /// whether the pool pings a connection first, or whether a connection has already prepared the statement.
    async fn drop_in_statements(&mut self, operation: &Operation, variant: usize) -> Result<usize, String> {
        let mut answered = BTreeSet::new();
        while answered.len() < MAX_DROPS {
            let response = self.response(operation, variant).await;
            self.proxy.record(Some(&answered));
            let completed = tokio::select! {
                biased;
                () = self.proxy.withholds() => None,
                status = response => Some(status),
            };
            let (withheld, last) = self.proxy.release();
            let description = || match &withheld {
                Some(statement) if withheld == last => format!("dropped in {statement:?}"),
                Some(statement) => format!("dropped in {statement:?}, after {:?}", last.as_deref().unwrap_or_default()),
                None => "when it completed".to_owned(),
            };
            self.check_afterwards(operation, completed, description).await?;
            match withheld {
                Some(statement) => answered.insert(statement),
                None => return Ok(answered.len()),
            };
        }
        Err(format!("it has no end: {answered:#?}"))
    }

    /// Drops a request at its first suspension, the next at its second, until one completes.
    async fn drop_at_suspensions(
        &mut self,
        operation: &Operation,
        variant: usize,
        drop_point: DropPoint,
    ) -> Result<usize, String> {
        for suspension in 1..MAX_DROPS {
            let response = self.response(operation, variant).await;
            self.proxy.record(None);
            let completed = Interrupted::at(suspension, drop_point, response).await;
            let (_, last) = self.proxy.release();
            let description = last.as_deref().unwrap_or("no statement");
            self.check_afterwards(operation, completed, || {
                format!("dropped when {drop_point:?} {suspension}, after {description:?}")
            })
            .await?;
            if completed.is_some() {
                return Ok(suspension - 1);
            }
        }
        Err(format!("it is suspended {MAX_DROPS} times and more"))
    }

    /// Checks the status, if the request completed, and what it has left behind.
    async fn check_afterwards(
        &mut self,
        operation: &Operation,
        completed: Option<u16>,
        description: impl Fn() -> String,
    ) -> Result<(), String> {
        if let Some(status) = completed {
            let refusal =
                NEVER_SUCCEED.iter().find(|(end, _)| operation.path.ends_with(end)).map(|(_, status)| *status);
            let is_right = refusal.map_or((200..300).contains(&status), |refusal| status == refusal);
            assert!(is_right, "{operation} returned {status}: its arguments must be valid");
        }
        let faults = self.observer.faults(&self.world).await;
        if faults.is_empty() { Ok(()) } else { Err(format!("{}: {}", description(), faults.join("; "))) }
    }

    /// The future of a response's status; it reads the body to its end.
    async fn response(&mut self, operation: &Operation, variant: usize) -> impl Future<Output = u16> + use<A> {
        self.serial += 1;
        let request = self.arguments.request(&self.world, operation, variant, self.serial).await;
        let (router, request) = (self.router.clone(), as_received(request));
        async move {
            let response = router.oneshot(request).await.expect("a router is infallible");
            let status = response.status().as_u16();
            let is_stream = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
            let mut body = response.into_body();
            let mut events = 0;
            while !is_stream || events < STREAMED_EVENTS {
                let Some(frame) = body.frame().await else { break };
                frame.expect("a frame of the body");
                events += 1;
            }
            status
        }
    }
}

/// Converts a request to the form that the server receives.
fn as_received(request: RequestBuilder) -> Request<Body> {
    let request = request.build().expect("a request");
    let authority = request.url().authority().to_owned();
    let mut request = Request::try_from(request).expect("a request").map(Body::new);
    let target = request.uri().path_and_query().expect("a path").as_str();
    *request.uri_mut() = target.parse::<Uri>().expect("a path is a URI");
    request.headers_mut().insert(HOST, HeaderValue::from_str(&authority).expect("a host is header text"));
    request
}
