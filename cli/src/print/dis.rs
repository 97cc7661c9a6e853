//! The disassembler: the text of CPython 3.15's `python3 -m pickletools`, line for line.
//!
//! It reads as `pickletools.genops` reads, not as an unpickler does: frames and
//! protocol numbers are opcodes like any other, ints are what `int()` takes,
//! and only the shape of the stack is checked. A damaged pickle is printed up
//! to the opcode at fault, as there.
//!
//! Memory: the reader's buffer of 64 KiB, one argument longer than that (above
//! 8 MiB in a temporary file), 16 bytes an open MARK, and the memo's keys.

mod annotations;
mod machine;
mod numbers;
mod payload;
mod text;

use crate::input::Input;
use crate::print::pyrepr::{self, ByteForms, QuotesSeen};
use annotations::annotation;
use machine::{Effect, Key, Machine, Memo};
use numbers::IntError;
use payload::{Collector, Payload};
use pickle_core::{Arg, Decoder, ErrorKind, OpKind, OpReader, Opcode, ReadError, Step};
use std::fmt;
use std::io::{self, Write};
use text::{Chars, Encoding};

/// How to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns of indentation for each open MARK.
    pub indent: usize,
    /// The column at which descriptions of the opcodes begin; without them if `None`.
    pub annotate: Option<usize>,
    /// Go on with the pickles that follow the first.
    pub all: bool,
    /// Keep the memo from one pickle to the next.
    pub keep_memo: bool,
}

impl Options {
    /// The column that `pickletools -a` uses.
    pub const ANNOTATION_COLUMN: usize = 30;
}

impl Default for Options {
    fn default() -> Self {
        Options { indent: 4, annotate: None, all: false, keep_memo: false }
    }
}

/// Why the text ends before its pickle does.
#[derive(Debug)]
#[non_exhaustive]
pub enum DisError {
    /// The input cannot be read, or a long argument cannot be put aside.
    Read(io::Error),
    /// The output cannot be written.
    Write(io::Error),
    /// The pickle is damaged.
    Pickle(pickle_core::Error),
    /// An int has more digits than CPython converts.
    TooManyDigits {
        /// The opcode.
        opcode: Opcode,
        /// Its place, in bytes from the start of the input.
        offset: u64,
    },
    /// STOP left objects on the stack. The text is complete.
    Leftover {
        /// The place of STOP, in bytes from the start of the input.
        offset: u64,
        /// Objects and marks that remain.
        objects: u64,
    },
}

impl fmt::Display for DisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DisError::Read(error) => write!(f, "reading failed: {error}"),
            DisError::Write(error) => write!(f, "writing failed: {error}"),
            DisError::Pickle(error) => error.fmt(f),
            DisError::TooManyDigits { opcode, offset } => {
                let (name, limit) = (opcode.name(), pyrepr::MAX_DIGITS);
                write!(f, "at byte {offset}, in {name}: the int has more than {limit} digits")
            }
            DisError::Leftover { offset, objects } => {
                let noun = if *objects == 1 { "object is" } else { "objects are" };
                write!(f, "at byte {offset}, in STOP: {objects} {noun} left on the stack")
            }
        }
    }
}

impl std::error::Error for DisError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DisError::Read(error) | DisError::Write(error) => Some(error),
            DisError::Pickle(error) => Some(error),
            DisError::TooManyDigits { .. } | DisError::Leftover { .. } => None,
        }
    }
}

/// Prints the pickle that an input begins with, or with [`Options::all`] every one.
/// Much is written in small pieces: give a buffered `out`.
///
/// # Errors
/// See [`DisError`]. What came before the error has been printed.
pub fn disassemble(input: &mut Input, out: &mut dyn Write, options: &Options) -> Result<(), DisError> {
    let mut collector = Collector::new(input.part());
    let scratch = Scratch { text: Vec::new(), room: Vec::new(), forms: [b'\'', b'"'].map(ByteForms::between) };
    let mut disassembler = Disassembler { options, memo: Memo::default(), scratch, ready: Vec::new() };
    let mut buffer = vec![0; 1 << 16];
    let mut reader = OpReader::new(input, &mut buffer);
    *reader.decoder() = Decoder::lenient();
    loop {
        if !options.keep_memo {
            disassembler.memo = Memo::default();
        }
        let result = disassembler.pickle(&mut reader, &mut collector, out);
        out.write_all(&disassembler.ready).map_err(DisError::Write)?;
        disassembler.ready.clear();
        result?;
        if !options.all || reader.at_end().map_err(DisError::Read)? {
            return Ok(());
        }
        reader.decoder().next_pickle();
    }
}

