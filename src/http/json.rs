//! The JSON of a response, which has a maximum size.

use super::in_flight::MAX_RESPONSE;
use crate::error::{Error, Result};
use serde::Serialize;
use std::io::{self, Write};

/// Initial capacity of a response.
const CAPACITY: usize = 128;

/// Size from which a response is counted before it is written, in bytes. A buffer that grows takes twice the memory.
const COUNTED_FROM: usize = 4 * 1024 * 1024;

/// Writes a value with string keys and no fallible parts. It is a list if it is too large.
pub fn limited(value: &impl Serialize) -> Result<Vec<u8>> {
    let written = write(value, Limited { out: Vec::with_capacity(CAPACITY), left: COUNTED_FROM });
    if !matches!(written, Err(Error::ListTooLarge)) {
        return Ok(written?.out);
    }
    let count = MAX_RESPONSE - write(value, Limited { out: io::sink(), left: MAX_RESPONSE })?.left;
    Ok(write(value, Limited { out: Vec::with_capacity(count), left: count })?.out)
}

fn write<W: Write>(value: &impl Serialize, mut limited: Limited<W>) -> Result<Limited<W>> {
    match serde_json::to_writer(&mut limited, value) {
        Ok(()) => Ok(limited),
        Err(fault) if fault.is_io() => Err(Error::ListTooLarge),
        Err(fault) => Err(Error::Internal(fault.into())),
    }
}

/// A writer that takes this many bytes more.
struct Limited<W> {
    out: W,
    left: usize,
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.out.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
