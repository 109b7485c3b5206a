//! The kinds of noise. Each is a number of clients that all behave in the same way; a client whose connection is closed or
//! refused connects again.

use super::probe::PROBED;
use crate::generator;
use crate::registry::{BASE, EVENTS, GUESTS, Kind, Registry, finish_head, finish_request};
use crate::settings::Settings;
use crate::workbench::Workbench;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::sleep;

/// Pause of a client after a refusal, so that the noise does not take the CPU time itself.
const PAUSE: Duration = Duration::from_millis(20);

/// Prefix of a client session's token; its number follows, in 24 digits.
const SESSION: &str = "seam_cst1testload_";

/// Client sessions, in turn of the workspaces from the second on.
const SESSIONS: u64 = 1_000;

/// Phones of the person of the first client session.
const PHONES_OF_ONE: u64 = 4_000;

/// Events of the second workspace.
const HISTORY: u64 = 300_000;

/// A kind of noise.
pub struct Noise {
    pub name: &'static str,
    pub about: &'static str,
    clients: u64,
    behaviour: Behaviour,
    /// Writes the request of a client, by the client's number and the number of its request.
    request: fn(&Registry, u64, u64, &mut Vec<u8>),
    prepare: fn(&mut Workbench, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// Sends a request after each response.
    Repeat,
    /// Reads a response that does not end.
    Listen,
    /// Sends a request that is not complete, or reads no response.
    Stall,
}

/// Every kind of noise.
pub const ALL: &[Noise] = &[
    Noise {
        name: "searches",
        about: "40 concurrent searches of one client session",
        clients: 40,
        behaviour: Behaviour::Repeat,
        request: |_, _, _, out| of_session(0, "GET /devices/list?search=absent", out),
        prepare: |workbench, is_brief| {
            sessions(workbench);
            let count = if is_brief { 40 } else { PHONES_OF_ONE };
            workbench.database.execute(&phones_of_one(&workbench.source.registry, count));
        },
    },
    Noise {
        name: "lists",
        about: "40 concurrent lists of all phones of a workspace",
        clients: 40,
        behaviour: Behaviour::Repeat,
        request: |registry, client, _, out| {
            out.extend_from_slice(b"GET /devices/list?limit=100000");
            finish_request(Some(neighbour(registry, client)), None, out);
        },
        prepare: |_, _| {},
    },
    Noise {
        name: "history",
        about: "400 streams of one client session since 2020, whose filter matches none of 300,000 events",
        clients: 400,
        behaviour: Behaviour::Listen,
        request: |_, _, _, out| of_session(0, "GET /events/stream?since=2020-01-01&event_type=device.connected", out),
        prepare: |workbench, is_brief| {
            sessions(workbench);
            let count = if is_brief { 1_000 } else { HISTORY };
            workbench.database.execute(&history(&workbench.source.registry, count));
        },
    },
    Noise {
        name: "streams",
        about: "10,000 streams of 1,000 client sessions",
        clients: 10_000,
        behaviour: Behaviour::Listen,
        request: |_, client, _, out| of_session(client % SESSIONS, "GET /events/stream", out),
        prepare: |workbench, _| sessions(workbench),
    },
    Noise {
        name: "passwords",
        about: "200 clients that guess passwords, from 1,000 addresses",
        clients: 200,
        behaviour: Behaviour::Repeat,
        request: |_, client, turn, out| {
            let name = format!("person-{}@example.com", (client * 31 + turn) % 100);
            let body = format!("grant_type=password&username={name}&password=guess-{turn}");
            let (third, fourth) = ((client + turn) / 250 % 4, (client + turn) % 250);
            let head = format!(
                "POST /webticket/oauthtoken HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 10.0.{third}.{fourth}\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(body.as_bytes());
        },
        prepare: |_, _| {},
    },
    Noise {
        name: "tarpits",
        about: "20 webhooks at a listener that never answers, and 12 clients that ping them and cause events",
        clients: 12,
        behaviour: Behaviour::Repeat,
        request: |registry, _, turn, out| {
            let mut body = b"{\"user_identity_id\":\"".to_vec();
            Kind::Guest.write(GUESTS + turn % GUESTS, &mut body);
            body.extend_from_slice(b"\"}");
            out.extend_from_slice(b"POST /phones/simulate/create_sandbox_phone");
            finish_request(Some(neighbour(registry, 0)), Some(&body), out);
        },
        prepare: |workbench, _| tarpits(workbench, 20),
    },
    Noise {
        name: "registrations",
        about: "16 client sessions that register phones with long texts",
        clients: 16,
        behaviour: Behaviour::Repeat,
        request: |_, client, turn, out| {
            let text = "x".repeat(200);
            let body = json!({
                "custom_sdk_installation_id": format!("{client}-{turn}"),
                "phone_os": "android",
                "phone_device_metadata": { "manufacturer": text, "model": text, "os_version": text },
            });
            of_session_with(client, "POST /seam/mobile_sdk/v1/phone_sessions/get_or_create", Some(&body), out);
        },
        prepare: |workbench, _| sessions(workbench),
    },
    Noise {
        name: "deactivations",
        about: "40 clients of another workspace that deactivate unknown phones",
        clients: 40,
        behaviour: Behaviour::Repeat,
        request: |registry, client, turn, out| {
            out.extend_from_slice(b"DELETE /phones/deactivate?device_id=");
            Kind::Nothing.write(client * 1_000_000 + turn, out);
            finish_request(Some(neighbour(registry, 0)), None, out);
        },
        prepare: |_, _| {},
    },
    Noise {
        name: "bodies",
        about: "1,000 connections with a body of 1 MiB that is not complete, and without a credential",
        clients: 1_000,
        behaviour: Behaviour::Stall,
        request: |_, _, _, out| {
            let head = "POST /phones/list HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                        content-length: 1048576\r\n\r\n";
            out.extend_from_slice(head.as_bytes());
            out.resize(out.len() + 1_000_000, b' ');
        },
        prepare: |_, _| {},
    },
    Noise {
        name: "unread",
        about: "400 connections that ask for large lists and read nothing",
        clients: 400,
        behaviour: Behaviour::Stall,
        request: |registry, client, _, out| {
            out.extend_from_slice(b"GET /devices/list?limit=100000");
            finish_request(Some(neighbour(registry, client)), None, out);
        },
        prepare: |_, _| {},
    },
];

/// Running noise.
pub struct Running {
    runtime: Runtime,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
}

/// A client of a noise.
#[derive(Clone)]
struct Client {
    number: u64,
    noise: &'static Noise,
    registry: Arc<Registry>,
    address: SocketAddr,
    counters: Arc<Counters>,
}

impl Noise {
    /// Stores what the noise needs.
    pub fn prepare(&self, workbench: &mut Workbench, settings: &Settings) {
        (self.prepare)(workbench, settings.is_brief);
        workbench.database.execute("vacuum (analyze)");
    }

    /// Starts the clients.
    pub fn start(&'static self, workbench: &Workbench, settings: &Settings) -> Running {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let counters = Arc::<Counters>::default();
        let client = Client {
            number: 0,
            noise: self,
            registry: Arc::new(workbench.source.registry.clone()),
            address: workbench.server.address,
            counters: Arc::clone(&counters),
        };
        for number in 0..if settings.is_brief { self.clients.min(4) } else { self.clients } {
            runtime.spawn(Client { number, ..client.clone() }.run());
        }
        Running { runtime, counters }
    }
}

impl Running {
    /// Stops the clients. Returns how many of their requests were accepted and how many refused.
    pub fn stop(self) -> (u64, u64) {
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        let Counters { accepted, refused } = &*self.counters;
        (accepted.load(Ordering::Relaxed), refused.load(Ordering::Relaxed))
    }
}

impl Client {
    async fn run(self) {
        let (mut request, mut answer, mut turn) = (Vec::new(), Vec::new(), 0);
        loop {
            if let Ok(mut stream) = TcpStream::connect(self.address).await {
                // A closed connection is opened again, until the noise stops.
                let _ = self.talk(&mut stream, &mut turn, &mut request, &mut answer).await;
            }
            sleep(PAUSE).await;
        }
    }

    async fn talk(
        &self,
        stream: &mut TcpStream,
        turn: &mut u64,
        request: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> io::Result<()> {
        loop {
            request.clear();
            (self.noise.request)(&self.registry, self.number, *turn, request);
            *turn += 1;
            if self.noise.behaviour == Behaviour::Stall {
                stream.write_all(request).await?;
                std::future::pending::<()>().await;
            }
            let status = exchange(stream, request, answer).await?;
            if status >= 400 {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                sleep(PAUSE).await;
                continue;
            }
            self.counters.accepted.fetch_add(1, Ordering::Relaxed);
            if self.noise.behaviour == Behaviour::Listen {
                let mut ignored = [0; 4096];
                while stream.read(&mut ignored).await? > 0 {}
                return Ok(());
            }
        }
    }
}

/// Sends a request and reads the response: its head only, if it is chunked. Returns the status.
pub async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> io::Result<u16> {
    stream.write_all(request).await?;
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((status, length)) = generator::head_of(answer) else { continue };
        if length.is_none_or(|length| answer.len() >= length) {
            return Ok(status);
        }
    }
}

/// Raises the limit of open files to its maximum: each client is a connection.
pub fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, granted)| setrlimit(Resource::RLIMIT_NOFILE, granted, granted));
    raised.expect("the limit of open files can be raised to its maximum");
}

