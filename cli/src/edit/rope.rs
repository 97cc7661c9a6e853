//! Bytes of a file with some of them replaced, which are never held.

use crate::input::Part;
use crate::pieces::PIECE;
use std::io::{self, Read, Write};

/// Bytes and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub from: u64,
    pub to: u64,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Piece {
    /// Bytes of a file.
    Part(Part),
    New(Vec<u8>),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Piece::Part(part) => part.len(),
            Piece::New(bytes) => bytes.len() as u64,
        }
    }

    fn slice(&self, from: u64, len: u64) -> Piece {
        match self {
            Piece::Part(part) => Piece::Part(part.slice(from, len)),
            Piece::New(bytes) => {
                let end = from.saturating_add(len).min(bytes.len() as u64);
                Piece::New(bytes.get(from as usize..end as usize).unwrap_or_default().to_vec())
            }
        }
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Piece::Part(part) => part.read_at(offset, out),
            Piece::New(bytes) => (&mut bytes.get(offset as usize..).unwrap_or_default()).read(out),
        }
    }
}

/// The bytes of a file, with changes.
#[derive(Clone, Debug)]
pub struct Rope {
    /// Each with where it begins.
    pieces: Vec<(u64, Piece)>,
    len: u64,
}

impl Rope {
    /// The bytes of a file.
    pub fn new(part: Part) -> Rope {
        let len = part.len();
        Rope { pieces: vec![(0, Piece::Part(part))], len }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The bytes with patches, which are sorted and do not overlap.
    pub(super) fn patched(&self, patches: &[Patch]) -> Rope {
        let mut new = Rope { pieces: Vec::new(), len: 0 };
        let mut done = 0;
        for patch in patches {
            self.copy(done, patch.from, &mut new);
            new.push(Piece::New(patch.bytes.clone()));
            done = patch.to;
        }
        self.copy(done, self.len, &mut new);
        new
    }

    fn push(&mut self, piece: Piece) {
        let len = piece.len();
        if len != 0 {
            self.pieces.push((self.len, piece));
            self.len += len;
        }
    }

    fn copy(&self, from: u64, to: u64, out: &mut Rope) {
        for (start, piece) in &self.pieces {
            let (first, last) = (from.max(*start), to.min(start + piece.len()));
            if first < last {
                out.push(piece.slice(first - start, last - first));
            }
        }
    }

    /// Reads at an offset; nothing only at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let at = self.pieces.partition_point(|(start, _)| *start <= offset);
        let Some((start, piece)) = at.checked_sub(1).and_then(|at| self.pieces.get(at)) else { return Ok(0) };
        piece.read_at(offset - start, out)
    }

    /// Bytes of a range.
    ///
    /// # Errors
    /// As [`Rope::read_at`].
    pub fn bytes(&self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let reader = RopeReader { rope: self, at: from };
        reader.take(to.min(self.len).saturating_sub(from)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes all of them.
    ///
    /// # Errors
    /// The file cannot be read, or `out` takes no more.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (mut piece, mut at) = (vec![0; PIECE], 0);
        loop {
            let n = self.read_at(at, &mut piece)?;
            if n == 0 {
                return Ok(());
            }
            out.write_all(piece.get(..n).unwrap_or_default())?;
            at += n as u64;
        }
    }

    /// Reads all of them.
    pub fn reader(&self) -> RopeReader<'_> {
        RopeReader { rope: self, at: 0 }
    }
}

/// Reads the bytes from start to end.
pub struct RopeReader<'r> {
    rope: &'r Rope,
    at: u64,
}

impl Read for RopeReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.rope.read_at(self.at, out)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn patches_upon_patches() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let rope = Rope::new(Part::new(Rc::new(file), 0, 10));
        let patch = |from: u64, to: u64, bytes: &[u8]| Patch { from, to, bytes: bytes.to_vec() };
        let all = |rope: &Rope| String::from_utf8(rope.bytes(0, rope.len()).unwrap()).unwrap();
        let once = rope.patched(&[patch(2, 4, b"abcd"), patch(9, 9, b"-")]);
        assert_eq!(all(&once), "01abcd45678-9");
        let twice = once.patched(&[patch(0, 3, b""), patch(4, 6, b"X"), patch(13, 13, b"!")]);
        assert_eq!(all(&twice), "bX45678-9!");
        assert_eq!(twice.bytes(1, 4).unwrap(), b"X45");
        let mut whole = String::new();
        twice.reader().read_to_string(&mut whole).unwrap();
        assert_eq!(whole, all(&twice));
        assert_eq!(all(&rope), "0123456789");
        assert_eq!(all(&rope.patched(&[patch(0, 10, b"")])), "");
    }
}
