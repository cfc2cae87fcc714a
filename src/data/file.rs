//! Reads a file that may be gzipped, without trusting it.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use super::Error;

/// Deflate spends at least two bits on at most 258 bytes.
pub(super) const MAX_RATIO: u64 = 258 * 8 / 2;

/// Bytes that are read at a time. A decoder keeps its window for every piece, so pieces are large.
const BUFFER: usize = 1 << 18;

/// A file's contents, decompressed if they are gzip, whatever the file is called.
pub(super) struct DataFile {
    reader: Reader,
    /// No more bytes than this can come out: the length of a plain file, a bound for a gzipped one.
    pub max_len: u64,
}

enum Reader {
    Plain(BufReader<File>),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
}

impl DataFile {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Self::detect(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            place: String::new(),
            source,
        })
    }

    fn detect(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut magic = Vec::new();
        (&mut file).take(2).read_to_end(&mut magic)?;
        file.rewind()?;
        let file = BufReader::with_capacity(BUFFER, file);
        Ok(if magic == [0x1f, 0x8b] {
            Self {
                reader: Reader::Gzip(Box::new(MultiGzDecoder::new(file))),
                max_len: len.saturating_mul(MAX_RATIO),
            }
        } else {
            Self {
                reader: Reader::Plain(file),
                max_len: len,
            }
        })
    }

    /// What an offset into the contents counts.
    pub(super) fn unit(&self) -> &'static str {
        match self.reader {
            Reader::Plain(_) => "byte",
            Reader::Gzip(_) => "decompressed byte",
        }
    }
}

impl Read for DataFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.reader {
            Reader::Plain(reader) => reader.read(buffer),
            Reader::Gzip(reader) => reader.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// Protects good files and memory alike: the bound on what a gzipped file can hold is kept by the most compressible
    /// contents there are, and is not much above them. A plain file holds what it holds.
    #[test]
    fn the_bound_is_true_and_close() {
        let contents = vec![0; 10 << 20];
        let bound = |bytes: &[u8]| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            DataFile::open(file.path()).unwrap().max_len
        };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&contents).unwrap();
        let bound_of_zeros = bound(&encoder.finish().unwrap());
        assert!(
            (10 << 20..11 << 20).contains(&bound_of_zeros),
            "{bound_of_zeros}"
        );
        assert_eq!(bound(&contents), 10 << 20);
    }
}