/// The workspace of a client; never the measured one.
fn neighbour(registry: &Registry, client: u64) -> u64 {
    PROBED + 1 + client % (registry.workspaces - 1)
}

fn of_session(session: u64, target: &str, out: &mut Vec<u8>) {
    of_session_with(session, target, None, out);
}

/// Writes a request of a client session.
fn of_session_with(session: u64, target: &str, body: Option<&Value>, out: &mut Vec<u8>) {
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(format!(" HTTP/1.1\r\nclient-session-token: {SESSION}{session:024}\r\n").as_bytes());
    finish_head(None, body.map(Value::to_string).as_deref().map(str::as_bytes), out);
}

/// Inserts the client sessions: of the first persons of each workspace but the first, in turn.
fn sessions(workbench: &mut Workbench) {
    let registry = &workbench.source.registry;
    let (others, persons) = (registry.workspaces - 1, registry.persons() / registry.workspaces);
    let workspace = format!("({PROBED} + 1 + s % {others})");
    let person = format!("({workspace} * {persons} + s / {others} % {persons})");
    let id = |kind: Kind, number: &str| kind.sql(&format!("({BASE} + {number})"));
    let statement = format!(
        "insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identity_id,
            connected_account_ids, connect_webview_ids, created_at, expires_at)
        select {}, {}, sha256(convert_to('{SESSION}' || lpad(s::text, 24, '0'), 'UTF8')), '', {}, '{{}}', '{{}}', {},
            now() + interval '1 day'
        from generate_series(0, {SESSIONS} - 1) as s",
        id(Kind::Workspace, &workspace),
        id(Kind::Nothing, "s"),
        id(Kind::Person, &person),
        registry.sql_time("s"),
    );
    workbench.database.execute(&statement);
}

