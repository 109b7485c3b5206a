//! The file of a backup: a line of JSON, which says what it is; the dump in pg_dump's custom format; and a line with the
//! SHA-256 of all before it, without which the file is not whole. Both are written and read as streams.

mod header;
mod program;
mod reader;
mod writer;

pub use header::Header;
pub use program::Program;
pub use reader::{ReadError, Reader};
pub use writer::{Destination, Writer};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Size of the parts that are read and written.
const PART: usize = 256 * 1024;

/// Beginning of the last line. The digest in hexadecimal and a line feed follow.
const END: &[u8] = b"\nend of the backup, SHA-256: ";

/// Length of the last line.
const END_LENGTH: usize = END.len() + 64 + 1;

/// The progress of a dump with this many bytes, if that is known. Hidden unless standard error is a terminal.
pub fn progress(bytes: Option<u64>, verb: &str) -> ProgressBar {
    let bar = bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
    let template = match bytes {
        Some(_) => "{bar:40} {percent:>3}%  {msg}  {eta} left",
        None => "{spinner} {binary_bytes} {msg}, {elapsed}",
    };
    bar.set_style(ProgressStyle::with_template(template).expect("the template has known names only"));
    bar.set_message(verb.to_owned());
    bar
}

/// A digest in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    async fn written(dump: &[u8]) -> Vec<u8> {
        let header = Header::new(DateTime::UNIX_EPOCH, "public".to_owned(), 1, 15, Some(&[7; 32]), None);
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &header).await.expect("memory takes it");
        writer.write(dump).await.expect("memory takes it");
        writer.finish().await.expect("memory takes it");
        bytes
    }

    /// What a reader released before it ended.
    async fn read(file: &[u8]) -> (Vec<u8>, Result<(), ReadError>) {
        let mut released = Vec::new();
        let mut reader = match Reader::open(file).await {
            Ok((_, reader)) => reader,
            Err(fault) => return (released, Err(fault)),
        };
        loop {
            match reader.next().await {
                Ok(Some(part)) => released.extend(part),
                Ok(None) => return (released, Ok(())),
                Err(fault) => return (released, Err(fault)),
            }
        }
    }

    #[tokio::test]
    async fn a_whole_file_is_read_as_it_was_written() {
        for length in [0, 1, 5000, PART, 3 * PART + 1] {
            let dump = vec![b'x'; length];
            let (released, ended) = read(&written(&dump).await).await;
            assert!(ended.is_ok() && released == dump, "{length}: {ended:?}");
        }
    }

    #[tokio::test]
    async fn the_end_of_a_file_that_is_not_whole_is_never_released() {
        let dump = vec![b'x'; 10_000];
        let whole = written(&dump).await;
        for length in [0, 10, whole.len() - END_LENGTH, whole.len() - 1] {
            let (released, ended) = read(&whole[..length]).await;
            assert!(ended.is_err() && released.len() < dump.len(), "{length}");
        }
        let mut damaged = whole.clone();
        damaged[5_000] ^= 1;
        let (released, ended) = read(&damaged).await;
        assert!(matches!(ended, Err(ReadError::Damaged)) && released.len() < dump.len(), "{ended:?}");
        let longer = [whole, b"x".to_vec()].concat();
        assert!(matches!(read(&longer).await.1, Err(ReadError::Truncated)));
    }
}
