//! Writes a backup to standard output or to a file, which gets its name once it is whole and on disk.

use super::{END, Header, hexadecimal};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Why a backup cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{} exists. Nothing was written. Choose another name, or replace it with --overwrite", .0.display())]
    Exists(PathBuf),
    #[error("{} is no file. Nothing was written. Choose another name; `-` is standard output", .0.display())]
    NoFile(PathBuf),
    #[error("standard output is a terminal. Name a file, or lead the output into a program or a file")]
    Terminal,
    #[error("cannot write {}: {source}. There is no backup", .path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}

/// Where a backup is written to.
pub enum Destination {
    Stdout,
    /// Removed if it is dropped before it gets its name.
    File {
        partial: NamedTempFile,
        path: PathBuf,
        overwrite: bool,
    },
}

impl Destination {
    /// Creates a file beside `path`, readable by this user only; `-` is standard output.
    pub fn create(path: &Path, overwrite: bool) -> Result<Destination, WriteError> {
        if path.as_os_str() == "-" {
            return if io::stdout().is_terminal() { Err(WriteError::Terminal) } else { Ok(Destination::Stdout) };
        }
        match fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(WriteError::NoFile(path.to_owned())),
            Ok(_) if !overwrite => return Err(WriteError::Exists(path.to_owned())),
            _ => {}
        }
        let Some(name) = path.file_name() else { return Err(WriteError::NoFile(path.to_owned())) };
        let prefix: OsString = [".".as_ref(), name, ".".as_ref()].into_iter().collect();
        // Its mode is 0600.
        let partial = tempfile::Builder::new().prefix(&prefix).suffix(".partial").tempfile_in(directory(path));
        let partial = partial.map_err(|source| WriteError::Unwritable { path: path.to_owned(), source })?;
        Ok(Destination::File { partial, path: path.to_owned(), overwrite })
    }

    /// A second handle, for writing.
    pub fn open(&self) -> io::Result<Box<dyn AsyncWrite + Send + Unpin>> {
        let file = match self {
            Destination::Stdout => io::stdout().as_fd().try_clone_to_owned()?.into(),
            Destination::File { partial, .. } => partial.as_file().try_clone()?,
        };
        Ok(Box::new(tokio::fs::File::from_std(file)))
    }

    /// What is written, for people.
    pub fn path(&self) -> &Path {
        match self {
            Destination::Stdout => Path::new("standard output"),
            Destination::File { path, .. } => path,
        }
    }

    /// The error of this destination.
    pub fn fault(&self, source: io::Error) -> WriteError {
        WriteError::Unwritable { path: self.path().to_owned(), source }
    }

    /// Gives the file its name. It is on disk then.
    pub fn complete(self) -> Result<(), WriteError> {
        let Destination::File { partial, path, overwrite } = self else { return Ok(()) };
        let fault = |source| WriteError::Unwritable { path: path.clone(), source };
        partial.as_file().sync_all().map_err(fault)?;
        let named = if overwrite { partial.persist(&path) } else { partial.persist_noclobber(&path) };
        named.map_err(|fault| match fault.error.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists(path.clone()),
            _ => WriteError::Unwritable { path: path.clone(), source: fault.error },
        })?;
        File::open(directory(&path)).and_then(|directory| directory.sync_all()).map_err(fault)
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A backup in progress.
pub struct Writer<W> {
    output: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Writes the first line.
    pub async fn new(output: W, header: &Header) -> io::Result<Writer<W>> {
        let mut writer = Writer { output, digest: Sha256::new(), bytes: 0 };
        writer.write(header.line().as_bytes()).await?;
        Ok(writer)
    }

    /// Writes a part of the dump.
    pub async fn write(&mut self, part: &[u8]) -> io::Result<()> {
        self.digest.update(part);
        self.bytes += part.len() as u64;
        self.output.write_all(part).await
    }

    /// Writes the last line. Returns the number of bytes in all, and the digest.
    pub async fn finish(mut self) -> io::Result<(u64, String)> {
        let digest = hexadecimal(&self.digest.finalize());
        let last = [END, digest.as_bytes(), b"\n"].concat();
        self.output.write_all(&last).await?;
        self.output.flush().await?;
        Ok((self.bytes + last.len() as u64, digest))
    }
}