struct Disassembler<'o> {
    options: &'o Options,
    memo: Memo,
    scratch: Scratch,
    ready: Vec<u8>,
}

/// Where text is made ready to be written.
struct Scratch {
    text: Vec<u8>,
    room: Vec<u8>,
    /// Between single and double quotes.
    forms: [ByteForms; 2],
}

impl Disassembler<'_> {
    fn pickle(
        &mut self,
        reader: &mut OpReader<'_, &mut Input>,
        collector: &mut Collector,
        out: &mut dyn Write,
    ) -> Result<(), DisError> {
        let mut printer = Printer {
            memo: &mut self.memo,
            machine: Machine::default(),
            line: Line { out, ready: &mut self.ready, width: 0, counts: self.options.annotate.is_some() },
            indent: self.options.indent,
            column: self.options.annotate,
            first_column: self.options.annotate.unwrap_or(0),
            protocol: 0,
            scratch: &mut self.scratch,
        };
        loop {
            let opcode = match reader.next().map_err(read_error)? {
                Step::Op(op) => {
                    let argument = match op.arg {
                        Arg::Bytes(bytes) | Arg::Text(bytes) => Argument::Payload(Payload::whole(bytes)),
                        Arg::Nothing => Argument::Nothing,
                        Arg::Uint(n) => Argument::Uint(n),
                        Arg::Int(n) => Argument::Int(n),
                        Arg::Float(bits) => Argument::Float(f64::from_bits(bits)),
                    };
                    printer.opcode(op.opcode, op.offset, argument)?;
                    op.opcode
                }
                Step::Fragment(fragment) => {
                    collector.add(&fragment).map_err(DisError::Read)?;
                    if fragment.last {
                        let argument = Argument::Payload(collector.payload());
                        printer.opcode(fragment.opcode, fragment.offset, argument)?;
                    }
                    fragment.opcode
                }
                // Neither is met before STOP: no raw bytes are asked for, and `finish` says what is missing.
                Step::Raw(_) | Step::NeedMore | Step::End => return Ok(()),
            };
            if opcode == Opcode::Stop {
                return printer.end(reader.decoder().offset() - 1);
            }
        }
    }
}

/// An argument as it came.
enum Argument<'a> {
    Nothing,
    Uint(u64),
    Int(i32),
    Float(f64),
    Payload(Payload<'a>),
}

/// An argument as it will be printed.
enum Value<'a> {
    Nothing,
    Uint(u64),
    Int(i32),
    Float(f64),
    /// Already as Python prints it.
    Plain(String),
    /// An int that Python reads but does not print.
    TooManyDigits,
    Quoted {
        payload: Payload<'a>,
        encoding: Encoding,
        style: Style,
        quote: u8,
    },
}

/// Bytes that are written together.
const READY: usize = 1 << 14;

/// What kind of literal a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Str,
    /// A Python 2 str: shown with ASCII only, since its characters are not known.
    Ascii,
    Bytes,
    ByteArray,
}

struct Printer<'a> {
    memo: &'a mut Memo,
    machine: Machine,
    line: Line<'a>,
    indent: usize,
    /// Where the next annotation is to begin.
    column: Option<usize>,
    first_column: usize,
    protocol: u8,
    scratch: &'a mut Scratch,
}

