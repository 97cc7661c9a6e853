//! Values without parts, as text.

use crate::print::canonical::big_int;
use crate::print::cells::{Cells, Item, cell, fields, leaves, subarray};
use crate::print::pyrepr;
use pickle_core::known::{DType, Number, Octets};
use pickle_core::table::Cell;
use pickle_core::{Kind, Value};

/// Bits of an int that are still written in decimal.
const DECIMAL_BITS: u64 = 1024;

/// A number with blanks between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i != 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 item`, `2 000 items`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `repr()` of an int; of a very large one its size.
pub fn int(value: &Value<'_>) -> String {
    if let Some(small) = value.as_i64() {
        return small.to_string();
    }
    // The length first: converting millions of digits takes minutes.
    let bits = match value.as_big_int() {
        Some(pickle_core::BigInt::Bytes(bytes)) => bytes.len() as u64 * 8,
        Some(text) => text.digits().map_or(0, |text| text.digits.len() as u64 * 3),
        None => 0,
    };
    if bits > DECIMAL_BITS * 2 {
        return format!("<int of about {} bits>", grouped(bits));
    }
    let big = big_int(value);
    if big.bits() > DECIMAL_BITS { format!("<int of {} bits>", grouped(big.bits())) } else { big.to_string() }
}

/// `repr()` of a float.
pub fn float(value: &Value<'_>) -> String {
    match (value.as_f64(), value.float_text()) {
        (Some(number), _) => pyrepr::float(number),
        (None, text) => text.unwrap_or_default().to_owned(),
    }
}

/// `repr()` of a str of at most `max` characters, and how many there are if that cut it.
pub fn string(utf8: &[u8], max: usize) -> (String, Option<u64>) {
    let mut codes = codes(utf8);
    let head: Vec<u32> = codes.by_ref().take(max).collect();
    let rest = codes.count();
    let total = (rest != 0).then_some((head.len() + rest) as u64);
    (quoted("", &head, false), total)
}

/// `repr()` of at most `max` bytes, and how many there are if that cut it.
pub fn bytes(octets: Octets<'_>, max: usize) -> (String, Option<u64>) {
    let head: Vec<u32> = octets.take(max).map(u32::from).collect();
    let len = octets.len();
    (quoted("b", &head, true), (len > head.len()).then_some(len as u64))
}

fn quoted(prefix: &str, codes: &[u32], ascii: bool) -> String {
    let mut seen = pyrepr::QuotesSeen::default();
    codes.iter().for_each(|&code| seen.see(code));
    let quote = seen.choice();
    let mut out = Vec::from(prefix);
    out.push(quote);
    codes.iter().for_each(|&code| pyrepr::push_code(&mut out, code, quote, ascii));
    out.push(quote);
    String::from_utf8(out).unwrap_or_default()
}

/// Code points of UTF-8 in which surrogates may stand as three bytes.
fn codes(utf8: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut rest = utf8;
    std::iter::from_fn(move || {
        let (&first, mut tail) = rest.split_first()?;
        let (mut code, more) = match first {
            0..0x80 => (u32::from(first), 0),
            0x80..0xe0 => (u32::from(first & 0x1f), 1),
            0xe0..0xf0 => (u32::from(first & 0x0f), 2),
            _ => (u32::from(first & 0x07), 3),
        };
        for _ in 0..more {
            if let Some((&next, after)) = tail.split_first() {
                code = code << 6 | u32::from(next & 0x3f);
                tail = after;
            }
        }
        rest = tail;
        Some(code)
    })
}

/// The text of a str as it would be printed, without quotes; what cannot be printed is escaped.
pub fn bare(value: &Value<'_>) -> String {
    let utf8 = value.str_bytes().or_else(|| value.as_bytes()).unwrap_or_default();
    bare_text(utf8)
}

/// As [`bare`].
pub fn bare_text(utf8: &[u8]) -> String {
    let mut out = Vec::new();
    codes(utf8).for_each(|code| pyrepr::push_code(&mut out, code, 0, false));
    String::from_utf8(out).unwrap_or_default()
}

/// A name that can stand behind a dot.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// One item of an array.
pub fn number(number: Number) -> String {
    match number {
        Number::Bool(flag) => if flag { "True" } else { "False" }.into(),
        Number::Int(int) => int.to_string(),
        Number::Uint(int) => int.to_string(),
        Number::Float(float) => pyrepr::float(float),
        Number::Complex(re, im) => complex(re, im),
        _ => "?".into(),
    }
}

/// `repr()` of a complex.
pub fn complex(re: f64, im: f64) -> String {
    let short = |number: f64| {
        let text = pyrepr::float(number);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", short(im));
    }
    let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
    format!("({}{sign}{}j)", short(re), short(im))
}

