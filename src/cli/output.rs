//! Tables and texts, as commands print them.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use terminal_size::{Width, terminal_size};
use unicode_width::UnicodeWidthStr;

/// Blanks between two columns.
const GAP: usize = 2;

/// The width below which a column is not cut.
const NARROWEST: usize = 8;

/// Formats rows under headings, each column as wide as its widest cell. A cell is one line. On a terminal that is too
/// narrow, the widest columns are cut, but never the first one, which has the id.
pub fn table<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let columns = terminal_size().filter(|_| io::stdout().is_terminal()).map(|(Width(columns), _)| columns.into());
    table_within(columns, headings, rows)
}

fn table_within<const N: usize>(
    columns: Option<usize>,
    headings: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let rows = rows.map(|cells| cells.map(|cell| escaped(&cell)));
    let lines: Vec<[String; N]> = std::iter::once(headings.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|cells| cells[column].width()).max().unwrap_or(0);
    let mut widths: [usize; N] = std::array::from_fn(width);
    if let Some(columns) = columns {
        narrow(&mut widths, columns);
    }
    let line = |cells: &[String; N]| {
        let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Narrows the widest columns until the table fits, or each is as narrow as it may be.
fn narrow(widths: &mut [usize], columns: usize) {
    while widths.iter().map(|width| width + GAP).sum::<usize>() > columns + GAP {
        let widest = (1..widths.len()).max_by_key(|column| widths[*column]);
        match widest.filter(|column| widths[*column] > NARROWEST) {
            Some(column) => widths[column] -= 1,
            None => return,
        }
    }
}

/// The cell in exactly this many columns of a terminal.
fn padded(cell: &str, width: usize) -> String {
    let mut text = cell.to_owned();
    if cell.width() > width {
        while text.width() >= width && text.pop().is_some() {}
        text.push('…');
    }
    text + &" ".repeat(width.saturating_sub(cell.width().min(width)))
}

/// Formats names with their values, one a line. A value is one line.
pub fn properties<'a>(properties: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let properties: Vec<_> = properties.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = properties.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("{}  {}", padded(name, width), escaped(value));
    properties.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// "1 phone", "2 phones".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Prints; false if standard output is closed, as by `head`.
pub fn print(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        printed => printed.map(|()| true),
    }
}

/// Prints a remark to people, beside the output.
pub fn note(text: &str) {
    // If standard error is closed, the remark is lost, and the command goes on.
    let _ = writeln!(io::stderr(), "{}", escaped(text));
}

/// Escapes, as JSON does, what a terminal would not show as a character: tenants choose names, and neither move the
/// operator's cursor nor add lines. JSON stays the same value.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match is_unsafe(character) {
            true => _ = write!(escaped, "\\u{:04x}", u32::from(character)),
            false => escaped.push(character),
        }
    }
    escaped
}

/// As [`escaped`], for texts of more than one line.
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// Control characters, separators of lines, and characters that change the direction of writing. All are below U+10000.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(columns: Option<usize>, names: &[&str]) -> Vec<String> {
        let rows = names.iter().map(|name| ["0199a5c6".to_owned(), (*name).to_owned(), "end".to_owned()]);
        table_within(columns, ["ID", "NAME", "LAST"], rows).lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_as_wide_as_a_terminal_shows_them() {
        let lines = names(None, &["山田太郎", "e\u{301}", "Jane"]);
        assert_eq!(lines[0], "ID        NAME      LAST");
        assert_eq!(lines[1], "0199a5c6  山田太郎  end");
        assert_eq!(lines[2], "0199a5c6  e\u{301}         end");
    }

    #[test]
    fn a_table_fits_the_terminal_and_keeps_its_ids() {
        let long = "山".repeat(40);
        for line in names(Some(40), &[&long, &"a".repeat(90), "Jane"]) {
            assert!(line.width() <= 40, "{line}");
            assert!(line.starts_with("ID") || line.starts_with("0199a5c6  "), "{line}");
        }
        assert!(names(Some(40), &[&long])[1].contains("山…"));
        assert_eq!(names(Some(40), &["Jane"]), names(None, &["Jane"]));
        // Narrower than any table of these columns.
        assert!(names(Some(3), &[&long])[1].starts_with("0199a5c6  山"));
    }

    #[test]
    fn properties_are_aligned_and_empty_ones_left_out() {
        let listed = properties([("ID", "1".to_owned()), ("Name", "a\nb".to_owned()), ("Nickname", String::new())]);
        assert_eq!(listed, "ID    1\nName  a\\u000ab");
    }
}
