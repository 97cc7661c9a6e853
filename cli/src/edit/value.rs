//! JSON as opcodes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigInt;
use pickle_core::{Level, Pickler};
use serde_json::{Number, Value};

/// Levels of a value that is given on the command line.
const DEPTH: usize = 100;

type To<'l> = Pickler<'l, Vec<u8>>;

/// The opcodes of a value, in a protocol, without PROTO and STOP. `None` where it nests too deeply, a number is none, or a
/// key with `$` says nothing that is known.
pub(super) fn opcodes(value: &Value, protocol: u8) -> Option<Vec<u8>> {
    let mut levels = [Level::EMPTY; DEPTH];
    let mut pickler = Pickler::new(Vec::new(), protocol, &mut levels);
    put(value, &mut pickler)?;
    let mut pickle = pickler.into_sink();
    // PROTO and its argument.
    let header = if protocol >= 2 { 2 } else { 0 };
    Some(pickle.split_off(header))
}

fn put(value: &Value, to: &mut To<'_>) -> Option<()> {
    match value {
        Value::Null => {
            to.none().ok()?;
        }
        Value::Bool(flag) => {
            to.bool(*flag).ok()?;
        }
        Value::Number(number) => put_number(number, to)?,
        Value::String(text) => {
            to.str(text).ok()?;
        }
        Value::Array(items) => {
            to.begin_list(Some(items.len())).ok()?;
            items.iter().try_for_each(|item| put(item, to))?;
            to.end().ok()?;
        }
        Value::Object(entries) if entries.keys().any(|key| key.starts_with('$')) => {
            let mut entries = entries.iter();
            let (Some((key, value)), None) = (entries.next(), entries.next()) else { return None };
            put_tagged(key, value, to)?;
        }
        Value::Object(entries) => {
            to.begin_dict(Some(entries.len())).ok()?;
            for (key, value) in entries {
                to.str(key).ok()?;
                put(value, to)?;
            }
            to.end().ok()?;
        }
    }
    Some(())
}

/// What JSON has no terms of its own for, as `from-json` takes it.
fn put_tagged(key: &str, value: &Value, to: &mut To<'_>) -> Option<()> {
    let items = |hashed: bool| value.as_array().filter(|items| !hashed || items.iter().all(is_hashable));
    match key {
        "$bytes" => {
            to.bytes(&STANDARD.decode(value.as_str()?).ok()?).ok()?;
        }
        "$bytearray" => {
            to.byte_array(&STANDARD.decode(value.as_str()?).ok()?).ok()?;
        }
        "$int" => {
            to.big_int(&value.as_str()?.parse::<BigInt>().ok()?.to_signed_bytes_le()).ok()?;
        }
        "$float" => {
            let bits = value.as_str().filter(|bits| bits.len() == 16)?;
            to.float(f64::from_bits(u64::from_str_radix(bits, 16).ok()?)).ok()?;
        }
        "$global" => match value.as_array()?.as_slice() {
            [module, name] => {
                to.global(module.as_str()?, name.as_str()?).ok()?;
            }
            _ => return None,
        },
        "$tuple" | "$set" | "$frozenset" => {
            let items = items(key != "$tuple")?;
            match key {
                "$tuple" => to.begin_tuple(Some(items.len())).ok()?,
                "$set" => to.begin_set().ok()?,
                _ => to.begin_frozen_set().ok()?,
            };
            items.iter().try_for_each(|item| put(item, to))?;
            to.end().ok()?;
        }
        _ => return None,
    }
    Some(())
}

/// It may be in a set.
fn is_hashable(value: &Value) -> bool {
    match value {
        Value::Array(_) => false,
        Value::Object(entries) => entries.iter().all(|(key, value)| match (key.as_str(), value) {
            ("$tuple", Value::Array(items)) => items.iter().all(is_hashable),
            (key, _) => matches!(key, "$bytes" | "$int" | "$float" | "$global" | "$frozenset"),
        }),
        _ => true,
    }
}

fn put_number(number: &Number, to: &mut To<'_>) -> Option<()> {
    let text = number.to_string();
    if let Ok(int) = text.parse() {
        to.int(int).ok()?;
    } else if let Ok(int) = text.parse::<BigInt>() {
        to.big_int(&int.to_signed_bytes_le()).ok()?;
    } else {
        let float = text.parse().ok().filter(|float: &f64| float.is_finite())?;
        to.float(float).ok()?;
    }
    Some(())
}
