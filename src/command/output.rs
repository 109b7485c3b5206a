//! The output of commands: text, or one JSON value.

use serde_json::Value;
use std::io::{self, Write};

/// Prints `value` as JSON, or `text`.
pub fn print(json: bool, value: &Value, text: &str) -> io::Result<()> {
    if json { writeln!(io::stdout(), "{value}") } else { writeln!(io::stdout(), "{text}") }
}

/// Formats rows under headings, each column as wide as its widest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).chain([headings[column].len()]).max().unwrap_or(0)
    };
    let line = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column))).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    std::iter::once(line(&headings)).chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}
