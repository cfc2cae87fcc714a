//! The IDX format of MNIST: two zero bytes, the element type, the number of dimensions, each dimension as a big-endian
//! u32, then the values row-major. Only unsigned bytes are read.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::{Bytes, Error, file::DataFile};

const UNSIGNED_BYTE: u8 = 0x08;

/// More values than this do not fit one buffer of a device, whose sizes are 32-bit.
const MAX_VALUES: u64 = u32::MAX as u64;

/// An open IDX file whose header has been read and found possible; the values have not been read.
pub(super) struct IdxFile<R = DataFile> {
    path: PathBuf,
    unit: &'static str,
    reader: R,
    /// The sizes from the header, none of them 0; the first is the number of samples.
    pub dims: Vec<u32>,
}

impl IdxFile {
    /// Opens a file and checks its header against `ranks`, the numbers of dimensions that make sense, and against the
    /// size of the file. Allocates nothing that the header asks for.
    pub(super) fn open(path: &Path, ranks: &[u8]) -> Result<Self, Error> {
        let file = DataFile::open(path)?;
        let (unit, max_len) = (file.unit(), file.max_len);
        IdxFile::new(path.to_owned(), unit, file, max_len, ranks)
    }
}

impl<R: Read> IdxFile<R> {
    fn new(
        path: PathBuf,
        unit: &'static str,
        reader: R,
        max_len: u64,
        ranks: &[u8],
    ) -> Result<Self, Error> {
        let mut file = IdxFile {
            path,
            unit,
            reader,
            dims: Vec::new(),
        };
        let [zero0, zero1, kind, rank] = file.word(0)?;
        if [zero0, zero1] != [0, 0] {
            let found = format!("{zero0:#04x} {zero1:#04x}");
            return Err(file.error(0, found, "0x00 0x00, which every IDX file begins with"));
        }
        if kind != UNSIGNED_BYTE {
            let found = format!("element type {kind:#04x} ({})", type_name(kind));
            return Err(file.error(2, found, "0x08, unsigned bytes: kiln reads no other type"));
        }
        if !ranks.contains(&rank) {
            let ranks: Vec<String> = ranks.iter().map(u8::to_string).collect();
            return Err(file.error(
                3,
                format!("{rank} as the number of dimensions"),
                ranks.join(" or "),
            ));
        }
        for index in 0..u64::from(rank) {
            let offset = 4 + 4 * index;
            let dim = u32::from_be_bytes(file.word(offset)?);
            if dim == 0 {
                return Err(file.error(
                    offset,
                    format!("dimension {index} of size 0"),
                    "at least 1",
                ));
            }
            file.dims.push(dim);
        }
        file.check_size(max_len)?;
        Ok(file)
    }

    fn check_size(&self, max_len: u64) -> Result<(), Error> {
        let start = self.start();
        let values = self
            .dims
            .iter()
            .try_fold(1u64, |product, &dim| product.checked_mul(u64::from(dim)));
        match values.filter(|&values| values <= MAX_VALUES) {
            None => Err(self.error(
                4,
                format!("dimensions {:?}", self.dims),
                format!(
                    "at most {MAX_VALUES} values, which is what one buffer of a device can hold"
                ),
            )),
            Some(values) if start + values > max_len => Err(self.error(
                max_len.max(start),
                "the end of the file (at the latest)",
                format!(
                    "{values} bytes from byte {start} on, for the dimensions {:?}",
                    self.dims
                ),
            )),
            Some(_) => Ok(()),
        }
    }

    /// The number of samples.
    pub(super) fn len(&self) -> u32 {
        self.dims.first().copied().unwrap_or_default()
    }

    /// The offset of the first value.
    pub(super) fn start(&self) -> u64 {
        4 + 4 * self.dims.len() as u64
    }

    /// The values. Reads at most one byte more than the header promises, and grows its memory only with what arrives.
    pub(super) fn read(&mut self) -> Result<Bytes, Error> {
        let start = self.start();
        let promised: u64 = self.dims.iter().map(|&dim| u64::from(dim)).product();
        let (values, result) = Bytes::read(&mut self.reader, promised as usize);
        let mut more = Vec::new();
        if let Err(source) = result.and_then(|()| (&mut self.reader).take(1).read_to_end(&mut more))
        {
            let place = format!(" after {} {}", self.unit, start + values.len() as u64);
            return Err(Error::Read {
                path: self.path.clone(),
                place,
                source,
            });
        }
        let read = values.len() as u64;
        let expected = format!(
            "{promised} bytes from byte {start} on, for the dimensions {:?}",
            self.dims
        );
        if read < promised {
            return Err(self.error(start + read, "the end of the file", expected));
        }
        if !more.is_empty() {
            return Err(self.error(
                start + promised,
                "further bytes",
                format!("the end of the file, after {expected}"),
            ));
        }
        Ok(values)
    }

