//! `.npy`: a header in Python's notation, then raw items, or a pickle of them
//! (`numpy.lib.format`).

mod array;
mod literal;

use super::format::{Format, Open, Recognise};
use super::{Content, Data, Member, Unfolded};
use crate::Failure;
use crate::input::{Arrays, Container, Input, Part, sniff};
use std::io::{self, Read};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "npy",
    what: "a .npy file",
    recognise: Recognise::Head(|head| sniff(head) == Some(Container::Npy)),
    open: Open::Asked(pickle),
    all: true,
};

/// Bytes that a header may have; numpy itself refuses more than 10 000 by default.
const MAX_HEADER: u64 = 1 << 20;

/// The header of a `.npy` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The text: a dict in Python's notation.
    pub text: String,
    /// Bytes of the file before the items.
    pub len: u64,
}

impl Header {
    /// The items hold objects, so that a pickle follows.
    pub fn has_objects(&self) -> bool {
        // `'O'`, `'|O'`, and `'|O4'` or `'|O8'` of old: as the whole dtype or the last part of a field.
        let quoted = self.text.split('\'').skip(1).step_by(2);
        let mut codes = quoted.map(|code| code.trim_start_matches(['|', '<', '>', '=']));
        codes.any(|code| matches!(code, "O" | "O4" | "O8" | "object"))
    }
}

/// Reads the header at the start of a `.npy` file.
///
/// # Errors
/// What the reader says; `InvalidData` where it is no header.
pub fn read_header(reader: &mut dyn Read) -> io::Result<Header> {
    let bad = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(|_| bad("the .npy header is cut off"))?;
    let (len, before) = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _] => {
            let mut len = [0; 2];
            reader.read_exact(&mut len)?;
            (u64::from(u16::from_le_bytes(len)), 10)
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _] => {
            let mut len = [0; 4];
            reader.read_exact(&mut len)?;
            (u64::from(u32::from_le_bytes(len)), 12)
        }
        _ => return Err(bad("no .npy header of version 1, 2 or 3")),
    };
    if len > MAX_HEADER {
        return Err(bad("the .npy header says that it is longer than any real one"));
    }
    let mut text = Vec::new();
    let n = reader.take(len).read_to_end(&mut text)? as u64;
    if n < len {
        return Err(bad("the .npy header is cut off"));
    }
    Ok(Header { text: String::from_utf8_lossy(&text).into_owned(), len: before + len })
}

/// Where the arrays without objects at the start of a file end; `None` where it does not begin with one.
///
/// # Errors
/// The file cannot be read, ends early, or its header says nothing that is known.
pub fn plain_end(name: &str, part: &Part) -> Result<Option<u64>, Failure> {
    let is_array = sniff(&part.bytes_at(0, 8).unwrap_or_default()) == Some(Container::Npy);
    if !is_array || read_header(&mut part.reader()).is_ok_and(|header| header.has_objects()) {
        return Ok(None);
    }
    array::each(name, part, |_, _| Ok(())).map(Some)
}

/// The opcodes of the array that has this header, as NumPy would pickle it: before its items, bytes of the items, behind
/// them; without PROTO and STOP. `None` where the header is not known, or the items are objects.
pub fn opcodes(header: &Header) -> Option<(Vec<u8>, u64, Vec<u8>)> {
    array::opcodes(header)
}

/// What a header says of the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The type of its items, as NumPy names it.
    pub dtype: String,
    /// Items on each axis.
    pub shape: Vec<u64>,
    /// The first axis varies fastest.
    pub fortran: bool,
    /// Bytes of all items.
    pub len: u64,
}

/// What a header says; `None` where it is not known, or the items are objects.
pub fn describe(header: &Header) -> Option<Described> {
    array::describe(header)
}

/// The pickle behind the header. Where that was asked for, arrays of other types are taken for what NumPy would pickle.
fn pickle(mut input: Input, arrays: Arrays) -> Result<Content, Failure> {
    let name = input.name().to_owned();
    if arrays != Arrays::None {
        input = input.into_seekable()?;
    }
    let header = read_header(&mut input).map_err(|error| match Failure::from(error) {
        Failure::Output(source) => Failure::Input { name: name.clone(), source },
        failure => failure,
    })?;
    if !header.has_objects() && arrays == Arrays::AsFiles {
        input.go_to(0);
        return Ok(Content::Pickles(input));
    }
    if !header.has_objects() && arrays == Arrays::AsPickles {
        let Some(part) = input.part() else { return Err(input.refuse("the file is empty")) };
        return array::pickles(name, part).map(Content::Pickles);
    }
    if !header.has_objects() {
        return Ok(Content::Members(Unfolded {
            what: "a .npy file of plain numbers or text, not objects",
            members: Vec::new(),
            all: true,
        }));
    }
    let data = match input.part() {
        Some(part) => Data::Stored(part.slice(header.len, u64::MAX)),
        // The stream stands behind the header.
        None => return Input::from_reader(name, input).map(Content::Pickles),
    };
    Ok(Content::Members(Unfolded {
        what: "a .npy file",
        members: vec![Member { name: String::new(), data }],
        all: true,
    }))
}
