//! The walk over opcodes that all surveys have in common: long arguments are cut, and joblib's arrays found.

use super::globals::NAME_MAX;
use embedded_io::Read;
use pickle_core::joblib::ArrayForm;
use pickle_core::{
    Arg, Argument, Encoder, Encoding, Error, Fragment, Heap, Op, OpKind, OpReader, Opcode, Options, ReadError, Step,
    Unpickler,
};

/// Visits the opcodes of a pickle.
pub(crate) trait OpVisitor {
    /// Takes an opcode. Its argument has `payload` bytes; of a long one the first [`NAME_MAX`] of each line are there.
    fn op(&mut self, op: &Op<'_>, payload: u64) -> Result<(), Error>;

    /// An argument is not valid text of its kind: no reader takes it, but its opcode can be followed.
    fn wrong(&mut self, _error: Error) {}

    /// So many bytes of an argument follow that are not looked at.
    fn ahead(&mut self, _bytes: u64) {}

    /// The array that lies behind the last opcode, a BUILD.
    fn array(&mut self) -> Option<ArrayForm>;
}

/// Gives the opcodes to `visitor`, to the end of the pickle (`None`) or to an array, which is for the caller to pass.
pub(crate) fn opcodes<R: Read, F: OpVisitor>(
    reader: &mut OpReader<'_, R>,
    visitor: &mut F,
) -> Result<Option<ArrayForm>, ReadError<R::Error>> {
    // The front of an argument that does not lie whole in the buffer.
    let mut part = Vec::new();
    let mut texts = Texts::default();
    loop {
        let broken = reader.each(|op| {
            texts.check(&op).unwrap_or_else(|error| visitor.wrong(error));
            visitor.op(&op, op.bytes().len() as u64).map_err(Err)?;
            match op.opcode {
                Opcode::Build => visitor.array().map_or(Ok(()), |array| Err(Ok(array))),
                _ => Ok(()),
            }
        })?;
        if let Some(stop) = broken {
            // It has been followed: pass over it.
            reader.next()?;
            return Ok(Some(stop?));
        }
        match reader.next()? {
            Step::Op(op) => {
                texts.check(&op).unwrap_or_else(|error| visitor.wrong(error));
                visitor.op(&op, op.bytes().len() as u64)?;
            }
            Step::Fragment(fragment) => {
                if fragment.position == 0 {
                    part.clear();
                }
                keep_part(&mut part, &fragment);
                if !fragment.last {
                    // Its front is all that matters of it.
                    if part.len() >= NAME_MAX
                        && let Some(total) = fragment.total
                    {
                        let done = fragment.position + fragment.data.len() as u64;
                        visitor.ahead(total.saturating_sub(done));
                    }
                    continue;
                }
                visitor.op(&kept_op(&fragment, &part), fragment.position + fragment.data.len() as u64)?;
            }
            Step::Raw(_) | Step::NeedMore => continue,
            Step::End => return Ok(None),
        }
        if let Some(array) = visitor.array() {
            return Ok(Some(array));
        }
    }
}

/// Checks arguments that are texts: ints, floats, escapes, UTF-8. Those that do not lie whole in the buffer are not.
#[derive(Default)]
struct Texts {
    reader: Option<Unpickler<Heap>>,
    pickle: Vec<u8>,
}

impl Texts {
    /// The reader of pickles decides, on a pickle of this one opcode.
    fn check(&mut self, op: &Op<'_>) -> Result<(), Error> {
        use Opcode as O;
        let bytes = op.bytes();
        let is_line = matches!(op.opcode.argument(), Argument::Line | Argument::TwoLines);
        let plain = match op.opcode.kind() {
            OpKind::Str if !is_line => std::str::from_utf8(bytes).is_ok(),
            OpKind::Str => bytes.is_ascii() && !bytes.contains(&b'\\'),
            OpKind::Int if is_line => !bytes.is_empty() && bytes.len() < 10 && bytes.iter().all(u8::is_ascii_digit),
            OpKind::Global | OpKind::Instance if is_line => bytes.is_ascii(),
            OpKind::Float | OpKind::String2 if is_line => false,
            _ => return Ok(()),
        };
        if plain {
            return Ok(());
        }
        self.pickle.clear();
        if op.opcode == O::Inst {
            self.pickle.push(O::Mark.byte());
        }
        let before = self.pickle.len() as u64;
        if Encoder::new(&mut self.pickle, 5).op(op.opcode, op.arg).is_err() {
            // What cannot be written again is for the reader of the pickle to judge.
            return Ok(());
        }
        self.pickle.push(O::Stop.byte());
        let options = Options::new().encoding(Encoding::Bytes);
        let reader = self.reader.get_or_insert_with(|| Unpickler::new(Heap::new(), options));
        match reader.load(&self.pickle) {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Error::new(error.kind(), error.byte(), op.offset + error.offset().saturating_sub(before)))
            }
        }
    }
}