    /// The four bytes at the reader's place, which is `offset`.
    fn word(&mut self, offset: u64) -> Result<[u8; 4], Error> {
        let mut bytes = Vec::new();
        if let Err(source) = (&mut self.reader).take(4).read_to_end(&mut bytes) {
            let place = if offset == 0 {
                String::new()
            } else {
                format!(" after {} {offset}", self.unit)
            };
            return Err(Error::Read {
                path: self.path.clone(),
                place,
                source,
            });
        }
        <[u8; 4]>::try_from(bytes.as_slice()).map_err(|_| {
            self.error(
                offset + bytes.len() as u64,
                "the end of the file",
                "an IDX header: 0x00 0x00, the element type, the number of dimensions, and four bytes for each of them",
            )
        })
    }

    /// An error at `offset` of this file.
    pub(super) fn error(
        &self,
        offset: u64,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Error {
        Error::Idx {
            path: self.path.clone(),
            unit: self.unit,
            offset,
            found: found.into(),
            expected: expected.into(),
        }
    }
}

fn type_name(kind: u8) -> &'static str {
    match kind {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "no type that IDX has",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use proptest::prelude::*;

    use super::*;

    fn header(dims: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0, 0, UNSIGNED_BYTE, dims.len() as u8];
        bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        bytes
    }

    fn parse(bytes: &[u8], ranks: &[u8]) -> Result<(Vec<u32>, Vec<u8>), Error> {
        let mut file = IdxFile::new("file".into(), "byte", bytes, bytes.len() as u64, ranks)?;
        let values = file.read()?;
        Ok((file.dims, values.to_vec()))
    }

    /// Protects against decompression bombs: from an endless reader no more is taken than the header promises plus one.
    #[test]
    fn an_endless_file_is_left_after_one_byte_too_many() {
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                // It ends after all, so that a reader without bound fails here and not for want of memory.
                let len = if self.0 < 1 << 20 { buffer.len() } else { 0 };
                self.0 += len as u64;
                Ok(len)
            }
        }
        let mut endless = Endless(0);
        let reader = io::Cursor::new(header(&[100, 3, 5])).chain(&mut endless);
        let mut file = IdxFile::new("file".into(), "byte", reader, u64::MAX, &[3]).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(
            error.starts_with("file: byte 1516: found further bytes; expected the end of the file"),
            "{error}"
        );
        assert_eq!(endless.0, 1501);
    }

    /// Protects against sizes that overflow, or that no file of this length can hold: refused from the header alone.
    #[test]
    fn impossible_dimensions_are_refused_before_reading() {
        let refused = |dims: &[u32], max_len| {
            let bytes = header(dims);
            let result = IdxFile::new("file".into(), "byte", bytes.as_slice(), max_len, &[1, 3, 4]);
            result.err().expect("refused").to_string()
        };
        assert!(refused(&[u32::MAX; 4], u64::MAX).contains("at most 4294967295 values"));
        assert!(
            refused(&[1 << 16, 1 << 8, 1 << 8], u64::MAX).contains("at most 4294967295 values")
        );
        assert_eq!(
            refused(&[1000, 28, 28], 500),
            "file: byte 500: found the end of the file (at the latest); \
             expected 784000 bytes from byte 16 on, for the dimensions [1000, 28, 28]"
        );
    }

    proptest! {
        /// Protects the reading of good files: what was written comes back.
        #[test]
        fn reads_what_was_written(dims in prop::collection::vec(1u32..6, 1..5), fill: u8) {
            let values: Vec<u8> = (0..dims.iter().product::<u32>()).map(|i| fill.wrapping_add(i as u8)).collect();
            let bytes = [header(&dims), values.clone()].concat();
            prop_assert_eq!(parse(&bytes, &[1, 2, 3, 4]).unwrap(), (dims, values));
        }

        /// Protects against every truncation: each is an error that names the byte at which the file ends.
        #[test]
        fn every_truncation_is_an_error(dims in prop::collection::vec(1u32..6, 1..5), cut in 0.0..1.0) {
            let len = dims.iter().product::<u32>() as usize;
            let whole = [header(&dims), vec![7; len]].concat();
            let cut = (whole.len() as f64 * cut) as usize;
            let error = parse(&whole[..cut], &[1, 2, 3, 4]).unwrap_err();
            let at_cut = matches!(error, Error::Idx { offset, .. } if offset == cut as u64);
            prop_assert!(at_cut, "{}", error);
        }

        /// Protects against panics and lies: any bytes either fail or hold exactly what their header says.
        #[test]
        fn any_bytes_are_refused_or_consistent(
            start in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(8), any::<u8>()], 0..20),
            rest in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let bytes = [start, rest].concat();
            if let Ok((dims, values)) = parse(&bytes, &[1, 2, 3, 4]) {
                prop_assert_eq!(dims.iter().product::<u32>() as usize, values.len());
                prop_assert_eq!(4 + 4 * dims.len() + values.len(), bytes.len());
            }
        }
    }
}
