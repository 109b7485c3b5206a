//! The load generator: one thread that keeps many keep-alive connections busy, writes requests as bytes and parses only
//! the status and the length of a response. It is this small so that it does not limit a measurement; its maximum rate
//! is measured in each run.

use crate::delay_proxy::precise_sleeps;
use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Response timeout.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);

/// Connections kept alive from one load to the next.
pub struct Generator {
    poll: Poll,
    open_connections: Vec<Connection>,
    idle: Vec<usize>,
    read_buffer: Box<[u8]>,
}

/// Parameters of a load.
pub struct Load<'a> {
    pub time: Duration,
    /// Requests a second (open loop): all that fall due within the time are sent, however late. `None` is a closed loop:
    /// each connection waits for a response before its next request.
    pub target_rate: Option<f64>,
    /// Maximum number of requests.
    pub max_requests: u64,
    /// Expected status of every response.
    pub status: u16,
    /// Writes the next request.
    pub request: &'a mut dyn FnMut(&mut Vec<u8>),
}

/// Results of a load.
pub struct LoadResult {
    /// Responses within the time.
    pub counted: u64,
    /// All responses, including those in flight at the end of the time.
    pub responses: u64,
    /// From the first request to the end of the time.
    pub elapsed: Duration,
    /// Of all responses, in microseconds from when a request was due, so that a stall counts for each request that waited.
    pub latencies: Histogram<u64>,
}

impl LoadResult {
    pub fn rate(&self) -> f64 {
        self.counted as f64 / self.elapsed.as_secs_f64()
    }
}

struct LoadRun<'a, 'b> {
    generator: &'a mut Generator,
    load: Load<'b>,
    began: Instant,
    issued: u64,
    result: LoadResult,
}

/// One connection.
struct Connection {
    stream: TcpStream,
    write_buffer: Vec<u8>,
    written: usize,
    head: Vec<u8>,
    /// Remaining bytes of the body, once the head has been read.
    rest: Option<usize>,
    due: Instant,
}

impl Generator {
    /// Opens connections to each server in turn.
    pub fn connect(servers: &[SocketAddr], connections: usize) -> io::Result<Generator> {
        precise_sleeps();
        let poll = Poll::new()?;
        let mut open_connections = Vec::with_capacity(connections);
        for index in 0..connections {
            let stream = std::net::TcpStream::connect(servers[index % servers.len()])?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
            let (write_buffer, head) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
            open_connections.push(Connection {
                stream,
                write_buffer,
                written: 0,
                head,
                rest: None,
                due: Instant::now(),
            });
        }
        let idle = (0..connections).rev().collect();
        Ok(Generator { poll, open_connections, idle, read_buffer: vec![0; 64 * 1024].into() })
    }

    /// Runs a load to its end. Another status, or no response, is an error that contains the response; the generator
    /// cannot be used after it.
    pub fn run_load(&mut self, load: Load<'_>) -> io::Result<LoadResult> {
        let result = LoadResult { counted: 0, responses: 0, elapsed: Duration::ZERO, latencies: histogram() };
        let mut run = LoadRun { generator: self, load, began: Instant::now(), issued: 0, result };
        run.run()?;
        Ok(run.result)
    }
}

/// Empty histogram of latencies, in microseconds.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order")
}