impl Printer<'_> {
    fn opcode(&mut self, opcode: Opcode, offset: u64, argument: Argument<'_>) -> Result<(), DisError> {
        let level = self.machine.level();
        let fail = |kind| DisError::Pickle(pickle_core::Error::new(kind, opcode.byte(), offset));
        let value = read_value(opcode, offset, argument)?;
        // The place is printed even where the rest of the line cannot be.
        self.line.place(offset)?;
        let effect = self.machine.run(opcode, offset, memo_key(opcode, &value), self.memo).map_err(fail)?;
        if matches!(value, Value::TooManyDigits) {
            return Err(DisError::TooManyDigits { opcode, offset });
        }
        self.protocol = self.protocol.max(opcode.protocol());
        self.print(opcode, level, value, &effect)?;
        match effect.fault {
            Some(kind) => Err(fail(kind)),
            None => Ok(()),
        }
    }

    fn print(&mut self, opcode: Opcode, level: usize, value: Value<'_>, effect: &Effect) -> Result<(), DisError> {
        let line = &mut self.line;
        line.width = 0;
        match opcode.byte() {
            byte @ ..0x80 => line.put(&[byte, b' ', b' ', b' ', b' '])?,
            byte => {
                self.scratch.text.clear();
                pyrepr::push_escape(&mut self.scratch.text, byte.into());
                self.scratch.text.push(b' ');
                line.put(&self.scratch.text)?;
            }
        }
        line.spaces(self.indent.saturating_mul(level))?;
        line.put(opcode.name().as_bytes())?;
        if !matches!(value, Value::Nothing) || effect.mark.is_some() || effect.memo_index.is_some() {
            line.spaces(10usize.saturating_sub(opcode.name().len()))?;
        }
        match value {
            Value::Nothing | Value::TooManyDigits => {}
            Value::Uint(n) => line.number(itoa::Buffer::new().format(n))?,
            Value::Int(n) => line.number(itoa::Buffer::new().format(n))?,
            Value::Float(value) => {
                self.scratch.text.clear();
                self.scratch.text.push(b' ');
                pyrepr::push_float(&mut self.scratch.text, value);
                line.put(&self.scratch.text)?;
            }
            Value::Plain(text) => line.number(&text)?,
            Value::Quoted { payload, encoding, style, quote } => {
                line.quoted(payload, encoding, style, quote, self.scratch)?;
            }
        }
        if let Some(mark) = effect.mark {
            line.put(b" (MARK at")?;
            line.number(itoa::Buffer::new().format(mark))?;
            line.put(b")")?;
        }
        if let Some(index) = effect.memo_index {
            line.put(b" (as")?;
            line.number(itoa::Buffer::new().format(index))?;
            line.put(b")")?;
        }
        if let Some(column) = self.column {
            let width = line.width;
            line.spaces(column.saturating_sub(width))?;
            line.put(b" ")?;
            line.put(annotation(opcode).as_bytes())?;
            // The column follows the longest line so far, until that is too far to the right.
            let column = column.max(width);
            self.column = Some(if column > 50 { self.first_column } else { column });
        }
        line.put(b"\n")
    }

    fn end(&mut self, offset: u64) -> Result<(), DisError> {
        self.line.put(format!("highest protocol among opcodes = {}\n", self.protocol).as_bytes())?;
        match self.machine.depth() {
            0 => Ok(()),
            objects => Err(DisError::Leftover { offset, objects }),
        }
    }
}

