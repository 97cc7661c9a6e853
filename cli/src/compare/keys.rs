//! What is found under equal keys, and which items two sets have in common.

use super::{Both, Step};
use crate::print::brief::comparable_json;
use crate::print::canonical::big_int;
use pickle_core::view::View;
use pickle_core::{Items, Value};
use std::collections::HashMap;

/// Values that a key may consist of.
const MOST: usize = 100_000;

/// Levels that a key may have.
const DEPTH: usize = 32;

/// Keys up to which all are compared with all.
const FEW: usize = 8;

/// Values by their keys: those of the first in their order, then what only the second has. Of equal keys the last counts.
pub(super) fn by_key<'d>(
    a: impl Iterator<Item = (Value<'d>, Value<'d>)>,
    b: impl Iterator<Item = (Value<'d>, Value<'d>)>,
    doubts: &mut Vec<String>,
) -> Vec<Both<'d>> {
    let (a, b): (Vec<_>, Vec<_>) = (a.collect(), b.collect());
    if let Some(both) = same_keys(&a, &b) {
        return both;
    }
    let mut forms = |pairs: &[(Value<'d>, Value<'d>)]| -> Vec<Vec<u8>> {
        pairs.iter().enumerate().map(|(at, (key, _))| form_or_place(*key, at, doubts)).collect()
    };
    let (left, right) = (forms(&a), forms(&b));
    let last = |forms: &[Vec<u8>]| -> HashMap<Vec<u8>, usize> {
        forms.iter().cloned().enumerate().map(|(at, form)| (form, at)).collect()
    };
    let (in_a, in_b) = (last(&left), last(&right));
    let mut both = Vec::with_capacity(a.len());
    for (at, (form, (key, value))) in left.iter().zip(&a).enumerate() {
        if in_a.get(form) == Some(&at) {
            let other = in_b.get(form).and_then(|&at| b.get(at)).map(|(_, value)| *value);
            both.push((Step::Key(*key, at), Some(*value), other));
        }
    }
    for (at, (form, (key, value))) in right.iter().zip(&b).enumerate() {
        if !in_a.contains_key(form) && in_b.get(form) == Some(&at) {
            both.push((Step::Key(*key, at), None, Some(*value)));
        }
    }
    both
}

/// The quick way for few keys of text in the same order.
fn same_keys<'d>(a: &[(Value<'d>, Value<'d>)], b: &[(Value<'d>, Value<'d>)]) -> Option<Vec<Both<'d>>> {
    if a.len() != b.len() || a.len() > FEW {
        return None;
    }
    let mut both = Vec::with_capacity(a.len());
    for (at, ((key, x), (other, y))) in a.iter().zip(b).enumerate() {
        let name = key.as_str()?;
        let known = a.get(..at)?.iter().any(|(earlier, _)| earlier.as_str() == Some(name));
        if known || other.as_str() != Some(name) {
            return None;
        }
        both.push((Step::Key(*key, at), Some(*x), Some(*y)));
    }
    Some(both)
}

/// What only one of two sets has.
pub(super) fn as_sets<'d>(a: Items<'d>, b: Items<'d>, doubts: &mut Vec<String>) -> Vec<Both<'d>> {
    let mut forms = |items: Items<'d>| -> Vec<(Vec<u8>, Value<'d>)> {
        items.enumerate().map(|(at, item)| (form_or_place(item, at, doubts), item)).collect()
    };
    let (left, right) = (forms(a), forms(b));
    let keys = |forms: &[(Vec<u8>, Value<'d>)]| -> HashMap<Vec<u8>, ()> {
        forms.iter().map(|(form, _)| (form.clone(), ())).collect()
    };
    let (in_a, in_b) = (keys(&left), keys(&right));
    let removed = left.into_iter().enumerate().filter(|(_, (form, _))| !in_b.contains_key(form));
    let mut both: Vec<Both<'d>> = removed.map(|(at, (_, item))| (Step::Index(at), Some(item), None)).collect();
    let added = right.into_iter().enumerate().filter(|(_, (form, _))| !in_a.contains_key(form));
    both.extend(added.map(|(at, (_, item))| (Step::Index(at), None, Some(item))));
    both
}

fn form_or_place(key: Value<'_>, at: usize, doubts: &mut Vec<String>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = MOST;
    if form(key, DEPTH, &mut left, &mut out).is_some() {
        return out;
    }
    doubts.push("?a key or an item of a set is too large to be compared, and was taken by its place".into());
    format!("#{at}").into_bytes()
}

/// Bytes that are equal for equal keys, and only for those. `None` where a key has too many parts or levels.
fn form(value: Value<'_>, depth: usize, left: &mut usize, out: &mut Vec<u8>) -> Option<()> {
    *left = left.checked_sub(1)?;
    let depth = depth.checked_sub(1)?;
    let put = |code: u8, bytes: &[u8], out: &mut Vec<u8>| {
        out.push(code);
        out.extend((bytes.len() as u64).to_le_bytes());
        out.extend(bytes);
    };
    match value.view() {
        View::None => out.push(b'N'),
        View::Bool(flag) => out.extend([b'B', u8::from(flag)]),
        View::Int(int) => put(b'i', int.to_string().as_bytes(), out),
        View::BigInt(_) => put(b'i', big_int(&value).to_string().as_bytes(), out),
        // Zeros are equal, and so are NaNs here.
        View::Float(float) => {
            let bits = if float == 0.0 {
                0
            } else if float.is_nan() {
                f64::NAN.to_bits()
            } else {
                float.to_bits()
            };
            put(b'f', &bits.to_le_bytes(), out);
        }
        View::Text(text) => put(b's', text.as_bytes(), out),
        View::Bytes(octets) | View::ByteArray(octets) => put(b'b', &octets.collect::<Vec<u8>>(), out),
        View::Sequence(sequence) => {
            out.push(b't');
            out.extend((sequence.items.len() as u64).to_le_bytes());
            for item in sequence.items {
                form(item, depth, left, out)?;
            }
        }
        View::Set(set) => {
            let mut forms = Vec::new();
            for item in set.items {
                let mut bytes = Vec::new();
                form(item, depth, left, &mut bytes)?;
                forms.push(bytes);
            }
            forms.sort();
            forms.dedup();
            out.push(b'S');
            out.extend((forms.len() as u64).to_le_bytes());
            forms.iter().for_each(|bytes| put(b'e', bytes, out));
        }
        _ => put(b'o', comparable_json(value, 1 << 20)?.as_bytes(), out),
    }
    Some(())
}
