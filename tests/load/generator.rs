//! The load generator: one thread that keeps many keep-alive connections busy, writes requests as bytes and parses only
//! the status and the length of a response. It is this small so that it does not limit a measurement; its maximum rate
//! is measured in each run.

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Response timeout.
const PATIENCE: Duration = Duration::from_secs(40);

/// Connections kept alive from one load to the next.
pub struct Generator {
    poll: Poll,
    lines: Vec<Line>,
    idle: Vec<usize>,
    inbox: Box<[u8]>,
}

/// Parameters of a load.
pub struct Load<'a> {
    pub time: Duration,
    /// Requests a second (open loop): all that fall due within the time are sent, however late. `None` is a closed loop:
    /// each connection waits for a response before its next request.
    pub pace: Option<f64>,
    /// Maximum number of requests.
    pub most: u64,
    /// Expected status of every response.
    pub status: u16,
    /// Writes the next request.
    pub request: &'a mut dyn FnMut(&mut Vec<u8>),
}

/// Results of a load.
pub struct Driven {
    /// Responses within the time.
    pub counted: u64,
    /// All responses, including those in flight at the end of the time.
    pub answered: u64,
    /// From the first request to the end of the time.
    pub elapsed: Duration,
    /// Of all responses, in microseconds from when a request was due, so that a stall counts for each request that waited.
    pub latencies: Histogram<u64>,
}

impl Driven {
    pub fn rate(&self) -> f64 {
        self.counted as f64 / self.elapsed.as_secs_f64()
    }
}

struct Driver<'a, 'b> {
    generator: &'a mut Generator,
    load: Load<'b>,
    began: Instant,
    issued: u64,
    done: Driven,
}

/// One connection.
struct Line {
    stream: TcpStream,
    outbox: Vec<u8>,
    written: usize,
    head: Vec<u8>,
    /// Remaining bytes of the body, once the head has been read.
    rest: Option<usize>,
    due: Instant,
}

impl Generator {
    pub fn connect(address: SocketAddr, connections: usize) -> io::Result<Generator> {
        wake_on_time();
        let poll = Poll::new()?;
        let mut lines = Vec::with_capacity(connections);
        for index in 0..connections {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
            let (outbox, head) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
            lines.push(Line { stream, outbox, written: 0, head, rest: None, due: Instant::now() });
        }
        let idle = (0..connections).rev().collect();
        Ok(Generator { poll, lines, idle, inbox: vec![0; 64 * 1024].into() })
    }

    /// Runs a load to its end. Another status, or no response, is an error that contains the response; the generator
    /// cannot be used after it.
    pub fn drive(&mut self, load: Load<'_>) -> io::Result<Driven> {
        let done = Driven { counted: 0, answered: 0, elapsed: Duration::ZERO, latencies: histogram() };
        let mut driver = Driver { generator: self, load, began: Instant::now(), issued: 0, done };
        driver.run()?;
        Ok(driver.done)
    }
}

/// Empty histogram of latencies, in microseconds.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order")
}

impl Driver<'_, '_> {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            self.issue(now)?;
            let is_over = self.is_over(now);
            if is_over && self.generator.idle.len() == self.generator.lines.len() {
                return Ok(());
            }
            if now.duration_since(self.began) > self.load.time + PATIENCE {
                return Err(io::Error::new(ErrorKind::TimedOut, "response timed out"));
            }
            self.wait(&mut events, is_over)?;
            for event in &events {
                self.attend(event.token().0)?;
            }
        }
    }

    /// Whether no more requests are sent. The measured time ends here, but not before the first response.
    fn is_over(&mut self, now: Instant) -> bool {
        let elapsed = now.duration_since(self.began);
        let is_late = match self.next_due() {
            Some(due) => due.duration_since(self.began) >= self.load.time,
            None => elapsed >= self.load.time && self.done.counted > 0,
        };
        let is_over = is_late || self.issued >= self.load.most;
        if is_over && self.done.elapsed.is_zero() {
            self.done.elapsed = elapsed;
        }
        is_over
    }

    /// When the next request is due.
    fn next_due(&self) -> Option<Instant> {
        self.load.pace.map(|pace| self.began + Duration::from_secs_f64(self.issued as f64 / pace))
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
            self.ask(index, due)?;
        }
        Ok(())
    }

    fn ask(&mut self, index: usize, due: Instant) -> io::Result<()> {
        self.issued += 1;
        let line = &mut self.generator.lines[index];
        (line.due, line.written, line.rest) = (due, 0, None);
        line.outbox.clear();
        line.head.clear();
        (self.load.request)(&mut line.outbox);
        line.flush()
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
    fn attend(&mut self, index: usize) -> io::Result<()> {
        let Generator { lines, inbox, .. } = &mut *self.generator;
        let line = &mut lines[index];
        line.flush()?;
        if !line.read(inbox, self.load.status)? {
            return Ok(());
        }
        let now = Instant::now();
        let latency = u64::try_from(now.duration_since(line.due).as_micros()).unwrap_or(u64::MAX);
        self.done.answered += 1;
        self.done.latencies.saturating_record(latency.max(1));
        if !self.is_over(now) {
            self.done.counted += 1;
            if self.load.pace.is_none() {
                return self.ask(index, now);
            }
        }
        self.generator.idle.push(index);
        Ok(())
    }
}

impl Line {
    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.outbox.len() {
            match self.stream.write(&self.outbox[self.written..]) {
                Ok(count) => self.written += count,
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Reads the available bytes; true once the response is complete.
    fn read(&mut self, inbox: &mut [u8], status: u16) -> io::Result<bool> {
        loop {
            let count = match self.stream.read(inbox) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection")),
                Ok(count) => count,
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(fault) => return Err(fault),
            };
            let rest = match self.rest {
                Some(rest) => rest.checked_sub(count).ok_or_else(too_much)?,
                None => {
                    self.head.extend_from_slice(&inbox[..count]);
                    let Some(end) = end_of_head(&self.head) else { continue };
                    let length = judge(&self.head, end, status)?;
                    length.checked_sub(self.head.len() - end).ok_or_else(too_much)?
                }
            };
            if rest == 0 {
                self.rest = None;
                return Ok(true);
            }
            self.rest = Some(rest);
            if count < inbox.len() {
                return Ok(false);
            }
        }
    }
}

/// Returns the length of the body, if the status is as expected.
fn judge(bytes: &[u8], end: usize, status: u16) -> io::Result<usize> {
    let head = &bytes[..end];
    match (status_in(head), length_in(head)) {
        (Some(said), Some(length)) if said == status => Ok(length),
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

fn too_much() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "response exceeds its content-length")
}

/// Sets this thread's timer slack to 1 ns; by default, the kernel ends waits up to 50 µs late.
fn wake_on_time() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_timerslack(1);
}

/// Sends one request and returns the status and body of its response.
pub fn ask(address: SocketAddr, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let (mut bytes, mut inbox) = (Vec::new(), [0; 4096]);
    loop {
        let whole = end_of_head(&bytes).and_then(|end| Some((end, end + length_in(&bytes[..end])?)));
        if let Some((end, all)) = whole.filter(|(_, all)| bytes.len() >= *all) {
            let status = status_in(&bytes).ok_or_else(|| io::Error::other("no status"))?;
            return Ok((status, bytes[end..all].to_vec()));
        }
        match stream.read(&mut inbox)? {
            0 => return Err(io::Error::new(ErrorKind::UnexpectedEof, String::from_utf8_lossy(&bytes).into_owned())),
            count => bytes.extend_from_slice(&inbox[..count]),
        }
    }
}
