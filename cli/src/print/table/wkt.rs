//! Geometries as shapely prints them: well-known text (WKT), from the well-known binary (WKB) that pickles have.
//!
//! Both are of OGC 06-103r4; the flags of PostGIS for a third and fourth coordinate are read as well as the codes of ISO 13249-3.

use pickle_core::known::Octets;
use pickle_core::view::View;
use pickle_core::{GlobalName, Value};
use std::fmt::Write;

/// Collections inside collections.
const DEPTH: usize = 24;
/// As they are numbered from 1 on.
const NAMES: [&str; 7] =
    ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];
/// Decimals of a number that has no exponent.
const DECIMALS: usize = 16;

/// The text of a geometry of shapely: of 2.0 and later, which are made from bytes, and of earlier ones, whose state they are.
pub fn of_object(value: Value<'_>) -> Option<String> {
    let object = value.as_object()?;
    let GlobalName { module, name } = object.class()?;
    if !module.starts_with("shapely.") {
        return None;
    }
    let is_ring = matches!(name, "_unpickle_linearring" | "LinearRing");
    let bytes = match name {
        "from_wkb" | "_unpickle_linearring" => object.args().next()?,
        _ => object.state()?,
    };
    of_bytes(bytes).map(|text| match text.strip_prefix("LINESTRING").filter(|_| is_ring) {
        Some(rest) => format!("LINEARRING{rest}"),
        None => text,
    })
}

/// The text of a geometry in bytes.
pub fn of_bytes(value: Value<'_>) -> Option<String> {
    match value.view() {
        View::Bytes(octets) => text(octets),
        _ => None,
    }
}

fn text(octets: Octets<'_>) -> Option<String> {
    let bytes: Vec<u8> = octets.collect();
    let mut reader = Reader { rest: &bytes, is_big: false };
    let mut out = String::new();
    reader.geometry(0, true, &mut out)?;
    reader.rest.is_empty().then_some(out)
}

struct Reader<'b> {
    rest: &'b [u8],
    is_big: bool,
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*bytes)
    }

    fn word(&mut self) -> Option<u32> {
        let bytes = self.array()?;
        Some(if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn number(&mut self) -> Option<f64> {
        let bytes = self.array()?;
        Some(if self.is_big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) })
    }

    /// `named`: its kind is written, which that of the collection around does not tell.
    fn geometry(&mut self, depth: usize, named: bool, out: &mut String) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        self.is_big = match self.array()? {
            [0] => true,
            [1] => false,
            _ => return None,
        };
        let code = self.word()?;
        let (kind, of_iso) = ((code & 0xfff_ffff) % 1000, (code & 0xfff_ffff) / 1000);
        let has_z = code & 0x8000_0000 != 0 || matches!(of_iso, 1 | 3);
        let has_m = code & 0x4000_0000 != 0 || matches!(of_iso, 2 | 3);
        let name = NAMES.get(usize::try_from(kind).ok()?.checked_sub(1)?)?;
        if of_iso > 3 {
            return None;
        }
        if code & 0x2000_0000 != 0 {
            let _system = self.word()?;
        }
        if named {
            out.push_str(name);
            out.push_str(match (has_z, has_m) {
                (true, true) => " ZM",
                (true, false) => " Z",
                (false, true) => " M",
                (false, false) => "",
            });
            out.push(' ');
        }
        let axes = 2 + usize::from(has_z) + usize::from(has_m);
        match kind {
            1 => self.point(axes, out),
            2 => self.list(out, |reader, out| reader.coordinates(axes, out)),
            3 => self.list(out, |reader, out| reader.list(out, |reader, out| reader.coordinates(axes, out))),
            kind => self.list(out, |reader, out| {
                let is_big = reader.is_big;
                reader.geometry(depth + 1, kind == 7, out)?;
                reader.is_big = is_big;
                Some(())
            }),
        }
    }

    fn list(&mut self, out: &mut String, mut one: impl FnMut(&mut Self, &mut String) -> Option<()>) -> Option<()> {
        let count = self.word()?;
        if count == 0 {
            out.push_str("EMPTY");
            return Some(());
        }
        for at in 0..count {
            out.push_str(if at == 0 { "(" } else { ", " });
            one(self, out)?;
        }
        out.push(')');
        Some(())
    }

    /// One whose coordinates are all NaN is empty.
    fn point(&mut self, axes: usize, out: &mut String) -> Option<()> {
        let mut again = Reader { ..*self };
        if (0..axes).all(|_| again.number().is_some_and(f64::is_nan)) {
            *self = again;
            out.push_str("EMPTY");
            return Some(());
        }
        out.push('(');
        self.coordinates(axes, out)?;
        out.push(')');
        Some(())
    }

    fn coordinates(&mut self, axes: usize, out: &mut String) -> Option<()> {
        for axis in 0..axes {
            out.push_str(if axis > 0 { " " } else { "" });
            number(self.number()?, out);
        }
        Some(())
    }
}

