//! Damage: a valid file with random changes of the kinds that find mistakes, the same ones in every run.

use kiln::rng::{Purpose, Rng};

/// The longest input.
const LONGEST: usize = 1 << 12;

/// Numbers at the edges of types, in both orders of bytes.
const EDGES: [u64; 12] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 32,
    1 << 53,
    i64::MAX as u64,
    u64::MAX,
];

/// Pieces of texts that have a meaning somewhere, beside those of the seeds themselves.
const WORDS: [&str; 64] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "'",
    "-",
    "1",
    "0",
    "->",
    "**",
    "//",
    "%",
    "=",
    "\n",
    " then ",
    " if ",
    " else ",
    "lambda e: ",
    " and ",
    " not ",
    "1e308",
    "1e-320",
    "1e999",
    "-1",
    "0.5x",
    "1e18up",
    "1e9ep",
    "100%",
    "null",
    "true",
    "NaN",
    "inf",
    "1e400",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775808",
    "4294967295",
    "-9223372036854775808",
    "99999999999999999999999999",
    "0x",
    "\u{0}",
    "\u{feff}",
    "é",
    "𝄞",
    "../",
    "/",
    "((((((((((((((((((((((((((((((((",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "]]]]",
    "{\"a\":{\"a\":{\"a\":",
    ".",
    ";",
    "#",
    "--",
    "\\",
    "\\u0000",
    "\r",
    "\t",
    ",,",
];

/// A generator of inputs like `seeds`.
pub struct Mutator<'s> {
    rng: Rng,
    seeds: &'s [Vec<u8>],
    /// What the seeds are made of, as far as they are texts.
    words: Vec<&'s [u8]>,
}

impl<'s> Mutator<'s> {
    /// The same inputs for the same seeds.
    pub fn new(seeds: &'s [Vec<u8>]) -> Mutator<'s> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        let mut words: Vec<&[u8]> = WORDS.iter().map(|word| word.as_bytes()).collect();
        for text in seeds
            .iter()
            .filter(|seed| std::str::from_utf8(seed).is_ok())
        {
            let parts = text.chunk_by(|a, b| is_word(a) == is_word(b));
            words.extend(parts.filter(|part| part.len() < 40));
        }
        words.sort_unstable();
        words.dedup();
        Mutator {
            rng: Rng::new(0, Purpose::Test, 0),
            seeds,
            words,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.below(n.max(1) as u32) as usize
    }

    /// A seed, changed once to eight times.
    pub fn next(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        let mut input = self.seeds[at].clone();
        for _ in 0..1 << self.below(4) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = at + self.below((input.len() - at).min(64) + 1);
        match self.below(10) {
            0 => input
                .get_mut(at)
                .into_iter()
                .for_each(|byte| *byte ^= 1 << (end % 8)),
            1 => {
                let byte = self.below(256) as u8;
                input.get_mut(at).into_iter().for_each(|old| *old = byte);
            }
            2 => input.truncate(at),
            3 => drop(input.drain(at..end)),
            4 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            5 => self.splice(input, at),
            6 => self.number(input, at),
            7 => self.digits(input, at),
            _ => {
                let word = self.below(self.words.len());
                let end = if self.below(2) == 0 { at } else { end };
                input.splice(at..end, self.words[word].iter().copied());
            }
        }
    }

    /// The end of another seed.
    fn splice(&mut self, input: &mut Vec<u8>, at: usize) {
        let other = &self.seeds[self.below(self.seeds.len())];
        let from = self.below(other.len() + 1);
        input.truncate(at);
        input.extend(&other[from..]);
    }

    /// A number at the edge of a type, in place of what is there.
    fn number(&mut self, input: &mut [u8], at: usize) {
        let number = EDGES[self.below(EDGES.len())];
        let size = 1 << self.below(4);
        let mut bytes = number.to_le_bytes()[..size].to_vec();
        if self.below(2) == 0 {
            bytes.reverse();
        }
        for (to, from) in input.iter_mut().skip(at).zip(bytes) {
            *to = from;
        }
    }

    /// Another number in place of the next one that is written in digits.
    fn digits(&mut self, input: &mut Vec<u8>, at: usize) {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let Some(start) = input[at..].iter().position(is_digit).map(|n| at + n) else {
            return;
        };
        let len = input[start..]
            .iter()
            .take_while(|byte| is_digit(byte))
            .count();
        let number = EDGES[self.below(EDGES.len())].to_string();
        input.splice(start..start + len, number.into_bytes());
    }
}