/// Reads and checks an argument; nothing has been printed of the opcode yet.
fn read_value(opcode: Opcode, offset: u64, argument: Argument<'_>) -> Result<Value<'_>, DisError> {
    let fail = |kind| DisError::Pickle(pickle_core::Error::new(kind, opcode.byte(), offset));
    let mut payload = match argument {
        Argument::Nothing => return Ok(Value::Nothing),
        Argument::Uint(n) => return Ok(Value::Uint(n)),
        Argument::Int(n) => return Ok(Value::Int(n)),
        Argument::Float(value) => return Ok(Value::Float(value)),
        Argument::Payload(payload) => payload,
    };
    let is_counted = opcode.argument().is_counted();
    let (encoding, style) = match opcode.kind() {
        OpKind::Int if is_counted => {
            let bytes = payload.read_all().map_err(DisError::Read)?;
            return Ok(pyrepr::long(&bytes).map_or(Value::TooManyDigits, Value::Plain));
        }
        OpKind::Int | OpKind::Store | OpKind::Fetch => {
            let text = payload.read_all().map_err(DisError::Read)?;
            let text = match (opcode, text.as_slice()) {
                (Opcode::Long, [digits @ .., b'L']) => digits,
                (Opcode::Int | Opcode::Get | Opcode::Put, b"00") => return Ok(Value::Plain("False".into())),
                (Opcode::Int | Opcode::Get | Opcode::Put, b"01") => return Ok(Value::Plain("True".into())),
                (_, text) => text,
            };
            return match numbers::int(text) {
                Ok(text) => Ok(Value::Plain(text)),
                Err(IntError::Invalid) => Err(fail(ErrorKind::BadInt)),
                Err(IntError::TooLong) => Err(DisError::TooManyDigits { opcode, offset }),
            };
        }
        OpKind::Float => {
            let text = payload.read_all().map_err(DisError::Read)?;
            let value = numbers::float(&text).ok_or_else(|| fail(ErrorKind::BadFloat))?;
            return Ok(Value::Float(value));
        }
        OpKind::String2 if is_counted => (Encoding::Latin1, Style::Ascii),
        OpKind::String2 => {
            let first = payload.byte(0).map_err(DisError::Read)?;
            let last = payload.byte(payload.len().saturating_sub(1)).map_err(DisError::Read)?;
            if !matches!(first, Some(b'\'' | b'"')) || first != last {
                return Err(fail(ErrorKind::StringNotQuoted));
            }
            payload = payload.inner();
            (Encoding::EscapedLatin1, Style::Ascii)
        }
        OpKind::Bytes => (Encoding::Latin1, Style::Bytes),
        OpKind::ByteArray => (Encoding::Latin1, Style::ByteArray),
        OpKind::Str if is_counted => (Encoding::Utf8, Style::Str),
        OpKind::Str => (Encoding::RawUnicodeEscape, Style::Str),
        OpKind::Global | OpKind::Instance | OpKind::Persistent => (Encoding::EscapedUtf8, Style::Str),
        // They have no payload.
        OpKind::Proto
        | OpKind::Frame
        | OpKind::Stop
        | OpKind::Mark
        | OpKind::Pop
        | OpKind::PopMark
        | OpKind::Dup
        | OpKind::None
        | OpKind::Bool
        | OpKind::Buffer
        | OpKind::List
        | OpKind::Tuple
        | OpKind::Dict
        | OpKind::Set
        | OpKind::FrozenSet
        | OpKind::Append
        | OpKind::SetItem
        | OpKind::Add
        | OpKind::Extension
        | OpKind::Call
        | OpKind::New
        | OpKind::Build => return Ok(Value::Nothing),
    };
    let mut seen = QuotesSeen::default();
    match encoding {
        // Nothing can be wrong with it.
        Encoding::Latin1 => payload.each(|piece| {
            seen.see_bytes(piece);
            Ok::<(), DisError>(())
        })?,
        _ => each_code(&mut payload, encoding, |piece, codes| {
            let mut see = |text: Text<'_>| match text {
                Text::Plain(_) => {}
                Text::Code(code) => seen.see(code),
            };
            codes.decode(piece, &mut see).map_err(fail)
        })?,
    }
    Ok(Value::Quoted { payload, encoding, style, quote: seen.choice() })
}

/// The memo entry that an opcode names. True and False are equal to 1 and 0.
fn memo_key(opcode: Opcode, value: &Value<'_>) -> Option<Key> {
    if !matches!(opcode.kind(), OpKind::Store | OpKind::Fetch) {
        return None;
    }
    match value {
        Value::Uint(index) => Some(Key::Index(*index)),
        Value::Plain(text) => Some(match text.as_str() {
            "False" => Key::Index(0),
            "True" => Key::Index(1),
            text => Key::from_decimal(text.into()),
        }),
        _ => None,
    }
}

/// The code points of an argument: those of GLOBAL's and INST's two lines with a space between.
struct Codes {
    chars: Chars,
    two_lines: bool,
}

/// A part of a text.
enum Text<'t> {
    /// Characters that stand for themselves between quotes.
    Plain(&'t [u8]),
    /// A code point.
    Code(u32),
}

