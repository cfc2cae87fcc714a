//! Reads the rows of a CSV file one at a time and knows on which line each is. A row is a line: since its cells are
//! numbers and names of classes, a line break in quotes is an error here, and a forgotten quote is found at once.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use csv_core::ReadRecordResult;

use super::{Error, file::DataFile};

/// The longest line that is read, in bytes. Without a bound, a file without line ends would be read into memory whole.
const MAX_LINE: u64 = 16 << 20;

/// An open CSV file.
pub(super) struct Rows {
    pub path: PathBuf,
    file: BufReader<DataFile>,
    parser: csv_core::Reader,
    line: u64,
    buffer: Vec<u8>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// One row: its line, counted from 1, and its cells, without the spaces around them.
pub(super) struct Row<'a> {
    pub line: u64,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &'a str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(self.ends)
            .map(|(start, &end)| self.text.get(start..end).unwrap_or_default().trim())
    }
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::new(DataFile::open(path)?),
            parser: csv_core::Reader::new(),
            line: 0,
            buffer: Vec::new(),
            text: Vec::new(),
            ends: Vec::new(),
        })
    }

    /// The next row, or none at the end of the file. Blank lines are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        loop {
            if !self.read_line()? {
                return Ok(None);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return self.parse().map(Some);
            }
        }
    }

    /// Reads a line into the buffer, without its end; says no at the end of the file.
    fn read_line(&mut self) -> Result<bool, Error> {
        self.buffer.clear();
        if let Err(source) = (&mut self.file)
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut self.buffer)
        {
            let place = format!(" after line {}", self.line);
            return Err(Error::Read {
                path: self.path.clone(),
                place,
                source,
            });
        }
        if self.buffer.is_empty() {
            return Ok(false);
        }
        self.line += 1;
        if self.buffer.len() as u64 > MAX_LINE {
            return Err(self.error(format!(
                "longer than {} MiB; expected the end of a row",
                MAX_LINE >> 20
            )));
        }
        for end in [b'\n', b'\r'] {
            self.buffer.pop_if(|last| *last == end);
        }
        Ok(true)
    }

    /// Takes the line in the buffer apart.
    fn parse(&mut self) -> Result<Row<'_>, Error> {
        if self.buffer.contains(&b'\r') {
            return Err(self.error(
                "a carriage return inside the line; save the file with LF or CRLF line ends",
            ));
        }
        self.buffer.push(b'\n');
        self.text.resize(self.buffer.len() + 1, 0);
        self.ends.resize(
            self.buffer.iter().filter(|&&byte| byte == b',').count() + 2,
            0,
        );
        let (result, _, text, cells) =
            self.parser
                .read_record(&self.buffer, &mut self.text, &mut self.ends);
        if !matches!(result, ReadRecordResult::Record) {
            return Err(self.error("a quotation mark is opened and not closed on this line"));
        }
        let Ok(text) = std::str::from_utf8(self.text.get(..text).unwrap_or_default()) else {
            return Err(self.error("not UTF-8 text; save the file as UTF-8"));
        };
        Ok(Row {
            line: self.line,
            text,
            ends: self.ends.get(..cells).unwrap_or_default(),
        })
    }

    fn error(&self, problem: impl Into<String>) -> Error {
        Error::Line {
            path: self.path.clone(),
            line: self.line,
            problem: problem.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// All rows of a file with these contents, as their line and cells.
    fn rows(contents: &[u8]) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(contents).unwrap();
        let mut rows = Rows::open(file.path()).unwrap();
        let mut all = Vec::new();
        loop {
            match rows.next() {
                Ok(Some(row)) => all.push((row.line, row.cells().map(str::to_owned).collect())),
                Ok(None) => return Ok(all),
                Err(error) => return Err(error.to_string().split_once(": ").unwrap().1.to_owned()),
            }
        }
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| cell.to_string()).collect())
    }

    /// Protects the line numbers in errors through blank lines, either line end and a missing last one; and quotes,
    /// spaces and the byte order mark that spreadsheets write.
    #[test]
    fn rows_know_their_lines() {
        let expected = Ok(vec![
            row(1, &["a", "b"]),
            row(4, &["1", "x,\"y"]),
            row(5, &["", "3"]),
        ]);
        assert_eq!(rows(b"\xef\xbb\xbfa, b\n\n  \n1,\"x,\"\"y\"\n,3"), expected);
        assert_eq!(rows(b"a,b\r\n\r\n\r\n 1 ,\"x,\"\"y\"\r\n,3\r\n"), expected);
        assert_eq!(rows(b""), Ok(vec![]));
    }

    /// Protects against silently gluing lines together, and against text that is none.
    #[test]
    fn malformed_lines_are_errors() {
        let error = |contents: &[u8]| rows(contents).unwrap_err();
        assert_eq!(
            error(b"a,b\n1,\"2\n3,4\n"),
            "line 2: a quotation mark is opened and not closed on this line"
        );
        assert_eq!(
            error(b"a,b\n1,\xff\n"),
            "line 2: not UTF-8 text; save the file as UTF-8"
        );
        assert!(error(b"a,b\r1,2\r3,4").starts_with("line 1: a carriage return inside the line"));
    }

    /// Protects memory against a file without line ends: no more of it is read than shows that it is one.
    #[test]
    fn an_endless_line_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![b'1'; 2 * MAX_LINE as usize]).unwrap();
        let mut rows = Rows::open(file.path()).unwrap();
        let error = rows.next().err().expect("refused").to_string();
        assert!(
            error.ends_with(": line 1: longer than 16 MiB; expected the end of a row"),
            "{error}"
        );
        assert_eq!(rows.buffer.len() as u64, MAX_LINE + 1);
    }
}
