//! What became of the records of an import. Refusals are printed when they happen, so that their number needs no memory.

use super::Input;
use crate::cli::admin::{AdminContext, Outcome};
use crate::cli::output::{escaped, print};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Some records were not taken.
#[derive(Debug, thiserror::Error)]
#[error("{0} of {1} records were refused. Correct them and import the file again: the others are not added twice")]
struct Refused(u64, u64);

/// The report of an import, and its progress bar.
pub struct Report {
    is_json: bool,
    is_dry_run: bool,
    bar: ProgressBar,
    read: Arc<AtomicU64>,
    pub added: u64,
    pub present: u64,
    pub refused: u64,
}

impl Report {
    pub fn new(context: &AdminContext, input: &Input, is_dry_run: bool) -> Report {
        let bar = input.size.map_or_else(ProgressBar::no_length, ProgressBar::new);
        // Hidden unless standard error is a terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        let template = match input.size {
            Some(_) => "{bar:40} {percent:>3}%  {msg}  {eta} left",
            None => "{spinner} {msg}, {elapsed}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template has known names only"));
        let (added, present, refused) = (0, 0, 0);
        Report { is_json: context.json, is_dry_run, bar, read: input.counter(), added, present, refused }
    }

    /// A record that is not taken, with the reasons.
    pub fn refuse(&mut self, line: u64, reasons: &[String]) -> io::Result<()> {
        self.refused += 1;
        self.remark(line, "refused", reasons)
    }

    /// What of a record is not taken, although the record is.
    pub fn leave_out(&self, line: u64, what: &[String]) -> io::Result<()> {
        if what.is_empty() { Ok(()) } else { self.remark(line, "left_out", what) }
    }

    fn remark(&self, line: u64, kind: &str, texts: &[String]) -> io::Result<()> {
        let text = match (self.is_json, kind) {
            (true, kind) => escaped(&json!({ "line": line, kind: texts }).to_string()),
            (false, "refused") => escaped(&format!("line {line}: {}", texts.join("; "))),
            (false, _) => escaped(&format!("line {line}: left out: {}", texts.join("; "))),
        };
        self.bar.suspend(|| match self.is_json {
            true => print(&(text + "\n")).map(drop),
            false => writeln!(io::stderr(), "{text}"),
        })
    }

    /// Shows how far the import is.
    pub fn progress(&self) {
        self.bar.set_position(self.read.load(Ordering::Relaxed));
        self.bar.set_message(format!("{} added, {} there already, {} refused", self.added, self.present, self.refused));
    }

    /// Prints the summary; an error if a record was refused.
    pub fn finish(self, context: &AdminContext) -> Outcome {
        self.bar.finish_and_clear();
        let Report { added, present, refused, is_dry_run, .. } = self;
        let value = json!({ "added": added, "already_there": present, "refused": refused, "dry_run": is_dry_run });
        let verb = if is_dry_run { "Would be added" } else { "Added" };
        let end = if is_dry_run { "\nNothing was changed." } else { "" };
        context.print(&value, &format!("{verb}: {added}. There already: {present}. Refused: {refused}.{end}"))?;
        if refused > 0 { Err(Refused(refused, added + present + refused).into()) } else { Ok(()) }
    }
}
