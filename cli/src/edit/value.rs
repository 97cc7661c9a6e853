//! JSON as opcodes.

use num_bigint::BigInt;
use pickle_core::{Level, Pickler};
use serde_json::{Number, Value};

/// Levels of a value that is given on the command line.
const DEPTH: usize = 100;

type To<'l> = Pickler<'l, Vec<u8>>;

/// The opcodes of a value, in a protocol, without PROTO and STOP. `None` where it nests too deeply, or a number is none.
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
