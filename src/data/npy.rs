//! Arrays as NumPy saves them: a magic string, a version, a Python dictionary that says what the values are, the values.
//! Nothing is evaluated, and nothing that the header asks for is allocated before it is found possible.

use std::{
    fmt,
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    Bytes, Error,
    error::quoted,
    file::DataFile,
    npy_header::{Header, Kind, dtype},
};

/// The longest header that is read. NumPy itself takes 10,000 bytes.
const MAX_HEADER: usize = 1 << 16;

/// More values than this do not fit one buffer of a device, whose sizes are 32-bit.
const MAX_VALUES: u64 = u32::MAX as u64;

/// One value, exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    /// Rounded once.
    pub(super) fn to_f32(self) -> f32 {
        match self {
            Number::Integer(value) => value as f32,
            Number::Float(value) => value as f32,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(value) => value.fmt(f),
            Number::Float(value) => value.fmt(f),
        }
    }
}

/// Which array it is, for messages.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Its name in an archive.
    name: Option<String>,
}

impl Place {
    pub(super) fn error(&self, problem: impl Into<String>) -> Error {
        let array = match &self.name {
            Some(name) => format!("array {}: ", quoted(name)),
            None => String::new(),
        };
        Error::Array {
            path: self.path.clone(),
            array,
            problem: problem.into(),
        }
    }
}

/// An array whose header has been read and found possible; the values have not been read.
pub(super) struct Array<R = DataFile> {
    pub place: Place,
    pub kind: Kind,
    /// None of them 0, and at least one.
    pub dims: Vec<usize>,
    /// Bytes of a value.
    size: usize,
    is_big_endian: bool,
    /// Whether the first index varies fastest.
    is_fortran: bool,
    reader: R,
}

impl Array {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = DataFile::open(path)?;
        let max_len = file.max_len;
        Array::new(path, None, file, max_len)
    }
}

impl<R: Read> Array<R> {
    /// Reads a header; no more than `max_len` bytes can come, header included.
    pub(super) fn new(
        path: &Path,
        name: Option<&str>,
        mut reader: R,
        max_len: u64,
    ) -> Result<Self, Error> {
        let place = Place {
            path: path.to_owned(),
            name: name.map(str::to_owned),
        };
        let prefix = take(&mut reader, 8, &place)?;
        let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = prefix[..] else {
            return Err(place.error("no NumPy array; expected a file that numpy.save wrote"));
        };
        let words = match version {
            1 => 2,
            2 | 3 => 4,
            _ => {
                return Err(
                    place.error(format!("version {version} of the format; expected 1 to 3"))
                );
            }
        };
        let bytes = take(&mut reader, words, &place)?;
        let len = bytes
            .iter()
            .rev()
            .fold(0, |len, &byte| len << 8 | usize::from(byte));
        if len > MAX_HEADER {
            return Err(place.error(format!(
                "a header of {len} bytes; expected at most {MAX_HEADER}"
            )));
        }
        let header = Header::parse(&take(&mut reader, len, &place)?).map_err(|e| place.error(e))?;
        let (kind, size, is_big_endian) = dtype(&header.descr).map_err(|e| place.error(e))?;
        let start = (8 + words + len) as u64;
        let dims = check_size(&header.shape, size, max_len.saturating_sub(start))
            .map_err(|problem| place.error(problem))?;
        Ok(Self {
            place,
            kind,
            dims,
            size,
            is_big_endian,
            is_fortran: header.is_fortran,
            reader,
        })
    }

    /// Whether the values are bytes from 0 to 255, as pixels are.
    pub(super) fn holds_bytes(&self) -> bool {
        self.kind == Kind::Unsigned && self.size == 1
    }

    /// The values as they are stored, if they are bytes; in C order.
    pub(super) fn bytes(mut self) -> Result<Bytes, Error> {
        let raw = self.raw()?;
        if self.is_fortran {
            return Ok(c_order(&raw, &self.dims).into());
        }
        Ok(raw)
    }

    /// What `convert` makes of every value, in C order; it says what was expected where it takes none.
    pub(super) fn values<T: Copy>(
        mut self,
        convert: impl Fn(Number) -> Result<T, String>,
    ) -> Result<Vec<T>, Error> {
        let raw = self.raw()?;
        let mut values = Vec::with_capacity(raw.len() / self.size);
        for (index, bytes) in raw.chunks_exact(self.size).enumerate() {
            let number = self.number(bytes);
            let value = convert(number).map_err(|expected| {
                let at = self.index(index);
                self.place
                    .error(format!("found {number} at {at:?}; expected {expected}"))
            })?;
            values.push(value);
        }
        if self.is_fortran {
            return Ok(c_order(&values, &self.dims));
        }
        Ok(values)
    }