/// As GEOS 3.10 and later write it: with an exponent below 0.0001 and from 10^17 on, else with no more than 16 decimals.
fn number(number: f64, out: &mut String) {
    // Writing to a String does not fail.
    let _ = match number {
        _ if number.is_nan() => write!(out, "NaN"),
        _ if number.is_infinite() => write!(out, "{}", if number < 0.0 { "-Infinity" } else { "Infinity" }),
        0.0 => write!(out, "0"),
        _ if number.abs() >= 1e17 => write!(out, "{}", format!("{number:e}").replace('e', "e+")),
        _ if number.abs() < 1e-4 => write!(out, "{number:e}"),
        _ => {
            let text = number.to_string();
            match text.split_once('.') {
                Some((_, decimals)) if decimals.len() > DECIMALS => write!(out, "{}", rounded(&text)),
                _ => write!(out, "{text}"),
            }
        }
    };
}

/// Digits with more decimals than are written: half to even, without zeros at the end.
fn rounded(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let (kept, rest) = decimals.split_at(DECIMALS.min(decimals.len()));
    // Numbers with so many decimals have no more than two digits before the point.
    let kept: u128 = format!("{whole}{kept}").parse().unwrap_or(0);
    let is_half = rest.starts_with('5') && rest[1..].bytes().all(|digit| digit == b'0');
    let up = if is_half { kept % 2 == 1 } else { rest >= "5" };
    let all = format!("{:0>width$}", kept + u128::from(up), width = DECIMALS + 1);
    let (whole, decimals) = all.split_at(all.len() - DECIMALS);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn numbers_are_those_of_geos() {
        for (float, wanted) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1e16, "10000000000000000"),
            (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
            (-1.5e20, "-1.5e+20"),
            (1e-4, "0.0001"),
            (1e-5, "1e-5"),
            (5e-324, "5e-324"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (0.123_456_789_012_345_65, "0.1234567890123456"),
            (0.123_456_789_012_345_75, "0.1234567890123458"),
            (0.001_234_567_890_123_456_5, "0.0012345678901235"),
            (0.000_123_456_789_012_345_65, "0.0001234567890123"),
            (-0.999_999_999_999_999_9, "-0.9999999999999999"),
        ] {
            let mut text = String::new();
            number(float, &mut text);
            assert_eq!(text, wanted);
        }
    }

    #[test]
    fn every_kind_of_geometry() {
        let point = "0101000000000000000000f03f0000000000000040";
        let big = "00000000013ff00000000000004000000000000000";
        for (wkb, wanted) in [
            (point.to_owned(), "POINT (1 2)"),
            (big.to_owned(), "POINT (1 2)"),
            ("0101000020e6100000000000000000f03f0000000000000040".to_owned(), "POINT (1 2)"),
            ("0101000080000000000000f03f00000000000000400000000000000840".to_owned(), "POINT Z (1 2 3)"),
            ("01e9030000000000000000f03f00000000000000400000000000000840".to_owned(), "POINT Z (1 2 3)"),
            ("0101000040000000000000f03f00000000000000400000000000000840".to_owned(), "POINT M (1 2 3)"),
            (
                "01010000c0000000000000f03f000000000000004000000000000008400000000000001040".to_owned(),
                "POINT ZM (1 2 3 4)",
            ),
            ("0101000000000000000000f87f000000000000f87f".to_owned(), "POINT EMPTY"),
            ("010200000000000000".to_owned(), "LINESTRING EMPTY"),
            (format!("010400000002000000{point}{big}"), "MULTIPOINT ((1 2), (1 2))"),
            (format!("010700000001000000{point}"), "GEOMETRYCOLLECTION (POINT (1 2))"),
            ("010700000000000000".to_owned(), "GEOMETRYCOLLECTION EMPTY"),
            (
                "01030000000100000002000000000000000000f03f0000000000000040000000000000f03f0000000000000040".to_owned(),
                "POLYGON ((1 2, 1 2))",
            ),
        ] {
            assert_eq!(text(Octets::raw(&hex(&wkb))).as_deref(), Some(wanted), "{wkb}");
            // Neither cut nor with something behind.
            for cut in 0..wkb.len() / 2 {
                assert_eq!(text(Octets::raw(&hex(&wkb)[..cut])), None, "{wkb} {cut}");
            }
            assert_eq!(text(Octets::raw(&hex(&format!("{wkb}00")))), None);
        }
        let deep = "010700000001000000".repeat(1000);
        assert_eq!(text(Octets::raw(&hex(&deep))), None);
        assert_eq!(text(Octets::raw(&hex("0102000000ffffffff"))), None);
    }
}