/// The first items of an array, in C order; `--` for what is masked, as NumPy writes it.
pub fn items(cells: &Cells<'_>, most: usize) -> Vec<String> {
    let items = cells.places().take(most).filter_map(|place| match cells.item(place) {
        Some(Item::Bytes(bytes)) => Some(self::item(cells.dtype(), bytes, true)),
        Some(Item::Part(bytes, mask)) => Some(masked_item(cells.dtype(), bytes, mask, true)),
        Some(Item::Value(_)) => None,
        None => Some("--".into()),
    });
    items.collect()
}

/// Bytes and characters of an item that are shown.
const ITEM: usize = 40;

/// An item of an array by its bytes. A taste of the content: a few digits tell more than all of them.
pub fn item(dtype: &DType<'_>, bytes: &[u8], taste: bool) -> String {
    masked_item(dtype, bytes, &[], taste)
}

/// The same with `--` for what is masked in it: not 0 in `mask`, which has a byte for each of its [`leaves`], or none.
fn masked_item(dtype: &DType<'_>, bytes: &[u8], mask: &[u8], taste: bool) -> String {
    if let Some((inner, _)) = subarray(dtype) {
        let size = usize::try_from(inner.size).unwrap_or(1).max(1);
        let each = leaves(&inner);
        let own = |nth: usize| mask.get(nth * each..).and_then(|mask| mask.get(..each)).unwrap_or_default();
        let items = bytes.chunks(size).take(ITEM).enumerate();
        let mut all: Vec<String> = items.map(|(nth, bytes)| masked_item(&inner, bytes, own(nth), taste)).collect();
        if bytes.len() / size > ITEM {
            all.push("...".into());
        }
        return format!("[{}]", all.join(", "));
    }
    if dtype.fields.is_some() {
        let mut mask = mask;
        let all: Vec<String> = fields(dtype)
            .map(|field| {
                let (own, rest) = mask.split_at_checked(leaves(&field.dtype)).unwrap_or_default();
                mask = rest;
                let place = usize::try_from(field.offset).unwrap_or(usize::MAX);
                let len = usize::try_from(field.dtype.size).unwrap_or(usize::MAX);
                let bytes = bytes.get(place..place.saturating_add(len)).unwrap_or_default();
                masked_item(&field.dtype, bytes, own, taste)
            })
            .collect();
        return format!("({}{})", all.join(", "), if all.len() == 1 { "," } else { "" });
    }
    if mask.first().is_some_and(|flag| *flag != 0) {
        return "--".into();
    }
    match cell(dtype, bytes) {
        Cell::Null => "NaT".into(),
        Cell::DateTime(ticks, unit) if dtype.kind == b'M' => unit.datetime(ticks).to_string(),
        Cell::Chars(piece, big) => {
            let text: String = piece.chars(big).collect();
            let (shown, total) = string(text.as_bytes(), ITEM);
            shown + if total.is_some() { "..." } else { "" }
        }
        Cell::Bytes(piece) => {
            let all: Vec<u8> = piece.bytes().collect();
            let (shown, total) = self::bytes(Octets::raw(&all), ITEM);
            shown + if total.is_some() { "..." } else { "" }
        }
        _ => match dtype.number(bytes) {
            Some(Number::Float(float)) if taste => number(Number::Float(rounded(float))),
            Some(other) => number(other),
            None => "?".into(),
        },
    }
}

/// A float to six significant digits.
fn rounded(float: f64) -> f64 {
    format!("{float:.5e}").parse().unwrap_or(float)
}

/// Ints in parentheses, as the shape of an array.
pub fn shape(shape: &Value<'_>) -> String {
    bracketed(shape.items().into_iter().flatten().map(|axis| int(&axis)))
}

/// The axes of an array, as Python prints a tuple.
pub fn axes(axes: impl Iterator<Item = Option<u64>>) -> String {
    bracketed(axes.map(|axis| axis.map_or("?".into(), |axis| axis.to_string())))
}

fn bracketed(axes: impl Iterator<Item = String>) -> String {
    let axes: Vec<String> = axes.collect();
    match axes.as_slice() {
        [one] => format!("({one},)"),
        axes => format!("({})", axes.join(", ")),
    }
}

/// A value that has no parts at all, and is short.
pub fn is_short(value: &Value<'_>) -> bool {
    match value.kind() {
        Kind::None | Kind::Bool | Kind::Float => true,
        Kind::Int => value.as_i64().is_some(),
        Kind::Str => value.str_bytes().is_some_and(|text| text.len() < 24),
        Kind::Str8 => value.as_bytes().is_some_and(|text| text.len() < 24),
        _ => false,
    }
}
