//! A request that is dropped leaves nothing behind, wherever it was. For every operation of the document the real router is
//! called in this process, and the future of the response is dropped at each of its suspensions, while each of its statements
//! is under way, and while it waits for a connection. Once the server is quiet, none of its sessions is in a transaction or
//! holds a lock, and the next change on every connection is there for other sessions.
//!
//! A hyper connection drops the future of a request in the same way when its client has gone.

mod arguments;
mod database;
mod dropping;
mod proxy;
mod returned;

use crate::document::{Dialect, Operation, operations_of};
use crate::faults::stage::socket;
use crate::world::World;
use crate::world::stage::Database;
use arguments::Arguments;
use arguments::diga::Diga;
use arguments::phone_com::PhoneCom;
use arguments::seam::Seam;
use arguments::ucwa::Ucwa;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Request, Uri};
use database::Observer;
use dropping::{Interrupted, Moment};
use handset::server;
use http_body_util::BodyExt;
use proxy::Proxy;
use reqwest::RequestBuilder;
use std::collections::BTreeSet;
use tower::ServiceExt;

/// Connections of the server: a quarter is for short reads, the others are for everything.
const CONNECTIONS: u32 = 5;
const GENERAL_CONNECTIONS: usize = 4;

/// More suspensions and statements than any request has.
const MAX_DROPS: usize = 200;

/// How many events of a stream are read before it is dropped.
const STREAMED_EVENTS: usize = 2;

/// Operations that never succeed, and what they answer.
const NEVER_SUCCEED: [(&str, u16); 1] = [
    // The reference has it, and there is no one to send messages to.
    ("/communication/startMessaging", 403),
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
async fn dropped_requests_of_ucwa_leave_nothing_behind_part_1() {
    sweep::<Ucwa>(Dialect::Ucwa, 0, 2).await;
}

#[tokio::test]
async fn dropped_requests_of_ucwa_leave_nothing_behind_part_2() {
    sweep::<Ucwa>(Dialect::Ucwa, 1, 2).await;
}

/// Sweeps every operation of a dialect whose place in the document is `part` modulo `parts`.
async fn sweep<A: Arguments>(dialect: Dialect, part: usize, parts: usize) {
    let mut sweep = Sweep::<A>::new().await;
    let (mut ledger, mut faults) = (BTreeSet::new(), Vec::new());
    let operations = || operations_of(dialect).into_iter().skip(part).step_by(parts);
    for operation in operations() {
        for variant in 0..A::variants(&operation) {
            match sweep.operation(&operation, variant).await {
                Ok(drops) => {
                    println!("{operation}, variant {variant}: dropped {drops} times");
                    // Without a credential nothing is read, so there may be nothing to wait for.
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

/// A server behind a proxy to Postgres, and what its operations are called with.
struct Sweep<A> {
    world: World,
    router: Router,
    proxy: Proxy,
    observer: Observer,
    arguments: A,
    /// One for each general connection.
    user_identities: Vec<String>,
    /// The number of the request.
    serial: u32,
    // Dropped after the server that uses it.
    _database: Database,
}

impl<A: Arguments> Sweep<A> {
    async fn new() -> Sweep<A> {
        let database = Database::new(CONNECTIONS).await;
        let proxy = Proxy::to(socket(&database.url));
        let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
        let router = server::router(&world.app).with_state(());
        let observer = Observer::new(&database.url).await;
        let arguments = A::new(&world).await;
        let mut user_identities = Vec::new();
        for number in 0..GENERAL_CONNECTIONS {
            user_identities.push(world.person(&format!("changed-{number}")).await);
        }
        Sweep { world, router, proxy, observer, arguments, user_identities, serial: 0, _database: database }
    }

    /// Drops a request at each place; gives how often it was dropped, or the first fault.
    async fn operation(&mut self, operation: &Operation, variant: usize) -> Result<usize, String> {
        let mut drops = self.drop_in_statements(operation, variant).await?;
        for moment in [Moment::Suspended, Moment::Woken] {
            drops += self.drop_at_suspensions(operation, variant, moment).await?;
        }
        let waiting = self.response(operation, variant).await;
        let label = format!("change {}", self.serial);
        let lost = self.observer.lost_changes(self.world.key(), &self.user_identities, &label, waiting).await;
        self.judge(operation, None, || "dropped while no connection was free".to_owned()).await?;
        if lost.is_empty() { Ok(drops) } else { Err(format!("changes are lost afterwards: {lost:?}")) }
    }

    /// Drops a request while the answer to each of its statements is withheld. By name, so it does not matter whether the
    /// pool asks a connection before its use, or whether a connection has prepared the statement already.
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
            let place = || match &withheld {
                Some(statement) if withheld == last => format!("dropped in {statement:?}"),
                Some(statement) => format!("dropped in {statement:?}, after {:?}", last.as_deref().unwrap_or_default()),
                None => "when it completed".to_owned(),
            };
            self.judge(operation, completed, place).await?;
            match withheld {
                Some(statement) => answered.insert(statement),
                None => return Ok(answered.len()),
            };
        }
        Err(format!("it has no end: {answered:#?}"))
    }

    /// Drops a request at its first suspension, another one at its second, until one completes.
    async fn drop_at_suspensions(
        &mut self,
        operation: &Operation,
        variant: usize,
        moment: Moment,
    ) -> Result<usize, String> {
        for suspension in 1..MAX_DROPS {
            let response = self.response(operation, variant).await;
            self.proxy.record(None);
            let completed = Interrupted::at(suspension, moment, response).await;
            let (_, last) = self.proxy.release();
            let place = last.as_deref().unwrap_or("no statement");
            self.judge(operation, completed, || format!("dropped when {moment:?} {suspension}, after {place:?}"))
                .await?;
            if completed.is_some() {
                return Ok(suspension - 1);
            }
        }
        Err(format!("it is suspended {MAX_DROPS} times and more"))
    }

    /// Judges the answer, if it came, and what the request has left behind.
    async fn judge(
        &mut self,
        operation: &Operation,
        completed: Option<u16>,
        place: impl Fn() -> String,
    ) -> Result<(), String> {
        if let Some(status) = completed {
            let refusal =
                NEVER_SUCCEED.iter().find(|(end, _)| operation.path.ends_with(end)).map(|(_, status)| *status);
            let is_right = refusal.map_or((200..300).contains(&status), |refusal| status == refusal);
            assert!(is_right, "{operation} answers {status}: give it arguments that are good");
        }
        let faults = self.observer.faults(&self.world).await;
        if faults.is_empty() { Ok(()) } else { Err(format!("{}: {}", place(), faults.join("; "))) }
    }

    /// The future of a response, up to the end of its body: its status.
    async fn response(&mut self, operation: &Operation, variant: usize) -> impl Future<Output = u16> + use<A> {
        self.serial += 1;
        let request = self.arguments.request(&self.world, operation, variant, self.serial).await;
        let (router, request) = (self.router.clone(), as_received(request));
        async move {
            let response = router.oneshot(request).await.expect("a router has no error of its own");
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

/// A request as the server gets it from a connection.
fn as_received(request: RequestBuilder) -> Request<Body> {
    let request = request.build().expect("a request");
    let authority = request.url().authority().to_owned();
    let mut request = Request::try_from(request).expect("a request").map(Body::new);
    let target = request.uri().path_and_query().expect("a path").as_str();
    *request.uri_mut() = target.parse::<Uri>().expect("a path is a URI");
    request.headers_mut().insert(HOST, HeaderValue::from_str(&authority).expect("a host is header text"));
    request
}
