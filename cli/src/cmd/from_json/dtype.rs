//! Types of the items of arrays, and items as bytes.

use crate::print::table::time::first_of_month;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pickle_core::table::Unit;
use serde_json::Value;

/// A dtype, in the order of bytes that its name says.
pub(super) struct DType {
    /// As numpy pickles it: `f8`.
    pub(super) code: String,
    /// Bytes of an item.
    pub(super) len: u64,
    /// Unit of times and spans, and how many of it.
    pub(super) unit: Option<(String, i64)>,
    /// Fields of a record, one behind the other.
    pub(super) fields: Vec<(String, DType)>,
    kind: Kind,
    big: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Uint,
    Float,
    Complex,
    Text,
    Bytes,
    Time,
    Span,
    Record,
    Object,
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
    ("float16", "f2", 2, Kind::Float),
    ("float32", "f4", 4, Kind::Float),
    ("float64", "f8", 8, Kind::Float),
    ("complex64", "c8", 8, Kind::Complex),
    ("complex128", "c16", 16, Kind::Complex),
    ("object", "O8", 8, Kind::Object),
];

/// Bytes that an item may have: NumPy counts them with 32 bits.
const LARGEST: u64 = i32::MAX as u64;

impl DType {
    /// The dtype of a name, or of the fields of a record.
    pub(super) fn of(json: &Value) -> Option<DType> {
        let new = |code: &str, len, kind, big| DType {
            code: code.to_owned(),
            len,
            unit: None,
            fields: Vec::new(),
            kind,
            big,
        };
        let name = match json {
            Value::String(name) => name.as_str(),
            Value::Array(fields) => {
                let mut all = Vec::new();
                for field in fields {
                    let [Value::String(name), dtype] = field.as_array()?.as_slice() else { return None };
                    let dtype = DType::of(dtype).filter(|dtype| dtype.kind != Kind::Object)?;
                    all.push((name.clone(), dtype));
                }
                let len = all.iter().try_fold(0u64, |len, (_, field)| len.checked_add(field.len))?;
                if all.is_empty() || len > LARGEST {
                    return None;
                }
                return Some(DType { fields: all, ..new(&format!("V{len}"), len, Kind::Record, false) });
            }
            _ => return None,
        };
        let (big, plain) = match name.strip_prefix('>') {
            Some(rest) => (true, rest),
            None => (false, name.strip_prefix('<').unwrap_or(name)),
        };
        if let Some(&(_, code, len, kind)) = DTYPES.iter().find(|(known, ..)| *known == plain) {
            return Some(new(code, len, kind, big));
        }
        for (stem, code, kind) in [("datetime64", "M8", Kind::Time), ("timedelta64", "m8", Kind::Span)] {
            let Some(unit) = plain.strip_prefix(stem) else { continue };
            let unit = unit.strip_prefix('[')?.strip_suffix(']')?;
            let digits = unit.bytes().take_while(u8::is_ascii_digit).count();
            let (count, unit) = unit.split_at_checked(digits)?;
            let count = if count.is_empty() { 1 } else { count.parse().ok().filter(|count| *count > 0)? };
            Unit::of(unit)?;
            return Some(DType { unit: Some((unit.to_owned(), count)), ..new(code, 8, kind, big) });
        }
        let number = |text: &str| text.parse::<u64>().ok().filter(|len| *len <= LARGEST / 4);
        match plain.split_at_checked(1)? {
            ("U", len) => Some(new(plain, number(len)? * 4, Kind::Text, big)),
            ("S", len) => Some(new(plain, number(len)?, Kind::Bytes, false)),
            _ => None,
        }
    }

    /// The items are objects.
    pub(super) fn is_object(&self) -> bool {
        self.kind == Kind::Object
    }