/// SQL that inserts phones of the person of the first client session.
fn phones_of_one(registry: &Registry, count: u64) -> String {
    let workspace = neighbour(registry, 0);
    let person = workspace * registry.persons() / registry.workspaces;
    registry.insert_phones(
        &Kind::Workspace.sql(&(BASE + workspace).to_string()),
        &Kind::Made.sql(&format!("({BASE} + n)")),
        &Kind::Person.sql(&(BASE + person).to_string()),
        count,
    )
}

/// SQL that inserts events of the second workspace, after its others.
fn history(registry: &Registry, count: u64) -> String {
    let workspace = Kind::Workspace.sql(&(BASE + neighbour(registry, 0)).to_string());
    let (first, last) = (EVENTS + 1, EVENTS + count);
    let event = Kind::Event.sql(&format!("({BASE} + {} + e)", registry.workspaces * EVENTS));
    format!(
        "insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
        select {workspace}, {event}, 'phone.deactivated', false, {at}, {at}, '{{}}'
        from generate_series({first}, {last}) as e;
        update event_clock set last_at = {last_at} where workspace_id = {workspace}",
        at = registry.sql_time("e"),
        last_at = registry.sql_time(&last.to_string()),
    )
}

/// Creates webhooks at a listener that accepts connections and never answers, and pings each.
fn tarpits(workbench: &mut Workbench, count: u64) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("the listener is bound"));
    std::thread::spawn(move || {
        let connections: Vec<_> = listener.incoming().collect();
        drop(connections);
    });
    let workspace = neighbour(&workbench.source.registry, 0);
    let call = |target: &str, body: Value| {
        let mut request = target.as_bytes().to_vec();
        finish_request(Some(workspace), Some(body.to_string().as_bytes()), &mut request);
        let (status, answer) = generator::send_one(workbench.server.address, &request).expect("the server responds");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        serde_json::from_slice::<Value>(&answer).expect("the response is JSON")
    };
    for _ in 0..count {
        let webhook = call("POST /webhooks/create", json!({ "url": url, "event_types": ["*"] }));
        call("POST /webhooks/ping", json!({ "webhook_id": webhook["webhook"]["webhook_id"] }));
    }
}