/// Appends what matters of a piece of a long argument: of a payload its first [`NAME_MAX`] bytes, of a text those of
/// each line.
pub(crate) fn keep_part(part: &mut Vec<u8>, fragment: &Fragment<'_>) {
    if fragment.opcode.argument().is_counted() {
        let room = NAME_MAX.saturating_sub(part.len());
        part.extend_from_slice(fragment.data.get(..room).unwrap_or(fragment.data));
    } else {
        keep_lines(part, fragment.data);
    }
}

/// The opcode of a fragment, with what was kept of its argument.
pub(crate) fn kept_op<'p>(fragment: &Fragment<'_>, part: &'p [u8]) -> Op<'p> {
    let arg = if fragment.opcode.argument().is_counted() { Arg::Bytes(part) } else { Arg::Text(part) };
    Op { opcode: fragment.opcode, arg, offset: fragment.offset }
}

/// Appends [`NAME_MAX`] bytes of each line; a text has two at most.
fn keep_lines(part: &mut Vec<u8>, data: &[u8]) {
    for (i, line) in data.split(|&byte| byte == b'\n').take(NAME_MAX).enumerate() {
        if i > 0 {
            part.push(b'\n');
        }
        let held = part.iter().rev().take(NAME_MAX).take_while(|&&byte| byte != b'\n').count();
        part.extend_from_slice(line.get(..NAME_MAX - held).unwrap_or(line));
    }
}

/// Skips an array's padding and bytes; `ahead` gets the number of bytes that are not looked at.
pub(crate) fn raw_array<R: Read>(
    reader: &mut OpReader<'_, R>,
    len: u64,
    padded: bool,
    ahead: &dyn Fn(u64),
) -> Result<(), ReadError<R::Error>> {
    if padded {
        let padding = pass(reader, 1, ahead)?;
        pass(reader, u64::from(padding), ahead)?;
    }
    pass(reader, len, ahead)?;
    Ok(())
}

/// Skips bytes that are not opcodes; gives the first, and how many are not looked at.
fn pass<R: Read>(reader: &mut OpReader<'_, R>, len: u64, ahead: &dyn Fn(u64)) -> Result<u8, ReadError<R::Error>> {
    reader.decoder().take_raw(len)?;
    let (mut left, mut first) = (len, None);
    while left != 0 {
        match reader.next()? {
            Step::Raw(data) => {
                left = left.saturating_sub(data.len() as u64);
                first = first.or(data.first().copied());
                ahead(left);
            }
            _ => break,
        }
    }
    Ok(first.unwrap_or(0))
}

/// A pickle that was cut off or damaged, as against bytes that never were one
/// (`pickle.load` does not look at those either). Without PROTO in front, a
/// few opcodes that make sense together are taken as a pickle.
pub(crate) fn is_cut_pickle(first_byte: u8, error: Error, opcodes: u64) -> bool {
    first_byte == Opcode::Proto.byte() || error.kind().is_limit() || (error.kind().is_incomplete() && opcodes > 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_kept_of_a_long_payload() {
        let data = [b'\n'; 4096];
        let mut part = Vec::new();
        for position in (0..1 << 20).step_by(data.len()) {
            let (opcode, total) = (Opcode::BinBytes, Some(1 << 20));
            keep_part(&mut part, &Fragment { opcode, offset: 0, position, total, data: &data, last: false });
        }
        assert_eq!(part.len(), NAME_MAX);
    }
}
