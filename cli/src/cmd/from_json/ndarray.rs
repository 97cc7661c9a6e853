//! The bytes of an array whose numbers stand in JSON.

use serde_json::Value;

/// A dtype of numbers, in little-endian order.
#[derive(Clone, Copy)]
pub(super) struct DType {
    /// As numpy pickles it: `f8`.
    pub(super) code: &'static str,
    /// Bytes of an item.
    pub(super) len: u64,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int,
    Uint,
    Float,
    Complex,
}

/// Names of dtypes as numpy and `pickle json` print them.
const DTYPES: &[(&str, &str, u64, Kind)] = &[
    ("bool", "b1", 1, Kind::Bool),
    ("int8", "i1", 1, Kind::Int),
    ("int16", "i2", 2, Kind::Int),
    ("int32", "i4", 4, Kind::Int),
    ("int64", "i8", 8, Kind::Int),
    ("uint8", "u1", 1, Kind::Uint),
    ("uint16", "u2", 2, Kind::Uint),
    ("uint32", "u4", 4, Kind::Uint),
    ("uint64", "u8", 8, Kind::Uint),
    ("float32", "f4", 4, Kind::Float),
    ("float64", "f8", 8, Kind::Float),
    ("complex64", "c8", 8, Kind::Complex),
    ("complex128", "c16", 16, Kind::Complex),
];

impl DType {
    /// The dtype of a name.
    pub(super) fn of(name: &str) -> Option<DType> {
        let &(_, code, len, kind) = DTYPES.iter().find(|(known, ..)| *known == name)?;
        Some(DType { code, len, kind })
    }

    /// The items of nested lists, in C order.
    pub(super) fn bytes(self, data: &Value, shape: &[u64]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        // What is still to come, the next last, and how many axes it has.
        let mut stack = vec![(data, 0)];
        while let Some((value, axis)) = stack.pop() {
            match (shape.get(axis), value) {
                (Some(&len), Value::Array(items)) if items.len() as u64 == len => {
                    stack.extend(items.iter().rev().map(|item| (item, axis + 1)));
                }
                (Some(len), Value::Array(items)) => {
                    return Err(format!("a list of {} stands where $shape says {len}", items.len()));
                }
                (Some(len), _) => return Err(format!("a list of {len} is wanted")),
                (None, value) => {
                    self.item(value, &mut bytes).ok_or_else(|| format!("{value} is no item of this dtype"))?;
                }
            }
        }
        Ok(bytes)
    }

    fn item(self, value: &Value, bytes: &mut Vec<u8>) -> Option<()> {
        match self.kind {
            Kind::Bool => bytes.push(value.as_bool()?.into()),
            Kind::Int => {
                let (int, unused) = (value.as_i64()?, 64 - 8 * self.len as u32);
                if (int << unused) >> unused != int {
                    return None;
                }
                bytes.extend(int.to_le_bytes().get(..self.len as usize)?);
            }
            Kind::Uint => {
                let int = value.as_u64()?;
                if self.len < 8 && int >> (8 * self.len) != 0 {
                    return None;
                }
                bytes.extend(int.to_le_bytes().get(..self.len as usize)?);
            }
            Kind::Float => self.float(value, self.len, bytes)?,
            Kind::Complex => {
                let [re, im] = value.as_array()?.as_slice() else { return None };
                self.float(re, self.len / 2, bytes)?;
                self.float(im, self.len / 2, bytes)?;
            }
        }
        Some(())
    }

    fn float(self, value: &Value, len: u64, bytes: &mut Vec<u8>) -> Option<()> {
        let float = match value {
            // JSON has no number for these.
            Value::String(text) => match text.as_str() {
                "NaN" | "nan" => f64::NAN,
                "Infinity" | "inf" => f64::INFINITY,
                "-Infinity" | "-inf" => f64::NEG_INFINITY,
                _ => return None,
            },
            _ => value.as_f64()?,
        };
        match len {
            4 => bytes.extend((float as f32).to_le_bytes()),
            _ => bytes.extend(float.to_le_bytes()),
        }
        Some(())
    }
}
