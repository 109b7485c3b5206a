//! Lines of the log. They are collected and written a moment later, many by one write, from a thread of their own: no
//! request waits for whoever reads them, unless so much is waiting already that lines would be lost. A process that is
//! killed takes the lines of its last moment with it; one that ends by itself does not.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// How long lines are collected.
const MOMENT: Duration = Duration::from_millis(5);

/// How many bytes may wait.
const MOST: usize = 1024 * 1024;

/// Where lines are handed in. Cheap to clone.
#[derive(Clone)]
pub struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    tray: Mutex<Tray>,
    /// There are lines to be written, or there will be no more.
    news: Condvar,
    /// Lines have been taken away to be written.
    room: Condvar,
}

#[derive(Default)]
struct Tray {
    lines: Vec<u8>,
    is_closed: bool,
}

/// The thread that writes. Dropped, it writes what is left, and ends.
pub struct LastLines {
    lines: Lines,
    writer: Option<JoinHandle<()>>,
}

impl Lines {
    /// Lines for `target`, and whoever writes them.
    pub fn to(target: impl Write + Send + 'static) -> io::Result<(Lines, LastLines)> {
        let lines = Lines(Arc::default());
        let shared = Arc::clone(&lines.0);
        let writer = thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_to(target))?;
        Ok((lines.clone(), LastLines { lines, writer: Some(writer) }))
    }
}

impl Shared {
    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until there will be no more.
    fn write_to(&self, mut target: impl Write) {
        let mut taken = Vec::new();
        loop {
            let is_idle = |tray: &mut Tray| tray.lines.is_empty() && !tray.is_closed;
            let tray = self.news.wait_while(self.tray(), is_idle).unwrap_or_else(PoisonError::into_inner);
            // More lines come meanwhile, to be written at once with these.
            let is_open = |tray: &mut Tray| !tray.is_closed && tray.lines.len() < MOST;
            let waited = self.news.wait_timeout_while(tray, MOMENT, is_open);
            let mut tray = waited.unwrap_or_else(PoisonError::into_inner).0;
            mem::swap(&mut tray.lines, &mut taken);
            let is_last = tray.is_closed;
            drop(tray);
            self.room.notify_all();
            // When nobody reads the log any more there is nobody to tell.
            let _ = target.write_all(&taken).and_then(|()| target.flush());
            taken.clear();
            if is_last {
                return;
            }
        }
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Lines(shared) = self;
        let is_full = |tray: &mut Tray| tray.lines.len() >= MOST && !tray.is_closed;
        let mut tray = shared.room.wait_while(shared.tray(), is_full).unwrap_or_else(PoisonError::into_inner);
        if tray.is_closed {
            return io::stderr().write(line);
        }
        let is_first = tray.lines.is_empty();
        tray.lines.extend_from_slice(line);
        let is_last = tray.lines.len() >= MOST;
        drop(tray);
        if is_first || is_last {
            shared.news.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;

    fn make_writer(&'a self) -> &'a Lines {
        self
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        self.lines.0.tray().is_closed = true;
        self.lines.0.news.notify_one();
        self.lines.0.room.notify_all();
        if let Some(writer) = self.writer.take() {
            // It has nothing that could panic, and there is nothing more to lose.
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Tells of each write, after somebody has let it.
    struct Slow(mpsc::Sender<Vec<u8>>, mpsc::Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.recv();
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_line_is_lost_and_each_is_whole_however_slow_the_reader() {
        let ((written, found), (allow, allowed)) = (mpsc::channel(), mpsc::channel());
        let (lines, last) = Lines::to(Slow(written, allowed)).expect("a thread");
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        let count = 3 * MOST / line.len();
        let hands = [lines.clone(), lines].map(|lines| {
            let line = line.clone();
            thread::spawn(move || (0..count).for_each(|_| (&lines).write_all(&line).expect("it is taken")))
        });
        // From now on the reader reads.
        (0..2 * count).for_each(|_| allow.send(()).expect("it listens"));
        hands.into_iter().for_each(|hand| hand.join().expect("it ends"));
        drop(last);
        let writes: Vec<Vec<u8>> = found.try_iter().collect();
        let all = writes.concat();
        assert_eq!(all.len(), 2 * count * line.len());
        assert!(all.chunks(line.len()).all(|found| found == line));
        assert!(writes.len() < count / 10, "{} writes", writes.len());
    }
}