    fn number(&self, bytes: &[u8]) -> Number {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        if self.is_big_endian {
            word.reverse();
            word.rotate_left(8 - self.size);
        }
        let word = u64::from_le_bytes(word);
        let unused = 64 - 8 * self.size as u32;
        match self.kind {
            Kind::Bool => Number::Integer(i128::from(word != 0)),
            Kind::Unsigned => Number::Integer(word.into()),
            Kind::Signed => Number::Integer((((word << unused) as i64) >> unused).into()),
            Kind::Float if self.size == 4 => Number::Float(f32::from_bits(word as u32).into()),
            Kind::Float => Number::Float(f64::from_bits(word)),
        }
    }

    /// The indices of the value that is stored at this place.
    fn index(&self, mut stored: usize) -> Vec<usize> {
        let mut along = |dim: &usize| {
            let at = stored % dim;
            stored /= dim;
            at
        };
        if self.is_fortran {
            return self.dims.iter().map(along).collect();
        }
        let mut index: Vec<usize> = self.dims.iter().rev().map(&mut along).collect();
        index.reverse();
        index
    }

    /// The bytes of all values. Grows its memory only with what arrives, and reads at most one byte too many.
    fn raw(&mut self) -> Result<Bytes, Error> {
        let promised = self.dims.iter().product::<usize>() * self.size;
        let (raw, result) = Bytes::read(&mut self.reader, promised);
        let mut more = Vec::new();
        result
            .and_then(|()| (&mut self.reader).take(1).read_to_end(&mut more))
            .map_err(|source| Error::Read {
                path: self.place.path.clone(),
                place: format!(" after {} bytes of values", raw.len()),
                source,
            })?;
        if raw.len() < promised || !more.is_empty() {
            let found = if more.is_empty() { "fewer" } else { "more" };
            return Err(self.place.error(format!(
                "{found} bytes of values than its header says; expected {promised} for the shape {:?}",
                self.dims
            )));
        }
        Ok(raw)
    }
}

/// The next `len` bytes of a header.
fn take(reader: &mut impl Read, len: usize, place: &Place) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = reader.take(len as u64).read_to_end(&mut bytes);
    read.map_err(|source| Error::Read {
        path: place.path.clone(),
        place: String::new(),
        source,
    })?;
    if bytes.len() < len {
        return Err(place.error("it ends within its header; expected a file that numpy.save wrote"));
    }
    Ok(bytes)
}

/// Values in C order, the last index fastest, of values in Fortran order.
fn c_order<T: Copy>(values: &[T], dims: &[usize]) -> Vec<T> {
    let place = |index: usize| {
        let (mut rest, mut place) = (index, 0);
        let mut stride = values.len();
        for &dim in dims.iter().rev() {
            stride /= dim;
            place += rest % dim * stride;
            rest /= dim;
        }
        place
    };
    (0..values.len())
        .filter_map(|index| values.get(place(index)).copied())
        .collect()
}

