//! The text that stands for a float.

use super::big::Big;
use crate::literal::int::decimal_i32;

/// The shortest digits that stand for a finite float above zero, and where its point is: value = 0.digits × 10^point.
///
/// Steele and White's free-format algorithm; between two texts of the same length the nearer one, as `dtoa.c` does.
#[cold]
#[inline(never)]
fn shortest(value: f64, digits: &mut [u8; 17]) -> (&[u8], i32) {
    let bits = value.to_bits();
    let (fraction, power) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i32);
    let (mantissa, exponent) = if power == 0 { (fraction, -1074) } else { (fraction | 1 << 52, power - 1075) };
    // The float below a power of two is only half as far away as the one above.
    let uneven = fraction == 0 && power > 1;
    let even = mantissa & 1 == 0;
    // value = num / den; half the way to the float below is low / den.
    let extra = 1 + u32::from(uneven);
    let (mut num, mut den, mut low) = (Big::new(mantissa), Big::new(1), Big::new(1));
    num.shl(extra + exponent.max(0) as u32);
    den.shl(extra + exponent.min(0).unsigned_abs());
    low.shl(exponent.max(0) as u32);
    let high = |low: &Big| {
        let mut high = low.clone();
        high.shl(u32::from(uneven));
        high
    };
    // Floor of the logarithm, of the leading bit: 2^32 × log10(2). It may be one too small for the value.
    let lead = exponent + 63 - mantissa.leading_zeros() as i32;
    let mut point = ((i64::from(lead) * 1_292_913_986) >> 32) as i32 + 1;
    let scale = |big: &mut Big, power: u32| {
        big.mul_pow5(power);
        big.shl(power);
    };
    scale(&mut den, point.max(0) as u32);
    scale(&mut num, point.min(0).unsigned_abs());
    scale(&mut low, point.min(0).unsigned_abs());
    // The room above a number, and whether the number with what lies above it reaches the end.
    let reaches = |num: &Big, den: &Big, low: &Big| {
        if !num.is_less(den) {
            return true;
        }
        let mut room = den.clone();
        room.sub(num);
        let order = high(low).cmp(&room);
        order.is_gt() || (even && order.is_eq())
    };
    if reaches(&num, &den, &low) {
        point += 1;
    } else {
        num.mul_add(10, 0);
        low.mul_add(10, 0);
    }
    let mut len = 0;
    for slot in digits.iter_mut() {
        let mut digit = 0;
        while digit < 9 && !num.is_less(&den) {
            num.sub(&den);
            digit += 1;
        }
        let order = num.cmp(&low);
        let down = order.is_lt() || (even && order.is_eq());
        let up = reaches(&num, &den, &low);
        if up && down {
            let mut double = num.clone();
            double.shl(1);
            let order = double.cmp(&den);
            digit += u8::from(order.is_gt() || (order.is_eq() && digit & 1 == 1));
        } else if up {
            digit += 1;
        }
        *slot = b'0' + digit;
        len += 1;
        if up || down {
            break;
        }
        num.mul_add(10, 0);
        low.mul_add(10, 0);
    }
    (digits.get(..len).unwrap_or_default(), point)
}

/// Bytes that [`repr`] may need: sign, 17 digits, point, exponent, or 16 digits and `.0`.
pub(crate) const REPR_ROOM: usize = 32;

struct Room<'r> {
    bytes: &'r mut [u8],
    len: usize,
}

impl Room<'_> {
    fn put(&mut self, text: &[u8]) {
        for byte in text {
            if let Some(slot) = self.bytes.get_mut(self.len) {
                *slot = *byte;
                self.len += 1;
            }
        }
    }

    fn zeros(&mut self, n: i32) {
        for _ in 0..n {
            self.put(b"0");
        }
    }
}

/// A float as Python's `repr` writes it (`format_float_short` in `Python/pystrtod.c`).
pub(crate) fn repr(value: f64, room: &mut [u8; REPR_ROOM]) -> &[u8] {
    let mut digits = [b'0'; 17];
    let (digits, point) = match value.abs() {
        0.0 => (&b"0"[..], 1),
        size if size.is_finite() => shortest(size, &mut digits),
        _ => (&[][..], 0),
    };
    layout(value, digits, point, 16, room)
}

/// The text of a float with these digits: 0.digits × 10^point. From `most` digits before the point on it has an
/// exponent. 16 is `repr`; with 17 it is `%.17g`, which leaves `.0` away.
pub(crate) fn layout<'r>(value: f64, digits: &[u8], point: i32, most: i32, room: &'r mut [u8; REPR_ROOM]) -> &'r [u8] {
    if value.is_nan() {
        return b"nan";
    }
    let mut out = Room { bytes: room, len: 0 };
    if value.is_sign_negative() {
        out.put(b"-");
    }
    match point {
        _ if value.is_infinite() => out.put(b"inf"),
        -3..=0 => {
            out.put(b"0.");
            out.zeros(-point);
            out.put(digits);
        }
        1.. if point <= most => {
            let (whole, fraction) = digits.split_at_checked(point as usize).unwrap_or((digits, &[]));
            out.put(whole);
            out.zeros(point - whole.len() as i32);
            match fraction {
                [] if most > 16 => {}
                [] => out.put(b".0"),
                fraction => {
                    out.put(b".");
                    out.put(fraction);
                }
            }
        }
        _ => {
            let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, &[]));
            out.put(first);
            if !rest.is_empty() {
                out.put(b".");
                out.put(rest);
            }
            out.put(if point < 1 { b"e-" } else { b"e+" });
            let exponent = (point - 1).unsigned_abs();
            if exponent < 10 {
                out.put(b"0");
            }
            out.put(decimal_i32(exponent as i32, &mut [0; 11]));
        }
    }
    let len = out.len;
    room.get(..len).unwrap_or_default()
}
