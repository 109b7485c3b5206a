//! The file of an import, or standard input, and how far it has been read.

use clap::ValueEnum;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// vCard 2.1, 3.0 or 4.0
    Vcf,
    /// Comma-separated values, with a first line of names
    Csv,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("what is in {} is not clear from its name. Say --format vcf or --format csv", .0.display())]
    UnknownFormat(PathBuf),
}

/// The input of an import.
pub struct Input {
    pub reader: Box<dyn BufRead>,
    /// Size in bytes, if it is a file.
    pub size: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path) -> Result<Input, InputError> {
        let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
        let read = Arc::new(AtomicU64::new(0));
        let (source, size): (Box<dyn Read>, _) = match path.to_str() {
            Some("-") => (Box::new(io::stdin()), None),
            _ => {
                let file = File::open(path).map_err(unreadable)?;
                let metadata = file.metadata().map_err(unreadable)?;
                (Box::new(file), Some(metadata.len()).filter(|_| metadata.is_file()))
            }
        };
        let counted = Counted { source, read: Arc::clone(&read) };
        Ok(Input { reader: Box::new(BufReader::with_capacity(64 * 1024, counted)), size, read })
    }

    /// Number of bytes read so far.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }
}

impl Format {
    /// The format that is named, or that of the name's end.
    pub fn of(named: Option<Format>, path: &Path) -> Result<Format, InputError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match (named, extension.to_ascii_lowercase().as_str()) {
            (Some(format), _) => Ok(format),
            (None, "vcf" | "vcard") => Ok(Format::Vcf),
            (None, "csv") => Ok(Format::Csv),
            (None, _) => Err(InputError::UnknownFormat(path.to_owned())),
        }
    }
}

/// A reader that counts.
struct Counted {
    source: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
