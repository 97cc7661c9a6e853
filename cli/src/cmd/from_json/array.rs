//! Arrays of NumPy out of JSON.

use super::dtype::DType;
use super::{Fault, Maker, Place, fault};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pickle_core::{Arg, Opcode};
use serde_json::{Map, Value};

/// What the items are.
enum Items<'j> {
    Bytes(Vec<u8>),
    Objects(Vec<&'j Value>),
}

impl<'j> Maker<'j> {
    /// `{"$ndarray": "float64", "$shape": [..], "$data": ..}`, as numpy pickles it.
    pub(super) fn array(&mut self, fields: &'j Map<String, Value>, place: Place<'j>) -> Result<(), Fault> {
        let known = ["$id", "$ndarray", "$shape", "$data", "$bytes", "$order"];
        if let Some(key) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return fault(format!("{key} of an array cannot be written from plain JSON; take the form of --tagged"));
        }
        let Some(dtype) = fields.get("$ndarray").and_then(DType::of) else {
            return fault(format!(
                "{} is not a dtype that plain JSON can represent",
                fields.get("$ndarray").unwrap_or(&Value::Null)
            ));
        };
        let shape: Option<Vec<u64>> =
            fields.get("$shape").and_then(Value::as_array).and_then(|axes| axes.iter().map(Value::as_u64).collect());
        let Some(shape) = shape else { return fault("$shape must be a list of lengths") };
        let wrong = |text| Fault { path: ".$data".into(), text };
        let items = match (fields.get("$data"), fields.get("$bytes")) {
            (Some(data), None) => {
                let items = items(data, &shape).map_err(wrong)?;
                if dtype.is_object() {
                    Items::Objects(items)
                } else {
                    Items::Bytes(dtype.bytes(&items).map_err(wrong)?)
                }
            }
            (None, Some(Value::String(text))) if !dtype.is_object() => match STANDARD.decode(text) {
                Ok(bytes) => Items::Bytes(bytes),
                Err(error) => return fault(format!("base64 is wanted: {error}")),
            },
            _ => return fault("an array has $data, a list, or $bytes, base64"),
        };
        let fortran = fields.get("$order").is_some_and(|order| order == "F");
        let count = shape.iter().try_fold(1u64, |product, axis| product.checked_mul(*axis));
        if let Items::Bytes(bytes) = &items
            && count.and_then(|count| count.checked_mul(dtype.len)) != Some(bytes.len() as u64)
        {
            return fault(format!("{} bytes do not fill $shape", bytes.len()));
        }
        self.named("numpy.core.multiarray", "_reconstruct")?;
        self.named("numpy", "ndarray")?;
        self.small(0)?;
        self.plain(Opcode::Tuple1)?;
        self.op(Opcode::BinBytes8, Arg::Bytes(b"b"))?;
        self.plain(Opcode::Tuple3)?;
        self.plain(Opcode::Reduce)?;
        self.made(place)?;
        self.plain(Opcode::Mark)?;
        self.small(1)?;
        self.plain(Opcode::Mark)?;
        for axis in &shape {
            self.int(&axis.to_string())?;
        }
        self.plain(Opcode::Tuple)?;
        self.dtype(&dtype)?;
        self.plain(if fortran { Opcode::NewTrue } else { Opcode::NewFalse })?;
        match items {
            Items::Bytes(bytes) => self.op(Opcode::BinBytes8, Arg::Bytes(&bytes))?,
            Items::Objects(values) => {
                self.plain(Opcode::EmptyList)?;
                self.plain(Opcode::Mark)?;
                for value in values {
                    self.value(value).map_err(|fault| fault.below(".$data"))?;
                }
                self.plain(Opcode::Appends)?;
            }
        }
        self.plain(Opcode::Tuple)?;
        self.plain(Opcode::Build)
    }

    fn dtype(&mut self, dtype: &DType) -> Result<(), Fault> {
        self.named("numpy", "dtype")?;
        self.text(dtype.code.as_bytes())?;
        self.plain(Opcode::NewFalse)?;
        self.plain(Opcode::NewTrue)?;
        self.plain(Opcode::Tuple3)?;
        self.plain(Opcode::Reduce)?;
        self.plain(Opcode::Mark)?;
        self.small(if dtype.unit.is_some() { 4 } else { 3 })?;
        self.text(dtype.order())?;
        self.plain(Opcode::None)?;
        if dtype.fields.is_empty() {
            self.plain(Opcode::None)?;
            self.plain(Opcode::None)?;
        } else {
            self.plain(Opcode::Mark)?;
            for (name, _) in &dtype.fields {
                self.text(name.as_bytes())?;
            }
            self.plain(Opcode::Tuple)?;
            self.plain(Opcode::EmptyDict)?;
            self.plain(Opcode::Mark)?;
            let mut offset = 0;
            for (name, field) in &dtype.fields {
                self.text(name.as_bytes())?;
                self.dtype(field)?;
                self.int(&offset.to_string())?;
                self.plain(Opcode::Tuple2)?;
                offset += field.len;
            }
            self.plain(Opcode::SetItems)?;
        }
        for int in dtype.sizes() {
            self.small(int)?;
        }
        if let Some((unit, count)) = &dtype.unit {
            self.plain(Opcode::None)?;
            self.plain(Opcode::Mark)?;
            self.op(Opcode::BinBytes8, Arg::Bytes(unit.as_bytes()))?;
            for int in [*count, 1, 1] {
                self.small(int)?;
            }
            self.plain(Opcode::Tuple)?;
            self.plain(Opcode::Tuple2)?;
        }
        self.plain(Opcode::Tuple)?;
        self.plain(Opcode::Build)
    }
}

/// The items of nested lists, in C order.
fn items<'j>(data: &'j Value, shape: &[u64]) -> Result<Vec<&'j Value>, String> {
    let mut all = Vec::new();
    // What is still to come, the next last, and how many axes it has.
    let mut stack = vec![(data, 0)];
    while let Some((value, axis)) = stack.pop() {
        match (shape.get(axis), value) {
            (Some(&len), Value::Array(items)) if items.len() as u64 == len => {
                stack.extend(items.iter().rev().map(|item| (item, axis + 1)));
            }
            (Some(len), Value::Array(items)) => {
                return Err(format!("a list of {} items where $shape says {len}", items.len()));
            }
            (Some(len), _) => return Err(format!("a list of {len} is wanted")),
            (None, value) => all.push(value),
        }
    }
    Ok(all)
}
