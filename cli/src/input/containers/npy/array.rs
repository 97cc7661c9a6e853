//! Arrays of `.npy` files as NumPy would pickle them, so that all that is known of pickled arrays holds for them.

use super::literal::Literal;
use super::{Described, Header, read_header};
use crate::Failure;
use crate::input::{Input, Part};
use pickle_core::view::View;
use pickle_core::{Arg, Encoder, Heap, Opcode, Options, Unpickler, WriteError};
use std::convert::Infallible;
use std::io::{self, Read};

/// Bytes that an item may have: NumPy counts them with 32 bits.
const LARGEST: u64 = i32::MAX as u64;

/// Levels of fields in fields.
const LEVELS: usize = 16;

/// The arrays of a file one after another, a pickle each.
///
/// # Errors
/// The file cannot be read, ends early, or its header says nothing that is known.
pub(super) fn pickles(name: String, part: &Part) -> Result<Input, Failure> {
    let mut all: Box<dyn Read> = Box::new(io::empty());
    let end = each(&name, part, |array, items| {
        let refuse = |error: WriteError<Infallible>| Failure::Refused { name: name.clone(), text: error.to_string() };
        // A Vec takes everything.
        let (before, behind) = array.pickle(items.len()).map_err(refuse)?;
        let whole = io::Cursor::new(before).chain(items.reader()).chain(io::Cursor::new(behind));
        all = Box::new(std::mem::replace(&mut all, Box::new(io::empty())).chain(whole));
        Ok(())
    })?;
    let rest = part.slice(end, u64::MAX);
    if read_header(&mut rest.reader()).is_ok() {
        return Err(Failure::Refused { name, text: "an array of objects follows one of numbers".into() });
    }
    // Whoever reads on says what it is.
    Input::from_reader(name, all.chain(rest.reader()))
}

/// Hands over the arrays without objects at the start of a file, with their items. Gives where they end: at the end of the
/// file, at one of objects, or at what is no array.
///
/// # Errors
/// The file cannot be read, ends early, or its header says nothing that is known.
pub(super) fn each(
    name: &str,
    part: &Part,
    mut visit: impl FnMut(Array, Part) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let fail = |source| Failure::Input { name: name.to_owned(), source };
    let refuse = |text: String| Failure::Refused { name: name.to_owned(), text };
    let mut at = 0;
    while at < part.len() {
        let rest = part.slice(at, u64::MAX);
        let header = match read_header(&mut rest.reader()) {
            Ok(header) => header,
            Err(_) if at != 0 => break,
            Err(error) => return Err(fail(error)),
        };
        let unknown =
            || refuse(format!("its .npy header is not known: {}", crate::messages::printable(header.text.trim_end())));
        if header.has_objects() {
            break;
        }
        let literal = Literal::parse(&header.text).ok_or_else(unknown)?;
        let array = Array::of(&literal).ok_or_else(unknown)?;
        let len = array.len().ok_or_else(unknown)?;
        let items = rest.slice(header.len, len);
        if items.len() < len {
            return Err(refuse(format!(
                "the .npy file is cut off: its header says {len} bytes of items, and {} are there",
                items.len()
            )));
        }
        visit(array, items)?;
        at += header.len + len;
    }
    Ok(at)
}

/// The opcodes before the items of an array, bytes of the items, and the opcodes behind them.
pub(super) fn opcodes(header: &Header) -> Option<(Vec<u8>, u64, Vec<u8>)> {
    let array = Array::of(&Literal::parse(&header.text)?)?;
    let len = array.len()?;
    let (before, behind) = array.opcodes(len).ok()?;
    Some((before, len, behind))
}

/// What a header says.
pub(super) fn describe(header: &Header) -> Option<Described> {
    let array = Array::of(&Literal::parse(&header.text)?)?;
    let mut to = Encoder::new(Vec::new(), 4);
    to.op(Opcode::Proto, Arg::Uint(4)).ok()?;
    array.dtype.write(&mut to).ok()?;
    to.op(Opcode::Stop, Arg::Nothing).ok()?;
    let len = array.len()?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let dtype = match unpickler.load(to.sink()).ok()?.root().view() {
        View::DType(dtype) => dtype.to_string(),
        _ => return None,
    };
    Some(Described { dtype, shape: array.shape, fortran: array.fortran, len })
}

/// What a header says.
pub(super) struct Array {
    dtype: DType,
    fortran: bool,
    shape: Vec<u64>,
}

/// A type of items.
struct DType {
    /// As NumPy pickles it: `f8`.
    code: String,
    order: char,
    size: u64,
    unit: Option<(String, i64)>,
    fields: Vec<Field>,
    /// Of an array inside an item: its type and shape.
    inner: Option<(Box<DType>, Vec<u64>)>,
}

