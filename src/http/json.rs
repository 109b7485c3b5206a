//! The JSON of a response, which has a maximum size.

use super::in_flight::MAX_RESPONSE;
use crate::error::{Error, Result};
use serde::Serialize;
use std::io::{self, Write};

/// Initial capacity of a response.
const CAPACITY: usize = 128;

/// A response's JSON so far.
struct Limited(Vec<u8>);

/// Writes a value with string keys and no fallible parts. It is a list if it is too large.
pub fn limited(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut out = Limited(Vec::with_capacity(CAPACITY));
    match serde_json::to_writer(&mut out, value) {
        Ok(()) => Ok(out.0),
        Err(fault) if fault.is_io() => Err(Error::ListTooLarge),
        Err(fault) => Err(Error::Internal(fault.into())),
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > MAX_RESPONSE - self.0.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