/// The dimensions, if as many values can be there.
fn check_size(shape: &[u64], size: usize, left: u64) -> Result<Vec<usize>, String> {
    if shape.is_empty() {
        return Err("a single number; expected an array with an entry for each sample".to_owned());
    }
    if shape.contains(&0) {
        return Err(format!(
            "the shape {shape:?}, which is empty; expected at least one sample"
        ));
    }
    let values = shape
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim));
    let Some(values) = values.filter(|&values| values <= MAX_VALUES) else {
        return Err(format!(
            "the shape {shape:?}; expected at most {MAX_VALUES} values, which is what one buffer of a device can hold"
        ));
    };
    let bytes = values * size as u64;
    if bytes > left {
        return Err(format!(
            "the shape {shape:?} takes {bytes} bytes, but at most {left} follow; the file is damaged or was cut off"
        ));
    }
    Ok(shape.iter().map(|&dim| dim as usize).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(descr: &str, fortran: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(values);
        bytes
    }

    fn open(bytes: &[u8]) -> Result<Array<&[u8]>, Error> {
        Array::new(Path::new("x.npy"), None, bytes, bytes.len() as u64)
    }

    fn floats(bytes: &[u8]) -> Vec<f32> {
        let array = open(bytes).unwrap_or_else(|error| panic!("{error}"));
        array.values(|number| Ok(number.to_f32())).unwrap()
    }

    /// Protects every type of number, in both byte orders: sign, width and one rounding.
    #[test]
    fn numbers_are_what_numpy_wrote() {
        let case = |descr, bytes: &[u8], expected: f32| {
            let bytes = file(descr, "False", "(1,)", bytes);
            assert_eq!(floats(&bytes), [expected], "{descr}");
        };
        case("|b1", &[1], 1.0);
        case("|u1", &[200], 200.0);
        case("|i1", &[0xff], -1.0);
        case("<i2", &(-2i16).to_le_bytes(), -2.0);
        case(">u2", &513u16.to_be_bytes(), 513.0);
        case(">i4", &(-70_000i32).to_be_bytes(), -70_000.0);
        case("<u4", &u32::MAX.to_le_bytes(), 4294967296.0);
        case("<i8", &i64::MIN.to_le_bytes(), i64::MIN as f32);
        case("<u8", &u64::MAX.to_le_bytes(), u64::MAX as f32);
        case("<f4", &0.1f32.to_le_bytes(), 0.1);
        case(">f4", &0.1f32.to_be_bytes(), 0.1);
        case("<f8", &0.1f64.to_le_bytes(), 0.1);
        case(">f8", &(-1e-3f64).to_be_bytes(), -1e-3);
    }

    /// Protects the order of values: an array that NumPy stored by columns comes row by row, and an error names the
    /// index that NumPy would.
    #[test]
    fn fortran_order_is_turned() {
        // numpy.asfortranarray(numpy.arange(24, dtype="u1").reshape(2, 3, 4))
        let stored = [
            0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23,
        ];
        let bytes = file("|u1", "True", "(2, 3, 4)", &stored);
        let expected: Vec<u8> = (0..24).collect();
        assert_eq!(*open(&bytes).unwrap().bytes().unwrap(), expected);
        assert_eq!(
            floats(&bytes),
            expected.iter().map(|&b| f32::from(b)).collect::<Vec<_>>()
        );
        let refused = open(&bytes).unwrap().values(|number| match number {
            Number::Integer(21) => Err("anything else".to_owned()),
            _ => Ok(()),
        });
        assert_eq!(
            refused.unwrap_err().to_string(),
            "x.npy: found 21 at [1, 2, 1]; expected anything else"
        );
    }

    /// Protects memory and sense: what a header cannot mean is refused before anything is allocated.
    #[test]
    fn impossible_headers_are_refused() {
        let refused = |bytes: &[u8], expected: &str| {
            let error = open(bytes).err().expect("refused").to_string();
            assert!(error.contains(expected), "{error}");
        };
        refused(
            b"PK\x03\x04....",
            "no NumPy array; expected a file that numpy.save wrote",
        );
        refused(b"\x93NUMPY\x09\x00", "version 9 of the format");
        refused(
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
            "a header of 4294967295 bytes",
        );
        refused(b"\x93NUMPY\x01\x00\xff\x00{", "it ends within its header");
        refused(
            &file("<f4", "False", "(1000000, 1000)", &[0; 9]),
            "takes 4000000000 bytes, but at most 9",
        );
        let huge = "(18446744073709551615, 2)";
        refused(
            &file("<f4", "False", huge, &[0; 9]),
            "expected at most 4294967295 values",
        );
        refused(&file("<f4", "False", "()", &[0; 4]), "a single number");
        refused(&file("<f4", "False", "(0, 3)", &[]), "which is empty");
        refused(&file("|O", "False", "(1,)", &[0]), "values of type `|O`");
        refused(
            &file("<f2", "False", "(1,)", &[0; 2]),
            "astype(\"float32\")",
        );
        refused(
            &file("<f4", "false", "(1,)", &[0; 4]),
            "expected a dictionary such as",
        );
        refused(
            &file("<f4", "False", "(-1,)", &[0; 4]),
            "expected a dictionary such as",
        );
        let bytes = file("<f4", "False", "(2,)", &[0; 9]);
        let more = open(&bytes).unwrap().bytes().unwrap_err().to_string();
        assert!(
            more.contains("more bytes of values than its header says; expected 8"),
            "{more}"
        );
    }

    proptest! {
        /// Protects against panics: any damage is an error or leaves an array that is consistent.
        #[test]
        fn damaged_arrays_do_not_panic(at in 0usize..90, byte: u8, cut in 0usize..120) {
            let mut bytes = file("<i4", "True", "(2, 3)", &[7; 24]);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut.max(1));
            if let Ok(array) = open(&bytes) {
                let values: usize = array.dims.iter().product();
                if let Ok(read) = array.values(|number| Ok(number.to_f32())) {
                    prop_assert_eq!(read.len(), values);
                }
            }
        }
    }
}