impl Codes {
    /// Decodes a piece; `None` ends the argument.
    fn decode(&mut self, piece: Option<&[u8]>, emit: &mut impl FnMut(Text<'_>)) -> Result<(), ErrorKind> {
        let Some(piece) = piece else { return self.chars.finish(&mut |code| emit(Text::Code(code))) };
        if !self.two_lines {
            return self.feed(piece, emit);
        }
        for (i, line) in piece.split(|&b| b == b'\n').enumerate() {
            if i > 0 {
                self.chars.finish(&mut |code| emit(Text::Code(code)))?;
                emit(Text::Code(u32::from(b' ')));
            }
            self.feed(line, emit)?;
        }
        Ok(())
    }

    fn feed(&mut self, mut data: &[u8], emit: &mut impl FnMut(Text<'_>)) -> Result<(), ErrorKind> {
        while !data.is_empty() {
            let (plain, rest) = data.split_at(self.chars.plain(data));
            if !plain.is_empty() {
                emit(Text::Plain(plain));
            }
            let (other, rest) = rest.split_at(rest.len().min(text::BLOCK));
            self.chars.feed(other, &mut |code| emit(Text::Code(code)))?;
            data = rest;
        }
        Ok(())
    }
}

/// Gives every piece of the payload and then the end to `take`.
fn each_code(
    payload: &mut Payload<'_>,
    encoding: Encoding,
    mut take: impl FnMut(Option<&[u8]>, &mut Codes) -> Result<(), DisError>,
) -> Result<(), DisError> {
    // A line holds no newline, so what has one is a pair of lines.
    let mut codes = Codes { chars: Chars::new(encoding), two_lines: encoding == Encoding::EscapedUtf8 };
    payload.each(|piece| take(Some(piece), &mut codes))?;
    take(None, &mut codes)
}

/// The output, and how far the line has come.
struct Line<'a> {
    out: &'a mut dyn Write,
    /// What goes to `out` next.
    ready: &'a mut Vec<u8>,
    /// Characters written of this line, the offset not counted.
    width: usize,
    /// Somebody asks for the width.
    counts: bool,
}

impl Line<'_> {
    fn put(&mut self, text: &[u8]) -> Result<(), DisError> {
        if self.counts {
            self.width += text.iter().filter(|&&b| b & 0xc0 != 0x80).count();
        }
        if self.ready.len() + text.len() <= READY {
            self.ready.extend_from_slice(text);
            return Ok(());
        }
        self.flush()?;
        self.out.write_all(text).map_err(DisError::Write)
    }

    /// A number, with a blank before it.
    fn number(&mut self, text: &str) -> Result<(), DisError> {
        self.put(b" ")?;
        self.put(text.as_bytes())
    }

    /// Where the opcode stands.
    fn place(&mut self, offset: u64) -> Result<(), DisError> {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(offset);
        self.spaces(5usize.saturating_sub(digits.len()))?;
        self.put(digits.as_bytes())?;
        self.put(b": ")
    }

    fn flush(&mut self) -> Result<(), DisError> {
        let result = self.out.write_all(self.ready).map_err(DisError::Write);
        self.ready.clear();
        result
    }

    fn spaces(&mut self, mut count: usize) -> Result<(), DisError> {
        const SPACES: &[u8] = &[b' '; 256];
        while count > 0 {
            let some = SPACES.get(..count).unwrap_or(SPACES);
            self.put(some)?;
            count -= some.len();
        }
        Ok(())
    }

    fn quoted(
        &mut self,
        mut payload: Payload<'_>,
        encoding: Encoding,
        style: Style,
        quote: u8,
        scratch: &mut Scratch,
    ) -> Result<(), DisError> {
        let (before, after) = match style {
            Style::Str | Style::Ascii => (" ", ""),
            Style::Bytes => (" b", ""),
            Style::ByteArray => (" bytearray(b", ")"),
        };
        self.put(before.as_bytes())?;
        self.put(&[quote])?;
        let Scratch { text, room, forms } = scratch;
        if encoding == Encoding::Latin1 {
            let [single, double] = forms;
            let forms = if quote == b'"' { double } else { single };
            payload.each(|piece| self.put(forms.text(piece, room)))?;
        } else {
            each_code(&mut payload, encoding, |piece, codes| {
                // Small pieces keep what is escaped, up to ten times as long, small too.
                let pieces = piece.map(|piece| piece.chunks(1 << 14).map(Some)).into_iter().flatten();
                let end = if piece.is_none() { Some(None) } else { None };
                for piece in pieces.chain(end) {
                    text.clear();
                    let escape = style != Style::Str;
                    let mut push = |part: Text<'_>| match part {
                        Text::Plain(plain) => text.extend_from_slice(plain),
                        Text::Code(code) => pyrepr::push_code(text, code, quote, escape),
                    };
                    codes.decode(piece, &mut push).map_err(|kind| DisError::Read(io::Error::other(kind.text())))?;
                    self.put(text)?;
                }
                Ok(())
            })?;
        }
        self.put(&[quote])?;
        self.put(after.as_bytes())
    }
}

impl From<io::Error> for DisError {
    /// Only what was put aside is read with `?`.
    fn from(error: io::Error) -> Self {
        DisError::Read(error)
    }
}

fn read_error(error: ReadError<io::Error>) -> DisError {
    match error {
        ReadError::Io(error) => DisError::Read(error),
        ReadError::Pickle(error) => DisError::Pickle(error),
    }
}
