//! Reads a backup. The end of the dump is released only when the digest is right, so that what reads the dump cannot finish
//! with one that is not whole.

use super::{END, END_LENGTH, Header, PART, hexadecimal};
use sha2::{Digest, Sha256};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of the dump that are held back until the end. The last ones end the last table of a dump, without which it is
/// incomplete.
const HELD_BACK: usize = 4096;

/// Maximum length of the first line.
const LONGEST_HEADER: usize = 64 * 1024;

/// Why a backup cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read the backup: {0}")]
    Unreadable(#[from] io::Error),
    #[error("this is no backup that `handset backup` has written")]
    Foreign,
    #[error("this is a dump of pg_dump, not a backup of Handset: restore it with pg_restore")]
    Dump,
    #[error("the backup was written by Handset {handset}, which is newer than this one ({}). Restore it with that version, or a later one", env!("CARGO_PKG_VERSION"))]
    Newer { handset: String },
    #[error("the backup is truncated: its end is missing")]
    Truncated,
    #[error("the backup is damaged: its SHA-256 is not the one at its end")]
    Damaged,
}

impl ReadError {
    pub fn newer(handset: &str) -> ReadError {
        ReadError::Newer { handset: handset.to_owned() }
    }
}

/// A backup whose first line has been read.
pub struct Reader<R> {
    input: R,
    digest: Sha256,
    held: Vec<u8>,
    is_complete: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads the first line.
    pub async fn open(mut input: R) -> Result<(Header, Reader<R>), ReadError> {
        let mut held = Vec::with_capacity(PART);
        let end = loop {
            if let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                break end + 1;
            }
            if held.len() > LONGEST_HEADER || input.read_buf(&mut held).await? == 0 {
                return Err(not_a_header(&held));
            }
        };
        if held.starts_with(b"PGDMP") {
            return Err(ReadError::Dump);
        }
        let header = Header::parse(&held[..end])?;
        let mut digest = Sha256::new();
        digest.update(&held[..end]);
        held.drain(..end);
        Ok((header, Reader { input, digest, held, is_complete: false }))
    }

    /// The next part of the dump, or None at its end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        while !self.is_complete {
            self.held.reserve(PART);
            if self.input.read_buf(&mut self.held).await? == 0 {
                self.complete()?;
                return Ok(Some(std::mem::take(&mut self.held)));
            }
            let released = self.held.len().saturating_sub(END_LENGTH + HELD_BACK);
            if released > 0 {
                let rest = self.held.split_off(released);
                let part = std::mem::replace(&mut self.held, rest);
                self.digest.update(&part);
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// Checks the last line, and removes it.
    fn complete(&mut self) -> Result<(), ReadError> {
        let end = self.held.len().checked_sub(END_LENGTH).ok_or(ReadError::Truncated)?;
        let last = self.held.split_off(end);
        let known = last.strip_prefix(END).and_then(|rest| rest.strip_suffix(b"\n")).ok_or(ReadError::Truncated)?;
        self.digest.update(&self.held);
        if hexadecimal(&self.digest.finalize_reset()).as_bytes() != known {
            return Err(ReadError::Damaged);
        }
        self.is_complete = true;
        Ok(())
    }
}

fn not_a_header(bytes: &[u8]) -> ReadError {
    match bytes {
        bytes if bytes.starts_with(b"PGDMP") => ReadError::Dump,
        bytes if bytes.starts_with(b"{\"format\":\"handset-backup\"") => ReadError::Truncated,
        _ => ReadError::Foreign,
    }
}
