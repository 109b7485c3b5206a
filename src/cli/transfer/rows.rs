//! Comma-separated values, a row at a time.

use super::Record;
use std::cell::Cell;
use std::error::Error;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// Maximum size of a row, in bytes. A quote that is not closed makes a row of the rest of the file.
const MAX_ROW: usize = 1024 * 1024;

/// The rows of a file below its first line, which names the columns. Cells are trimmed.
pub struct Rows {
    reader: csv::Reader<LimitedRow>,
    /// What may still be read for the row.
    left: Rc<Cell<usize>>,
    headings: Vec<String>,
    row: csv::ByteRecord,
}

/// The file, of which a row may have so many bytes.
struct LimitedRow {
    file: Box<dyn BufRead>,
    left: Rc<Cell<usize>>,
}

impl Read for LimitedRow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let left = self.left.get().checked_sub(count).ok_or_else(|| {
            let reason = format!("a row has more than {MAX_ROW} bytes; perhaps a quote is not closed");
            io::Error::new(io::ErrorKind::InvalidData, reason)
        })?;
        self.left.set(left);
        Ok(count)
    }
}

impl Rows {
    /// Reads the first line. It tells by what cells are separated: spreadsheets of some countries write semicolons.
    pub fn open(mut reader: Box<dyn BufRead>) -> Result<Rows, Box<dyn Error>> {
        let first = reader.fill_buf()?;
        let first = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |separator: u8| first.iter().filter(|byte| **byte == separator).count();
        let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
        let left = Rc::new(Cell::new(MAX_ROW));
        let file = LimitedRow { file: reader, left: Rc::clone(&left) };
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(file);
        let headings = reader.byte_headers()?.iter().map(|name| canonical(&String::from_utf8_lossy(name))).collect();
        Ok(Rows { reader, left, headings, row: csv::ByteRecord::new() })
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
        self.left.set(MAX_ROW);
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