impl LoadRun<'_, '_> {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            self.issue(now)?;
            let is_over = self.is_over(now);
            if is_over && self.generator.idle.len() == self.generator.open_connections.len() {
                return Ok(());
            }
            if now.duration_since(self.began) > self.load.time + RESPONSE_TIMEOUT {
                return Err(io::Error::new(ErrorKind::TimedOut, "response timed out"));
            }
            self.wait(&mut events, is_over)?;
            for event in &events {
                self.handle_event(event.token().0)?;
            }
        }
    }

    /// Whether no more requests are sent. The measured time ends here, but not before the first response.
    fn is_over(&mut self, now: Instant) -> bool {
        let elapsed = now.duration_since(self.began);
        let is_late = match self.next_due() {
            Some(due) => due.duration_since(self.began) >= self.load.time,
            None => elapsed >= self.load.time && self.result.counted > 0,
        };
        let is_over = is_late || self.issued >= self.load.max_requests;
        if is_over && self.result.elapsed.is_zero() {
            self.result.elapsed = elapsed;
        }
        is_over
    }

    /// When the next request is due.
    fn next_due(&self) -> Option<Instant> {
        self.load.target_rate.map(|target_rate| self.began + Duration::from_secs_f64(self.issued as f64 / target_rate))
    }

    /// Sends due requests on idle connections.
    fn issue(&mut self, now: Instant) -> io::Result<()> {
        while !self.generator.idle.is_empty() && !self.is_over(now) {
            let due = match self.next_due() {
                Some(due) if due > now => break,
                Some(due) => due,
                None => Instant::now(),
            };
            let index = self.generator.idle.pop().expect("a connection is idle");
            self.send_request(index, due)?;
        }
        Ok(())
    }

    fn send_request(&mut self, index: usize, due: Instant) -> io::Result<()> {
        self.issued += 1;
        let connection = &mut self.generator.open_connections[index];
        (connection.due, connection.written, connection.rest) = (due, 0, None);
        connection.write_buffer.clear();
        connection.head.clear();
        (self.load.request)(&mut connection.write_buffer);
        connection.flush()
    }

    /// Waits for a response, or until the next request is due.
    fn wait(&mut self, events: &mut Events, is_over: bool) -> io::Result<()> {
        use nix::sys::select::{FdSet, pselect};
        use nix::sys::time::{TimeSpec, TimeValLike};
        let mut timeout = Duration::from_millis(100);
        if let Some(due) = self.next_due().filter(|_| !is_over && !self.generator.idle.is_empty()) {
            // `poll` has millisecond resolution, so `pselect` on its descriptor does the precise part of the wait.
            let nanoseconds = due.saturating_duration_since(Instant::now()).as_nanos().min(100_000_000);
            let mut readable = FdSet::new();
            readable.insert(self.generator.poll.registry().as_fd());
            let wait = TimeSpec::nanoseconds(i64::try_from(nanoseconds).unwrap_or(0));
            pselect(None, &mut readable, None, None, &wait, None)?;
            timeout = Duration::ZERO;
        }
        match self.generator.poll.poll(events, Some(timeout)) {
            Err(fault) if fault.kind() == ErrorKind::Interrupted => Ok(()),
            polled => polled,
        }
    }

    /// Writes the rest of a request and reads the available bytes of its response.
    fn handle_event(&mut self, index: usize) -> io::Result<()> {
        let Generator { open_connections, read_buffer, .. } = &mut *self.generator;
        let connection = &mut open_connections[index];
        connection.flush()?;
        if !connection.read(read_buffer, self.load.status)? {
            return Ok(());
        }
        let now = Instant::now();
        let latency = u64::try_from(now.duration_since(connection.due).as_micros()).unwrap_or(u64::MAX);
        self.result.responses += 1;
        self.result.latencies.saturating_record(latency.max(1));
        if !self.is_over(now) {
            self.result.counted += 1;
            if self.load.target_rate.is_none() {
                return self.send_request(index, now);
            }
        }
        self.generator.idle.push(index);
        Ok(())
    }
}

impl Connection {
    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.write_buffer.len() {
            match self.stream.write(&self.write_buffer[self.written..]) {
                Ok(count) => self.written += count,
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Reads the available bytes; true once the response is complete.
    fn read(&mut self, read_buffer: &mut [u8], status: u16) -> io::Result<bool> {
        loop {
            let count = match self.stream.read(read_buffer) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection")),
                Ok(count) => count,
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(fault) => return Err(fault),
            };
            let rest = match self.rest {
                Some(rest) => rest.checked_sub(count).ok_or_else(too_much)?,
                None => {
                    self.head.extend_from_slice(&read_buffer[..count]);
                    let Some(end) = end_of_head(&self.head) else { continue };
                    let length = body_length(&self.head, end, status)?;
                    length.checked_sub(self.head.len() - end).ok_or_else(too_much)?
                }
            };
            if rest == 0 {
                self.rest = None;
                return Ok(true);
            }
            self.rest = Some(rest);
            if count < read_buffer.len() {
                return Ok(false);
            }
        }
    }
}

/// Returns the length of the body, if the status is as expected.
fn body_length(bytes: &[u8], end: usize, status: u16) -> io::Result<usize> {
    let head = &bytes[..end];
    match (status_in(head), length_in(head)) {
        (Some(actual), Some(length)) if actual == status => Ok(length),
        _ => Err(io::Error::other(format!("expected {status}, got: {}", String::from_utf8_lossy(bytes)))),
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn status_in(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

fn length_in(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"\ncontent-length:";
    let is_name = |window: &[u8]| window[0] == b'\n' && window.eq_ignore_ascii_case(NAME);
    let at = head.windows(NAME.len()).position(is_name)?;
    let digits = head[at + NAME.len()..].split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

/// The status of a response, and its length with its head if that is stated; `None` until the head is complete.
pub fn head_of(bytes: &[u8]) -> Option<(u16, Option<usize>)> {
    let end = end_of_head(bytes)?;
    Some((status_in(&bytes[..end])?, length_in(&bytes[..end]).map(|length| end + length)))
}

fn too_much() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "response exceeds its content-length")
}

/// Sends one request and returns the status and body of its response.
pub fn send_one(address: SocketAddr, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
    stream.write_all(request)?;
    let (mut bytes, mut read_buffer) = (Vec::new(), [0; 4096]);
    loop {
        let whole = end_of_head(&bytes).and_then(|end| Some((end, end + length_in(&bytes[..end])?)));
        if let Some((end, all)) = whole.filter(|(_, all)| bytes.len() >= *all) {
            let status = status_in(&bytes).ok_or_else(|| io::Error::other("no status"))?;
            return Ok((status, bytes[end..all].to_vec()));
        }
        match stream.read(&mut read_buffer)? {
            0 => return Err(io::Error::new(ErrorKind::UnexpectedEof, String::from_utf8_lossy(&bytes).into_owned())),
            count => bytes.extend_from_slice(&read_buffer[..count]),
        }
    }
}
