//! The file of an export, or standard output. A file gets its name once it is complete.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", .path.display())]
pub struct OutputError {
    path: PathBuf,
    source: io::Error,
}

/// The output of an export.
pub struct Output {
    target: Target,
    bar: ProgressBar,
    count: u64,
}

enum Target {
    Stdout(BufWriter<io::Stdout>),
    File { file: BufWriter<File>, draft: PathBuf, path: PathBuf },
}

impl Output {
    /// Output to a file, or to standard output without one.
    pub fn open(path: Option<PathBuf>) -> Result<Output, OutputError> {
        let is_file = path.is_some();
        let target = match path {
            None => Target::Stdout(BufWriter::new(io::stdout())),
            Some(path) => {
                let mut draft = path.clone().into_os_string();
                draft.push(".partial");
                let draft = PathBuf::from(draft);
                let file = File::create(&draft).map_err(|source| OutputError { path: draft.clone(), source })?;
                Target::File { file: BufWriter::new(file), draft, path }
            }
        };
        // On a terminal the records themselves show the progress.
        let bar = if is_file { ProgressBar::no_length() } else { ProgressBar::hidden() };
        if is_file {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            let style = ProgressStyle::with_template("{spinner} {human_pos} exported, {elapsed}");
            bar.set_style(style.expect("the template has known names only"));
        }
        Ok(Output { target, bar, count: 0 })
    }

    /// Writes `count` records; false if standard output is closed, as by `head`.
    pub fn write(&mut self, text: &[u8], count: u64) -> io::Result<bool> {
        let written = match &mut self.target {
            Target::Stdout(out) => out.write_all(text).and_then(|()| out.flush()),
            Target::File { file, .. } => file.write_all(text),
        };
        self.count += count;
        self.bar.set_position(self.count);
        match written {
            Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
        }
    }

    /// Completes the output. Returns the number of records and the file, if there is one.
    pub fn finish(self) -> Result<(u64, Option<PathBuf>), OutputError> {
        self.bar.finish_and_clear();
        let Target::File { file, draft, path } = self.target else { return Ok((self.count, None)) };
        let complete = || {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&draft, &path)
        };
        match complete() {
            Ok(()) => Ok((self.count, Some(path))),
            Err(source) => Err(OutputError { path, source }),
        }
    }
}
