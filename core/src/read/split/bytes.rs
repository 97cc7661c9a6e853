//! A plan as bytes. docs/split-plans.md has the format.

use super::plan::{Entry, Head, Inside, Split, SplitPlan, Unsplit, UnsplitReason};
use crate::{Error, ErrorKind};
use alloc::string::String;
use alloc::vec::Vec;

impl SplitPlan {
    /// The plan as bytes, at the end of `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        put(out, self.path.len() as u64);
        out.extend_from_slice(self.path.as_bytes());
        put(out, self.items.map_or(0, |items| items.saturating_add(1)));
        match self.unsplit {
            None => put(out, 0),
            Some(Unsplit { pickle, offset, reason }) => {
                [reason as u64, pickle, offset].iter().for_each(|n| put(out, *n))
            }
        }
        match self.fault {
            None => put(out, 0),
            Some(error) => [error.kind() as u64, error.byte().into(), error.offset()].iter().for_each(|n| put(out, *n)),
        }
        put(out, self.heads.len() as u64);
        for head in &self.heads {
            let Head { start, end, at, memo, entries } = head;
            [*start, end - start, *at as u64, *memo, entries.len() as u64].iter().for_each(|n| put(out, *n));
            let mut last = 0;
            for &Entry { index, offset, end, memo } in entries {
                put(out, index - last);
                put(out, offset);
                put(out, end - offset);
                put(out, index - memo);
                last = index;
            }
        }
        put(out, self.splits.len() as u64);
        let (mut offset, mut item, mut pickle, mut memo) = (0, 0, 0, 0);
        for split in &self.splits {
            put(out, split.offset - offset);
            put(out, if split.end == u64::MAX { 0 } else { split.end - split.offset + 1 });
            put(out, split.first - item);
            put(out, split.count.map_or(0, |count| count + 1));
            put(out, split.pickle - pickle);
            (offset, item, pickle) = (split.offset, split.first, split.pickle);
            let Some(inside) = split.inside else {
                put(out, 0);
                continue;
            };
            let ends = u64::from(inside.ends.map_or(0, |kind| kind + 1));
            put(out, 1 | u64::from(inside.marked) << 1 | u64::from(inside.last) << 2 | ends << 3);
            put(out, inside.head as u64);
            put(out, zigzag(inside.memo as i64, memo as i64));
            put(out, inside.frame_end.saturating_sub(split.offset));
            memo = inside.memo;
        }
    }

    /// The plan that [`SplitPlan::write`] has written; `None` for anything else. A plan that was changed since is found out
    /// here or when it is read; whoever stores it should add a checksum.
    pub fn read(bytes: &[u8]) -> Option<SplitPlan> {
        let mut bytes = bytes;
        let input = &mut bytes;
        let length = usize::try_from(get(input)?).ok()?;
        let (path, rest) = input.split_at_checked(length)?;
        *input = rest;
        let path = String::from(core::str::from_utf8(path).ok()?);
        let items = get(input)?.checked_sub(1);
        let unsplit = match get(input)? {
            0 => None,
            reason => {
                let reason = *UnsplitReason::ALL.iter().find(|known| **known as u64 == reason)?;
                Some(Unsplit { reason, pickle: get(input)?, offset: get(input)? })
            }
        };
        let fault = match get(input)? {
            0 => None,
            kind => {
                let kind = *ErrorKind::ALL.iter().find(|known| **known as u64 == kind)?;
                Some(Error::new(kind, u8::try_from(get(input)?).ok()?, get(input)?))
            }
        };
        let mut heads = Vec::new();
        for _ in 0..get(input)? {
            heads.push(head(input)?);
        }
        let mut splits = Vec::new();
        let (mut offset, mut item, mut pickle, mut memo) = (0_u64, 0_u64, 0_u64, 0_u64);
        for _ in 0..get(input)? {
            offset = offset.checked_add(get(input)?)?;
            let end = match get(input)? {
                0 => u64::MAX,
                length => offset.checked_add(length - 1)?,
            };
            item = item.checked_add(get(input)?)?;
            let count = get(input)?.checked_sub(1);
            pickle = pickle.checked_add(get(input)?)?;
            let flags = get(input)?;
            let mut inside = None;
            if flags & 1 != 0 {
                let head = usize::try_from(get(input)?).ok().filter(|head| *head < heads.len())?;
                memo = unzigzag(get(input)?, memo as i64)?;
                let frame = get(input)?;
                let frame_end = if frame == 0 { 0 } else { offset.checked_add(frame)? };
                let ends = u8::try_from(flags >> 3).ok()?.checked_sub(1);
                inside = Some(Inside { head, memo, frame_end, marked: flags & 2 != 0, ends, last: flags & 4 != 0 });
            }
            splits.push(Split { offset, end, first: item, count, pickle, inside });
        }
        if input.is_empty() { Some(SplitPlan { path, splits, heads, items, unsplit, fault }) } else { None }
    }
}

fn head(input: &mut &[u8]) -> Option<Head> {
    let start = get(input)?;
    let end = start.checked_add(get(input)?)?;
    let at = usize::try_from(get(input)?).ok().filter(|at| *at < 1 << 20)?;
    let memo = get(input)?;
    let mut entries = Vec::new();
    let mut index = 0_u64;
    for _ in 0..get(input)? {
        index = index.checked_add(get(input)?)?;
        let offset = get(input)?;
        let end = offset.checked_add(get(input)?)?;
        let memo = index.checked_sub(get(input)?)?;
        entries.push(Entry { index, offset, end, memo });
    }
    Some(Head { start, end, at, memo, entries })
}

/// A number, seven bits a byte, the lowest first; the eighth bit says that another byte follows.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn get(input: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// The difference, the sign in the lowest bit.
fn zigzag(number: i64, last: i64) -> u64 {
    let difference = number.wrapping_sub(last);
    (difference << 1 ^ difference >> 63) as u64
}

fn unzigzag(code: u64, last: i64) -> Option<u64> {
    let difference = (code >> 1) as i64 ^ -((code & 1) as i64);
    u64::try_from(last.checked_add(difference)?).ok()
}
