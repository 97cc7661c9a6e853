//! What is whole of a pickle that is cut off or damaged.

use super::symbols::{Shape, Symbols};
use pickle_core::{Arg, Decoder, Op, Opcode, Step};

/// The opcodes before the fault, and those that end what they began.
struct Closed {
    /// Bytes of whole opcodes at the front.
    whole: usize,
    /// Opcodes that put what is on the stack where it belongs, and STOP.
    end: Vec<u8>,
}

/// What is whole of a pickle, as a pickle.
pub(crate) struct Part {
    /// Its opcodes without FRAME, whose lengths are wrong now.
    pub bytes: Vec<u8>,
    /// Bytes of the input that it is made of.
    pub used: usize,
}

/// What is whole of the pickle at the front of `input`, up to its first fault; `None` where no value is there by then.
pub(crate) fn part(input: &[u8]) -> Option<Part> {
    let Closed { whole: used, end } = closed(input)?;
    let whole = input.get(..used)?;
    let mut bytes = Vec::with_capacity(used);
    let mut decoder = Decoder::lenient();
    let (mut rest, mut from) = (whole, 0);
    while let Ok(Step::Op(op)) = decoder.next(&mut rest) {
        if op.opcode == Opcode::Frame {
            let at = op.offset as usize;
            bytes.extend_from_slice(whole.get(from..at)?);
            from = at + op.header_len();
        }
    }
    bytes.extend_from_slice(whole.get(from..)?);
    bytes.extend(end);
    Some(Part { bytes, used })
}

/// Ends the pickle at the front of `input` before its first fault; `None` where no value is there by then.
///
/// Containers that are open take what is complete: items above a MARK, or a value that was about to be put into the
/// container below it. Parts of tuples, and arguments of calls that were not made, are dropped.
fn closed(input: &[u8]) -> Option<Closed> {
    let mut symbols = Symbols::default();
    let mut whole = 0;
    let mut apply = |op: &Op<'_>| {
        // STOP is not reached here: the pickle would be whole.
        let done = op.opcode != Opcode::Stop && symbols.apply(op).is_ok() && symbols.take_array().is_none();
        if done {
            whole =
                op.offset as usize + op.header_len() + op.bytes().len() + usize::from(matches!(op.arg, Arg::Text(_)));
        }
        done
    };
    // A frame of a wrong length has its opcodes all the same.
    let mut decoder = Decoder::lenient();
    let mut rest = input;
    while let Ok(None) = decoder.each(&mut rest, |op| if apply(&op) { Ok(()) } else { Err(()) }) {
        match decoder.next(&mut rest) {
            Ok(Step::Op(op)) if apply(&op) => {}
            Ok(Step::Raw(_)) => {}
            _ => break,
        }
    }
    let mut end = Vec::new();
    end.extend(ends(&mut symbols)?.iter().map(|opcode| opcode.byte()));
    end.push(Opcode::Stop.byte());
    Some(Closed { whole, end })
}

/// The opcodes that leave one value.
fn ends(symbols: &mut Symbols) -> Option<Vec<Opcode>> {
    let mut end = Vec::new();
    let drop_top = |shapes: &mut Vec<Shape>, end: &mut Vec<Opcode>| {
        shapes.pop();
        end.push(Opcode::Pop);
    };
    let (mut shapes, mut marks) = symbols.shapes();
    if let Some(&mark) = marks.last() {
        unplaced(&mut shapes, mark, &mut end);
    }
    while let Some(mark) = marks.pop() {
        let above = shapes.len().checked_sub(mark)?;
        // A dict takes pairs.
        let into = mark.checked_sub(1).filter(|&below| marks.last().is_none_or(|&fence| below >= fence));
        match into.and_then(|below| shapes.get(below)) {
            Some(Shape::List) => end.push(Opcode::Appends),
            Some(Shape::Set) => end.push(Opcode::AddItems),
            Some(Shape::Dict) => {
                if above % 2 == 1 {
                    drop_top(&mut shapes, &mut end);
                }
                end.push(Opcode::SetItems);
            }
            _ => end.push(Opcode::PopMark),
        }
        shapes.truncate(mark);
    }
    fold(&mut shapes, &mut end);
    (shapes.len() == 1).then_some(end)
}

/// Drops values above the last mark that an APPEND or SETITEM may have been about to put into the value before them.
fn unplaced(shapes: &mut Vec<Shape>, mark: usize, end: &mut Vec<Opcode>) {
    let is_key = |shape: Option<&Shape>| !matches!(shape, None | Some(Shape::List | Shape::Dict | Shape::Set));
    let n = shapes.len();
    let at = |back: usize| n.checked_sub(back).filter(|&i| i >= mark).and_then(|i| shapes.get(i));
    let dropped = match (at(3), at(2), at(1)) {
        (Some(Shape::Dict), key, Some(_)) if is_key(key) => 2,
        (_, Some(Shape::Dict), key) if is_key(key) => 1,
        (_, Some(Shape::List), Some(_)) => 1,
        _ => 0,
    };
    shapes.truncate(n - dropped);
    end.extend(std::iter::repeat_n(Opcode::Pop, dropped));
}

/// Puts the values, above which no mark is, into one another as APPEND and SETITEM would.
fn fold(shapes: &mut Vec<Shape>, end: &mut Vec<Opcode>) {
    while shapes.len() > 1 {
        let n = shapes.len();
        let at = |back: usize| n.checked_sub(back).and_then(|i| shapes.get(i)).copied();
        match (at(3), at(2)) {
            (_, Some(Shape::List)) => {
                end.push(Opcode::Append);
                shapes.truncate(n - 1);
            }
            (Some(Shape::Dict), Some(_)) => {
                end.push(Opcode::SetItem);
                shapes.truncate(n - 2);
            }
            _ => {
                end.push(Opcode::Pop);
                shapes.truncate(n - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::closed;

    fn text(input: &[u8]) -> Option<Vec<u8>> {
        closed(input).map(|closed| [&input[..closed.whole], &closed.end].concat())
    }

    #[test]
    fn what_was_open_is_closed() {
        assert_eq!(text(b"](K\x01K\x02J\0\0"), Some(b"](K\x01K\x02e.".to_vec()));
        assert_eq!(text(b"}(K\x01K\x02K\x03").as_deref(), Some(&b"}(K\x01K\x02K\x030u."[..]));
        assert_eq!(text(b"](}(K\x01](K\x05").as_deref(), Some(&b"](}(K\x01](K\x05eue."[..]));
        assert_eq!(text(b"](K\x01(K\x02").as_deref(), Some(&b"](K\x01(K\x021e."[..]));
        assert_eq!(text(b"(lI1\naI2\na").as_deref(), Some(&b"(lI1\naI2\na."[..]));
        assert_eq!(text(b"}K\x01]K\x02").as_deref(), Some(&b"}K\x01]K\x02as."[..]));
        assert_eq!(text(b"\x80\x04"), None);
        assert_eq!(text(b""), None);
    }
}
