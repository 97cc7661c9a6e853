//! The grammar of one opcode and its argument, as `nom` streaming parsers.
//!
//! Each parser takes a slice and gives what it read and the rest, or
//! `Incomplete`, and then nothing has been consumed. Payloads are cut out of
//! the slice; they are never looked at.

use crate::opcode::Argument;
use crate::{Arg, ErrorKind, Opcode};
use nom::error::ParseError;
use nom::{Err, IResult, Needed, Parser};

/// A `nom` error that is no more than our own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub ErrorKind);

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(_: &[u8], _: nom::error::ErrorKind) -> Self {
        Fault(ErrorKind::Truncated)
    }

    fn append(_: &[u8], _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'i, T> = IResult<&'i [u8], T, Fault>;

#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
fn fixed<'i, const N: usize>(input: &'i [u8]) -> Parsed<'i, [u8; N]> {
    match input.split_first_chunk::<N>() {
        Some((bytes, rest)) => Ok((rest, *bytes)),
        None => Err(Err::Incomplete(Needed::Unknown)),
    }
}

/// What is wrong with a declared length, however much of the payload is there.
#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
pub(crate) fn bad_length(argument: Argument, length: u64) -> Option<ErrorKind> {
    match argument {
        Argument::BytesI4 if length > i32::MAX as u64 => Some(ErrorKind::NegativeLength),
        _ if length > i64::MAX as u64 => Some(ErrorKind::LengthTooLarge),
        _ => None,
    }
}

/// A declared length, checked as CPython checks it, before any payload is there.
#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
fn length<'i>(argument: Argument, input: &'i [u8]) -> Parsed<'i, u64> {
    let (rest, n) = match argument {
        Argument::Bytes1 => fixed::<1>.map(|b| u64::from(b[0])).parse(input)?,
        Argument::Bytes4 | Argument::BytesI4 => fixed::<4>.map(|b| u64::from(u32::from_le_bytes(b))).parse(input)?,
        _ => fixed::<8>.map(u64::from_le_bytes).parse(input)?,
    };
    match bad_length(argument, n) {
        Some(kind) => Err(Err::Failure(Fault(kind))),
        None => Ok((rest, n)),
    }
}

/// A number of fixed width.
#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
fn number<'i>(argument: Argument, input: &'i [u8]) -> Parsed<'i, Arg<'static>> {
    match argument {
        Argument::U1 => fixed::<1>.map(|b| Arg::Uint(u64::from(b[0]))).parse(input),
        Argument::U2 => fixed::<2>.map(|b| Arg::Uint(u64::from(u16::from_le_bytes(b)))).parse(input),
        Argument::U4 => fixed::<4>.map(|b| Arg::Uint(u64::from(u32::from_le_bytes(b)))).parse(input),
        Argument::I4 => fixed::<4>.map(|b| Arg::Int(i32::from_le_bytes(b))).parse(input),
        Argument::U8 => fixed::<8>.map(|b| Arg::Uint(u64::from_le_bytes(b))).parse(input),
        Argument::F8 => fixed::<8>.map(|b| Arg::Float(u64::from_be_bytes(b))).parse(input),
        _ => Ok((input, Arg::Nothing)),
    }
}

/// Text up to a newline, which is consumed and not given.
#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
fn line(input: &[u8]) -> Parsed<'_, &[u8]> {
    match find_newline(input).and_then(|at| input.split_at_checked(at)) {
        Some((text, [_, rest @ ..])) => Ok((rest, text)),
        _ => Err(Err::Incomplete(Needed::Unknown)),
    }
}

/// Two lines, given as one text with the newline between them.
fn two_lines(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, first) = line(input)?;
    let (rest, second) = line(rest)?;
    let text = input.get(..first.len() + 1 + second.len()).unwrap_or_default();
    Ok((rest, text))
}

/// Where the first newline is. Eight bytes a step: protocol 0 is all lines.
#[inline]
pub(crate) fn find_newline(input: &[u8]) -> Option<usize> {
    // Where memory is small, a byte a step takes a quarter of the code.
    if cfg!(not(target_pointer_width = "64")) {
        return input.iter().position(|&b| b == b'\n');
    }
    const ONES: u64 = 0x0101_0101_0101_0101;
    const NEWLINES: u64 = ONES * b'\n' as u64;
    let (words, tail) = input.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let x = u64::from_le_bytes(*word) ^ NEWLINES;
        let hit = x.wrapping_sub(ONES) & !x & (ONES << 7);
        if hit != 0 {
            return Some(at + hit.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    tail.iter().position(|&b| b == b'\n').map(|i| at + i)
}

/// One opcode's argument, whole.
#[cfg_attr(all(target_pointer_width = "64", not(debug_assertions)), inline(always))]
pub(crate) fn argument<'i>(opcode: Opcode, input: &'i [u8]) -> Parsed<'i, Arg<'i>> {
    match opcode.argument() {
        Argument::Nothing => Ok((input, Arg::Nothing)),
        Argument::Line => line.map(Arg::Text).parse(input),
        Argument::TwoLines => two_lines.map(Arg::Text).parse(input),
        kind if kind.is_counted() => {
            let (rest, n) = length(kind, input)?;
            let Ok(n) = usize::try_from(n) else {
                return Err(Err::Incomplete(Needed::Unknown));
            };
            // Not nom's `take`, which has a panic in it that the compiler does not always see to be out of reach.
            match rest.split_at_checked(n) {
                Some((bytes, rest)) => Ok((rest, Arg::Bytes(bytes))),
                None => Err(Err::Incomplete(Needed::Unknown)),
            }
        }
        kind => number(kind, input),
    }
}
