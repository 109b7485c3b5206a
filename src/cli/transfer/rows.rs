//! Comma-separated values, a row at a time.

use super::Record;
use std::error::Error;
use std::io::BufRead;

/// The rows of a file below its first line, which names the columns. Cells are trimmed.
pub struct Rows {
    reader: csv::Reader<Box<dyn BufRead>>,
    headings: Vec<String>,
    row: csv::ByteRecord,
}

impl Rows {
    /// Reads the first line. It tells by what cells are separated: spreadsheets of some countries write semicolons.
    pub fn open(mut reader: Box<dyn BufRead>) -> Result<Rows, Box<dyn Error>> {
        let first = reader.fill_buf()?;
        let first = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |separator: u8| first.iter().filter(|byte| **byte == separator).count();
        let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(reader);
        let headings = reader.byte_headers()?.iter().map(|name| canonical(&String::from_utf8_lossy(name))).collect();
        Ok(Rows { reader, headings, row: csv::ByteRecord::new() })
    }

    /// The names of the columns: words in lower case, joined by underscores.
    pub fn headings(&self) -> &[String] {
        &self.headings
    }

    fn cells(&self) -> Result<Vec<String>, Vec<String>> {
        if self.row.len() > self.headings.len() {
            let (cells, columns) = (self.row.len(), self.headings.len());
            return Err(vec![format!("it has {cells} cells, and the first line names {columns} columns")]);
        }
        let read = |(name, cell): (&String, &[u8])| match std::str::from_utf8(cell) {
            Ok(cell) => Ok(cell.trim().to_owned()),
            Err(_) => Err(vec![format!("{name}: it is not UTF-8; save the file in that encoding")]),
        };
        self.headings.iter().zip(self.row.iter()).map(read).collect()
    }
}

impl Iterator for Rows {
    type Item = Result<Record<Vec<String>>, Box<dyn Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.read_byte_record(&mut self.row) {
            Ok(false) => None,
            Ok(true) => {
                let line = self.row.position().map_or(0, csv::Position::line);
                Some(Ok(Record { line, content: self.cells() }))
            }
            Err(fault) => Some(Err(fault.into())),
        }
    }
}

fn canonical(heading: &str) -> String {
    let words = heading.trim_start_matches('\u{feff}').split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

/// One line of comma-separated values.
pub fn csv_line(cells: impl IntoIterator<Item = String>) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut line = csv::WriterBuilder::new().from_writer(Vec::new());
    line.write_record(cells.into_iter().map(String::into_bytes))?;
    Ok(line.into_inner()?)
}