struct Field {
    name: String,
    title: Option<String>,
    dtype: DType,
    offset: u64,
}

impl Array {
    fn of(header: &Literal) -> Option<Array> {
        let fortran = matches!(header.get("fortran_order")?, Literal::Bool(true));
        Some(Array { dtype: DType::of(header.get("descr")?, LEVELS)?, fortran, shape: header.get("shape")?.ints()? })
    }

    /// Bytes of all items.
    fn len(&self) -> Option<u64> {
        self.shape.iter().try_fold(self.dtype.size, |len, axis| len.checked_mul(*axis))
    }

    /// The pickle before the items, and what follows them.
    fn pickle(&self, len: u64) -> Result<(Vec<u8>, Vec<u8>), WriteError<Infallible>> {
        let (before, behind) = self.opcodes(len)?;
        let begin = [Opcode::Proto.byte(), 4];
        Ok(([&begin[..], &before].concat(), [&behind[..], &[Opcode::Stop.byte()]].concat()))
    }

    /// The opcodes before the items, and those that follow them.
    fn opcodes(&self, len: u64) -> Result<(Vec<u8>, Vec<u8>), WriteError<Infallible>> {
        let mut to = Encoder::new(Vec::new(), 4);
        to.op(Opcode::Global, Arg::Text(b"numpy.core.multiarray\n_reconstruct"))?;
        to.op(Opcode::Global, Arg::Text(b"numpy\nndarray"))?;
        to.op(Opcode::BinInt1, Arg::Uint(0))?;
        to.op(Opcode::Tuple1, Arg::Nothing)?;
        to.op(Opcode::ShortBinBytes, Arg::Bytes(b"b"))?;
        to.op(Opcode::Tuple3, Arg::Nothing)?;
        to.op(Opcode::Reduce, Arg::Nothing)?;
        to.op(Opcode::Mark, Arg::Nothing)?;
        to.op(Opcode::BinInt1, Arg::Uint(1))?;
        ints(&mut to, &self.shape)?;
        self.dtype.write(&mut to)?;
        to.op(if self.fortran { Opcode::NewTrue } else { Opcode::NewFalse }, Arg::Nothing)?;
        to.begin_payload(Opcode::BinBytes8, len)?;
        let before = to.into_sink();
        let mut to = Encoder::new(Vec::new(), 4);
        for opcode in [Opcode::Tuple, Opcode::Build] {
            to.op(opcode, Arg::Nothing)?;
        }
        Ok((before, to.into_sink()))
    }
}

type To = Encoder<Vec<u8>>;
type Written = Result<(), WriteError<Infallible>>;

fn int(to: &mut To, int: u64) -> Written {
    match i32::try_from(int) {
        Ok(int) => to.op(Opcode::BinInt, Arg::Int(int)),
        // A sign of its own, so that the highest bit is none.
        Err(_) => to.op(Opcode::Long1, Arg::Bytes(&u128::from(int).to_le_bytes()[..9])),
    }
}

fn ints(to: &mut To, all: &[u64]) -> Written {
    to.op(Opcode::Mark, Arg::Nothing)?;
    all.iter().try_for_each(|axis| int(to, *axis))?;
    to.op(Opcode::Tuple, Arg::Nothing)
}

fn text(to: &mut To, text: &str) -> Written {
    to.op(Opcode::BinUnicode, Arg::Bytes(text.as_bytes()))
}

impl DType {
    fn of(descr: &Literal, levels: usize) -> Option<DType> {
        let below = levels.checked_sub(1)?;
        if let Some(code) = descr.text() {
            return DType::plain(code);
        }
        let items = descr.items()?;
        // `(descr, shape)`, an array that is an item.
        if let [inner, shape] = items
            && let Some(shape) = shape.ints()
        {
            return DType::array(DType::of(inner, below)?, shape);
        }
        let (mut fields, mut size) = (Vec::new(), 0u64);
        for field in items {
            let parts = field.items()?;
            let dtype = DType::of(parts.get(1)?, below)?;
            let dtype = match parts.get(2) {
                Some(Literal::Int(axis)) => DType::array(dtype, vec![*axis])?,
                Some(shape) => DType::array(dtype, shape.ints()?)?,
                None => dtype,
            };
            let (name, title) = match parts.first()? {
                Literal::Text(name) => (name.clone(), None),
                both => match both.items()? {
                    [Literal::Text(title), Literal::Text(name)] => (name.clone(), Some(title.clone())),
                    _ => return None,
                },
            };
            let offset = size;
            size = size.checked_add(dtype.size).filter(|size| *size <= LARGEST)?;
            // What has no name lies between the fields.
            if !(name.is_empty() && dtype.code.starts_with('V') && dtype.fields.is_empty()) {
                fields.push(Field { name, title, dtype, offset });
            }
        }
        Some(DType { code: format!("V{size}"), order: '|', size, unit: None, fields, inner: None })
    }

