//! Bytes packed into words, as an executor takes them.

use std::{
    fmt,
    io::{self, ErrorKind, Read},
    ops::Deref,
    sync::Arc,
};

/// Bytes that are read at a time: memory grows only when something comes for it.
const PIECE: usize = 1 << 20;

/// Bytes, four to a word, the last word filled up with zeros. A clone shares them, and so may an
/// executor: a data set need not be there twice.
#[derive(Clone)]
pub struct Bytes {
    words: Arc<Vec<f32>>,
    len: usize,
}

impl Bytes {
    /// The words that hold the bytes.
    pub fn words(&self) -> &Arc<Vec<f32>> {
        &self.words
    }

    /// `len` bytes that `write` writes.
    pub(super) fn fill<E>(
        len: usize,
        write: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Bytes, E> {
        let mut words = vec![0f32; len.div_ceil(4)];
        let (bytes, _) = bytemuck::cast_slice_mut(&mut words).split_at_mut(len);
        write(bytes)?;
        let words = Arc::new(words);
        Ok(Bytes { words, len })
    }

    /// Reads `len` bytes, or fewer if there are no more; what came before an error comes with it.
    pub(super) fn read(reader: &mut impl Read, len: usize) -> (Bytes, io::Result<()>) {
        let (mut words, mut read) = (Vec::<f32>::new(), 0);
        let result = loop {
            let end = len.min(read + PIECE);
            words.resize(end.div_ceil(4), 0.0);
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
            match reader.read(bytes.get_mut(read..end).unwrap_or_default()) {
                Ok(0) => break Ok(()),
                Ok(more) => read += more,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        words.truncate(read.div_ceil(4));
        words.shrink_to_fit();
        let words = Arc::new(words);
        (Bytes { words, len: read }, result)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes {
            words: Arc::new(bytemuck::pod_collect_to_vec(&bytes)),
            len: bytes.len(),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words).split_at(self.len).0
    }
}

/// By bytes: as numbers, some words would not equal themselves.
impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects lengths that are no multiple of four, files that end early, and the zeros after
    /// the last byte.
    #[test]
    fn what_is_read_is_what_came() {
        let source: Vec<u8> = (0..PIECE + 5).map(|i| (i % 251) as u8).collect();
        for (there, asked) in [(0, 3), (7, 7), (6, 9), (9, 6), (PIECE + 5, PIECE + 5)] {
            let (bytes, result) = Bytes::read(&mut &source[..there], asked);
            result.unwrap();
            let expected = source[..there.min(asked)].to_vec();
            assert_eq!(bytes, expected.clone().into(), "{there} {asked}");
            assert_eq!(*bytes, *expected);
            assert_eq!(bytes.words().len(), expected.len().div_ceil(4));
        }
    }

    /// Protects the place that an error names: what came before it is counted.
    #[test]
    fn an_error_comes_with_what_was_read() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let (bytes, result) = Bytes::read(&mut [1u8, 2, 3].chain(Broken), 9);
        assert_eq!(*bytes, [1, 2, 3]);
        assert_eq!(result.unwrap_err().to_string(), "broken");
    }
}