    /// The order of bytes, as numpy pickles it.
    pub(super) fn order(&self) -> &'static [u8] {
        match self.kind {
            Kind::Bytes | Kind::Record | Kind::Object => b"|",
            _ if self.len == 1 => b"|",
            _ if self.big => b">",
            _ => b"<",
        }
    }

    /// Size, alignment and flags, as numpy pickles them.
    pub(super) fn sizes(&self) -> [i64; 3] {
        let len = self.len as i64;
        match self.kind {
            Kind::Text => [len, 4, 8],
            Kind::Bytes => [len, 1, 0],
            Kind::Record => [len, 1, if self.has_text() { 24 } else { 16 }],
            Kind::Object => [-1, -1, 63],
            _ => [-1, -1, 0],
        }
    }

    fn has_text(&self) -> bool {
        self.kind == Kind::Text || self.fields.iter().any(|(_, field)| field.has_text())
    }

    /// Items as bytes.
    pub(super) fn bytes(&self, items: &[&Value]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for item in items {
            self.item(item, &mut bytes).ok_or_else(|| format!("{item} is not a valid item of this dtype"))?;
        }
        Ok(bytes)
    }

    fn item(&self, value: &Value, bytes: &mut Vec<u8>) -> Option<()> {
        let start = bytes.len();
        // What is turned round together.
        let mut word = self.len as usize;
        match self.kind {
            Kind::Bool => bytes.push(value.as_bool()?.into()),
            Kind::Int => {
                let (int, unused) = (int(value)?, 64 - 8 * self.len as u32);
                if (int << unused) >> unused != int {
                    return None;
                }
                bytes.extend(int.to_le_bytes().get(..self.len as usize)?);
            }
            Kind::Uint => {
                let int = match value {
                    Value::String(text) => text.parse().ok()?,
                    _ => value.as_u64()?,
                };
                if self.len < 8 && int >> (8 * self.len) != 0 {
                    return None;
                }
                bytes.extend(int.to_le_bytes().get(..self.len as usize)?);
            }
            Kind::Float => float(value, self.len, bytes)?,
            Kind::Complex => {
                let [re, im] = value.as_array()?.as_slice() else { return None };
                word = self.len as usize / 2;
                float(re, self.len / 2, bytes)?;
                float(im, self.len / 2, bytes)?;
            }
            Kind::Text => {
                word = 4;
                value.as_str()?.chars().for_each(|c| bytes.extend(u32::from(c).to_le_bytes()));
            }
            Kind::Bytes => {
                word = 1;
                match value {
                    Value::String(text) => bytes.extend(text.bytes()),
                    _ => bytes.extend(STANDARD.decode(value.get("$bytes")?.as_str()?).ok()?),
                }
            }
            Kind::Time | Kind::Span => {
                let ticks = match value {
                    Value::Null => i64::MIN,
                    // A year has no other part; without one it is ticks that are too many for a number of JSON.
                    Value::String(text)
                        if self.kind == Kind::Time
                            && (text.contains('-') || self.unit.as_ref().is_some_and(|(unit, _)| unit == "Y")) =>
                    {
                        let (unit, count) = self.unit.as_ref()?;
                        ticks(text, Unit::of(unit)?, *count)?
                    }
                    _ => int(value)?,
                };
                bytes.extend(ticks.to_le_bytes());
            }
            Kind::Record => {
                for (name, field) in &self.fields {
                    field.item(value.get(name.as_str())?, bytes)?;
                }
                return Some(());
            }
            Kind::Object => return None,
        }
        let end = start.checked_add(self.len as usize)?;
        if bytes.len() > end {
            return None;
        }
        bytes.resize(end, 0);
        if self.big && word > 1 {
            bytes.get_mut(start..)?.chunks_mut(word).for_each(<[u8]>::reverse);
        }
        Some(())
    }
}

/// An int, also as the string that it is beyond 2^53.
fn int(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_i64(),
    }
}

fn float(value: &Value, len: u64, bytes: &mut Vec<u8>) -> Option<()> {
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
        2 => bytes.extend(half(float).to_le_bytes()),
        4 => bytes.extend((float as f32).to_le_bytes()),
        _ => bytes.extend(float.to_le_bytes()),
    }
    Some(())
}

/// The nearest float of 16 bits.
fn half(float: f64) -> u16 {
    let sign = if float.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = float.abs();
    if magnitude.is_nan() {
        return sign | 0x7e00;
    }
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    // The exponent of the double, as far as there is one of 16 bits.
    let exponent = (((magnitude.to_bits() >> 52) as i32) - 1023).clamp(-14, 15);
    let steps = (magnitude / 2f64.powi(exponent - 10)).round_ties_even() as u16;
    // Fractions that round up to the next power of two carry into the exponent; below the smallest there is none.
    if steps < 0x400 { sign | steps } else { sign | (((exponent + 15) as u16) << 10).wrapping_add(steps - 0x400) }
}

/// Ticks of a time as `pickle json` writes it.
fn ticks(text: &str, unit: Unit, count: i64) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (date, time) = text.split_once(['T', ' ']).map_or((text, ""), |(date, time)| (date, time));
    let mut parts = date.split('-').map(|part| part.parse::<i128>().ok());
    let year = parts.next()??;
    let (month, day) = (parts.next().unwrap_or(Some(1))?, parts.next().unwrap_or(Some(1))?);
    let year = if negative { -year } else { year };
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) || year.abs() > 1 << 64 {
        return None;
    }
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut seconds = 0i128;
    let parts = clock.split(':').filter(|part| !part.is_empty());
    for (part, each) in parts.zip([3600i128, 60, 1]) {
        seconds += part.parse::<u32>().ok()? as i128 * each;
    }
    let attos: i128 = match fraction.len() {
        0 => 0,
        1..=18 if fraction.bytes().all(|digit| digit.is_ascii_digit()) => format!("{fraction:0<18}").parse().ok()?,
        _ => return None,
    };
    let days = first_of_month(year, month - 1) + day - 1;
    let seconds = days * 86_400 + seconds;
    let count = i128::from(count);
    let exact = |all: i128, each: i128| if all % each == 0 { i64::try_from(all / each).ok() } else { None };
    match (unit, unit.seconds(), unit.per_second()) {
        (Unit::Year, ..) => exact(year - 1970, count),
        (Unit::Month, ..) => exact((year - 1970) * 12 + month - 1, count),
        (_, Some(each), _) => exact(seconds, i128::from(each) * count),
        (_, None, Some(per)) => {
            let ticks =
                seconds.checked_mul(per.into())?.checked_add(attos / (1_000_000_000_000_000_000 / i128::from(per)))?;
            exact(ticks, count)
        }
        _ => None,
    }
}