    fn array(inner: DType, shape: Vec<u64>) -> Option<DType> {
        let size = shape.iter().try_fold(inner.size, |size, axis| size.checked_mul(*axis));
        let size = size.filter(|size| *size <= LARGEST)?;
        let inner = Some((Box::new(inner), shape));
        Some(DType { code: format!("V{size}"), order: '|', size, unit: None, fields: Vec::new(), inner })
    }

    /// `<f8`, `|S3`, `<M8[25s]`.
    fn plain(code: &str) -> Option<DType> {
        let (order, code) = match code.chars().next()? {
            order @ ('<' | '>' | '|') => (order, code.get(1..)?),
            '=' => ('<', code.get(1..)?),
            _ => ('|', code),
        };
        let (code, unit) = match code.split_once('[') {
            Some((code, unit)) => {
                let unit = unit.strip_suffix(']')?;
                let digits = unit.bytes().take_while(u8::is_ascii_digit).count();
                let (count, unit) = unit.split_at_checked(digits)?;
                let count = if count.is_empty() { 1 } else { count.parse().ok()? };
                (code, Some((unit.to_owned(), count)))
            }
            None => (code, None),
        };
        let number: u64 = code.get(1..)?.parse().ok().filter(|size| *size <= LARGEST)?;
        let size = match code.bytes().next()? {
            b'b' | b'i' | b'u' | b'f' | b'c' | b'S' | b'a' | b'V' => number,
            b'M' | b'm' if number == 8 => 8,
            b'U' => number.checked_mul(4).filter(|size| *size <= LARGEST)?,
            _ => return None,
        };
        Some(DType { code: code.to_owned(), order, size, unit, fields: Vec::new(), inner: None })
    }

    /// The call of `numpy.dtype`, and its state.
    fn write(&self, to: &mut To) -> Written {
        let plain = |to: &mut To, opcode| to.op(opcode, Arg::Nothing);
        to.op(Opcode::Global, Arg::Text(b"numpy\ndtype"))?;
        text(to, &self.code)?;
        plain(to, Opcode::NewFalse)?;
        plain(to, Opcode::NewTrue)?;
        plain(to, Opcode::Tuple3)?;
        plain(to, Opcode::Reduce)?;
        plain(to, Opcode::Mark)?;
        int(to, if self.unit.is_some() { 4 } else { 3 })?;
        text(to, self.order.encode_utf8(&mut [0; 4]))?;
        match &self.inner {
            Some((inner, shape)) => {
                inner.write(to)?;
                ints(to, shape)?;
                plain(to, Opcode::Tuple2)?;
            }
            None => plain(to, Opcode::None)?,
        }
        if self.fields.is_empty() {
            plain(to, Opcode::None)?;
            plain(to, Opcode::None)?;
        } else {
            plain(to, Opcode::Mark)?;
            self.fields.iter().try_for_each(|field| text(to, &field.name))?;
            plain(to, Opcode::Tuple)?;
            plain(to, Opcode::EmptyDict)?;
            plain(to, Opcode::Mark)?;
            for field in &self.fields {
                text(to, &field.name)?;
                field.dtype.write(to)?;
                int(to, field.offset)?;
                match &field.title {
                    Some(title) => {
                        text(to, title)?;
                        plain(to, Opcode::Tuple3)?;
                    }
                    None => plain(to, Opcode::Tuple2)?,
                }
            }
            plain(to, Opcode::SetItems)?;
        }
        // NumPy gives sizes where the code does not say them.
        let sized = matches!(self.code.bytes().next(), Some(b'S' | b'a' | b'U' | b'V'));
        match sized {
            true => {
                int(to, self.size)?;
                int(to, if self.code.starts_with('U') { 4 } else { 1 })?;
            }
            false => {
                to.op(Opcode::BinInt, Arg::Int(-1))?;
                to.op(Opcode::BinInt, Arg::Int(-1))?;
            }
        }
        int(to, if self.fields.is_empty() { 0 } else { 16 })?;
        if let Some((unit, count)) = &self.unit {
            plain(to, Opcode::None)?;
            plain(to, Opcode::Mark)?;
            to.op(Opcode::ShortBinBytes, Arg::Bytes(unit.as_bytes()))?;
            int(to, u64::try_from(*count).unwrap_or(1))?;
            int(to, 1)?;
            int(to, 1)?;
            plain(to, Opcode::Tuple)?;
            plain(to, Opcode::Tuple2)?;
        }
        plain(to, Opcode::Tuple)?;
        plain(to, Opcode::Build)
    }
}
