//! A pickle of arrays, as NumPy pickles them: `.npz` files read as the dict that they stand for, and such a dict written.

use super::copied::Trouble;
use crate::Failure;
use crate::input::containers::{self, Member, NpyHeader};
use crate::input::{Input, Part};
use crate::messages::printable;
use crate::survey::indexes::Indexes;
use pickle_core::{Arg, Decoder, Encoder, OpKind, Opcode, Step, WriteError, memo_index};
use std::io::{self, BufWriter, Write};
use std::rc::Rc;

/// The protocol that is written. All Pythons from 3.4 on read it.
const PROTOCOL: u8 = 4;

/// Arrays in the making, one after another in one pickle.
pub(super) struct Arrays<'o> {
    out: &'o mut dyn Write,
    /// Entries of the memo that are taken.
    memo: u64,
    in_dict: bool,
}

impl<'o> Arrays<'o> {
    /// Begins a dict of arrays, or a single one without a name.
    ///
    /// # Errors
    /// What `out` says.
    pub(super) fn begin(out: &'o mut dyn Write, in_dict: bool) -> io::Result<Self> {
        out.write_all(&[Opcode::Proto.byte(), PROTOCOL])?;
        if in_dict {
            out.write_all(&[Opcode::EmptyDict.byte(), Opcode::Mark.byte()])?;
        }
        Ok(Arrays { out, memo: 0, in_dict })
    }

    /// Writes an array, whose `.npy` file has this header; `items` writes what stands behind that.
    ///
    /// # Errors
    /// The header is not known, `items` fails, or what `out` says.
    pub(super) fn array(
        &mut self,
        name: &str,
        header: &NpyHeader,
        items: impl FnOnce(&mut dyn Write) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let refuse = |text: String| {
            let name = if name.is_empty() { "the array".to_owned() } else { printable(name) };
            Trouble::Other(Failure::Refused { name, text })
        };
        if self.in_dict {
            let mut key = Vec::new();
            let written = Encoder::new(&mut key, PROTOCOL).op(Opcode::BinUnicode, Arg::Bytes(name.as_bytes()));
            written.map_err(|_| refuse("its name is too long".into()))?;
            self.out.write_all(&key).map_err(Trouble::Write)?;
        }
        if header.has_objects() {
            let mut pickle = Vec::new();
            items(&mut pickle)?;
            let opcodes = self.nested(&pickle).map_err(refuse)?;
            return self.out.write_all(&opcodes).map_err(Trouble::Write);
        }
        let (before, len, behind) = containers::npy_opcodes(header)
            .ok_or_else(|| refuse(format!("its .npy header is not known: {}", printable(header.text.trim_end()))))?;
        self.out.write_all(&before).map_err(Trouble::Write)?;
        let mut counted = Counted { out: &mut *self.out, written: 0 };
        items(&mut counted)?;
        if counted.written != len {
            return Err(refuse(format!("it has {} bytes of items where its shape asks for {len}", counted.written)));
        }
        self.out.write_all(&behind).map_err(Trouble::Write)
    }

    /// Ends the pickle.
    ///
    /// # Errors
    /// What `out` says.
    pub(super) fn end(self) -> io::Result<()> {
        if self.in_dict {
            self.out.write_all(&[Opcode::SetItems.byte()])?;
        }
        self.out.write_all(&[Opcode::Stop.byte()])
    }

    /// The opcodes of a whole pickle as a part of this one: its entries of the memo come behind those of this one.
    fn nested(&mut self, pickle: &[u8]) -> Result<Vec<u8>, String> {
        let wrong = |error: pickle_core::Error| format!("its objects are damaged: {error}");
        let mut to = Encoder::new(Vec::new(), 5);
        let mut known = Indexes::default();
        let mut highest = None;
        let mut decoder = Decoder::new();
        let mut rest = pickle;
        loop {
            let op = match decoder.next(&mut rest).map_err(wrong)? {
                Step::Op(op) => op,
                Step::End => break,
                // All of it is here, so an argument in pieces is one that is cut off.
                _ if rest.is_empty() => {
                    decoder.finish().map_err(wrong)?;
                    break;
                }
                _ => continue,
            };
            let new = |index: Option<u64>| {
                let new =
                    index.and_then(|index| index.checked_add(self.memo)).filter(|new| *new <= u64::from(u32::MAX));
                new.map(Arg::Uint).ok_or("its objects have a memo that is too large")
            };
            let written = match op.opcode.kind() {
                OpKind::Proto | OpKind::Frame | OpKind::Stop => Ok(()),
                OpKind::Store => {
                    let index = known.filled_by(&op);
                    index.into_iter().for_each(|index| known.insert(index));
                    highest = highest.max(index);
                    to.op(Opcode::LongBinPut, new(index)?)
                }
                OpKind::Fetch => to.op(Opcode::LongBinGet, new(memo_index(&op).and_then(Result::ok))?),
                _ => to.copy(&op),
            };
            written.map_err(|error| match error {
                WriteError::Pickle(error) => wrong(error),
                WriteError::Io { error, .. } => match error {},
            })?;
        }
        self.memo += highest.map_or(0, |highest| highest + 1);
        Ok(to.into_sink())
    }
}

/// Knows how many bytes went through.
struct Counted<'o> {
    out: &'o mut dyn Write,
    written: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = self.out.write(data)?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// All members are arrays with a name.
pub(super) fn is_npz(members: &[Member]) -> bool {
    !members.is_empty() && members.iter().all(|member| member.name.len() > 4 && member.name.ends_with(".npy"))
}

/// The arrays of a `.npz` file as a pickle of the dict that `numpy.load` gives, in a temporary file.
///
/// # Errors
/// A member is damaged, or there is no room for the file.
pub(super) fn of_npz(name: &str, members: &[Member]) -> Result<Input, Failure> {
    let fail = |source: io::Error| Failure::Input { name: name.to_owned(), source };
    let file = tempfile::tempfile().map_err(fail)?;
    let mut out = BufWriter::with_capacity(1 << 18, file);
    let mut arrays = Arrays::begin(&mut out, true).map_err(fail)?;
    for member in members {
        let inner = format!("{name}!{}", printable(&member.name));
        let fail = |source: io::Error| Failure::Input { name: inner.clone(), source };
        let mut reader = member.open_raw().map_err(fail)?;
        let header = containers::read_npy_header(&mut reader).map_err(fail)?;
        let key = member.name.strip_suffix(".npy").unwrap_or(&member.name);
        let copied = arrays.array(key, &header, |out| io::copy(&mut reader, out).map(drop).map_err(Trouble::Read));
        copied.map_err(|trouble| match trouble {
            Trouble::Read(source) | Trouble::Write(source) => fail(source),
            Trouble::Other(Failure::Refused { text, .. }) => Failure::Refused { name: inner.clone(), text },
            Trouble::Other(failure) => failure,
        })?;
    }
    arrays.end().map_err(fail)?;
    let file = out.into_inner().map_err(|error| fail(error.into_error()))?;
    let len = file.metadata().map_err(fail)?.len();
    Input::from_part(name, Part::new(Rc::new(file), 0, len))
}
