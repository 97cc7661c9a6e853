//! Lengths in front of pickles, as they are written.

use super::layer::Layer;
use super::lengths::Lengths;
use super::open::Input;
use crate::pieces::SMALL_PIECE;
use pickle_core::{Decoder, Step};
use std::io::{self, Read, Write};

/// The longest pickle that `multiprocessing.connection` gives a length of 4 bytes.
const SHORT: u64 = 0x7fff_ffff;

/// What the lengths look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// As the command line names it.
    Told(Lengths),
    /// 4 bytes, the highest first; from 2 GiB on -1 and 8 bytes.
    Usual,
}

impl Frames {
    /// Writes a pickle with its length in front.
    ///
    /// # Errors
    /// The length has no room in its bytes, or `out` takes no more.
    pub fn put(self, pickle: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let len = pickle.len() as u64;
        let length = match self {
            Frames::Told(lengths) => lengths.spell(len),
            Frames::Usual if len > SHORT => Some([&[0xff; 4][..], &len.to_be_bytes()].concat()),
            Frames::Usual => Lengths::FourBig.spell(len),
        };
        let wide = || io::Error::other(format!("a pickle of {len} bytes is too long for the length in front of it"));
        out.write_all(&length.ok_or_else(wide)?)?;
        out.write_all(pickle)
    }

    /// Writes pickles that stand back to back, each with its length in front. One at a time is held in memory.
    ///
    /// # Errors
    /// They cannot be read, one is damaged or too long, or `out` takes no more.
    pub(super) fn put_all(self, from: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
        let damaged = |error: pickle_core::Error| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let (mut decoder, mut pickle, mut piece) = (Decoder::new(), Vec::new(), vec![0; SMALL_PIECE]);
        loop {
            let n = from.read(&mut piece)?;
            let mut rest = piece.get(..n).unwrap_or_default();
            if rest.is_empty() {
                if !pickle.is_empty() {
                    decoder.finish().map_err(damaged)?;
                }
                return Ok(());
            }
            let mut all = rest;
            loop {
                match decoder.next(&mut rest).map_err(damaged)? {
                    Step::End => {
                        pickle.extend_from_slice(all.get(..all.len() - rest.len()).unwrap_or_default());
                        self.put(&pickle, out)?;
                        pickle.clear();
                        all = rest;
                        decoder.next_pickle();
                    }
                    Step::NeedMore => break,
                    _ => {}
                }
            }
            pickle.extend_from_slice(all);
        }
    }

    /// The lengths of a file are exactly those that would be written: `unframed` without them is `framed`.
    ///
    /// # Errors
    /// A file cannot be read, or a pickle is damaged.
    pub(super) fn are_those_of(self, mut unframed: Input, framed: Input) -> io::Result<bool> {
        let mut compare = Compare { with: framed, is_same: true };
        self.put_all(&mut unframed, &mut compare)?;
        let mut rest = [0];
        Ok(compare.is_same && Read::read(&mut compare.with, &mut rest)? == 0)
    }
}

/// The lengths and the layers without them, where they are the innermost.
pub(super) fn before_frames(layers: &[Layer]) -> Option<(Frames, &[Layer])> {
    let (last, before) = layers.split_last()?;
    match last {
        Layer::Framed => Some((Frames::Usual, before)),
        Layer::Counted(lengths) => Some((Frames::Told(*lengths), before)),
        _ => None,
    }
}

/// Takes bytes, and finds out whether they are those of an input.
struct Compare {
    with: Input,
    is_same: bool,
}

impl Write for Compare {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_same {
            let mut other = Vec::new();
            Read::take(&mut self.with as &mut dyn Read, bytes.len() as u64).read_to_end(&mut other)?;
            self.is_same = other == bytes;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_kind() {
        let lengths = [
            (Frames::Usual, &b"\0\0\0\x02N."[..]),
            (Frames::Told(Lengths::One), b"\x02N."),
            (Frames::Told(Lengths::TwoBig), b"\0\x02N."),
            (Frames::Told(Lengths::TwoLittle), b"\x02\0N."),
            (Frames::Told(Lengths::FourBig), b"\0\0\0\x02N."),
            (Frames::Told(Lengths::FourLittle), b"\x02\0\0\0N."),
            (Frames::Told(Lengths::EightBig), b"\0\0\0\0\0\0\0\x02N."),
            (Frames::Told(Lengths::EightLittle), b"\x02\0\0\0\0\0\0\0N."),
        ];
        for (frames, want) in lengths {
            let mut out = Vec::new();
            frames.put_all(&mut &b"N.N."[..], &mut out).unwrap();
            assert_eq!(out, [want, want].concat(), "{frames:?}");
        }
        let long = [&b"X\x00\x01\0\0"[..], &[b'x'; 256], b"."].concat();
        assert!(Frames::Told(Lengths::One).put_all(&mut long.as_slice(), &mut Vec::new()).is_err());
        assert!(Frames::Usual.put_all(&mut &b"N"[..], &mut Vec::new()).is_err());
        assert!(Frames::Usual.put_all(&mut &b"N.\xff"[..], &mut Vec::new()).is_err());
    }

    #[test]
    fn pickles_longer_than_a_piece() {
        let mut pickles = Vec::new();
        let mut want = Vec::new();
        for len in [0usize, 1, 255, 256, 65_535, 65_536, 300_000] {
            let pickle = [&b"X"[..], &(len as u32).to_le_bytes(), "x".repeat(len).as_bytes(), b"."].concat();
            want.extend((pickle.len() as u32).to_be_bytes());
            want.extend(&pickle);
            pickles.extend(pickle);
        }
        let mut out = Vec::new();
        Frames::Usual.put_all(&mut pickles.as_slice(), &mut out).unwrap();
        assert!(out == want);
    }
}
