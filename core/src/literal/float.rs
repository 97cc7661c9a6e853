//! Floats as text, exact in both directions: the nearest float that a text stands for, and the shortest text that
//! stands for a float.
//!
//! `core` has both, in 18 KB of tables and with panics in them. This is schoolbook arithmetic on one size of number.

/// Limbs of the largest number: 769 digits, or 5^1093, and a bit.
const LIMBS: usize = 82;

/// Digits that decide how a text rounds; what follows only says whether there is more (767 are the most).
const DIGITS: usize = 768;

/// The largest power of five in 64 bits.
const POW5_64: u32 = 27;

/// A natural number, lowest limb first.
#[derive(Clone)]
struct Big {
    limbs: [u32; LIMBS],
    len: usize,
}

impl Big {
    fn new(value: u64) -> Big {
        let mut big = Big { limbs: [0; LIMBS], len: 2 };
        for (slot, limb) in big.limbs.iter_mut().zip([value as u32, (value >> 32) as u32]) {
            *slot = limb;
        }
        big.trim();
        big
    }

    fn used(&self) -> &[u32] {
        self.limbs.get(..self.len).unwrap_or_default()
    }

    fn used_mut(&mut self) -> &mut [u32] {
        self.limbs.get_mut(..self.len).unwrap_or_default()
    }

    fn trim(&mut self) {
        while let [rest @ .., 0] = self.used() {
            self.len = rest.len();
        }
    }

    /// A limb on top. No number here outgrows its room.
    fn grow(&mut self, limb: u32) {
        if limb != 0
            && let Some(slot) = self.limbs.get_mut(self.len)
        {
            *slot = limb;
            self.len += 1;
        }
    }

    fn mul_add(&mut self, factor: u32, mut carry: u32) {
        for limb in self.used_mut() {
            let wide = u64::from(*limb) * u64::from(factor) + u64::from(carry);
            *limb = wide as u32;
            carry = (wide >> 32) as u32;
        }
        self.grow(carry);
    }

    fn mul_pow5(&mut self, mut power: u32) {
        while power != 0 {
            // 5^13 is the largest in 32 bits.
            let step = power.min(13);
            self.mul_add(5u32.wrapping_pow(step), 0);
            power -= step;
        }
    }

    fn bits(&self) -> u32 {
        let top = self.used().last().map_or(0, |limb| 32 - limb.leading_zeros());
        (self.len as u32).saturating_sub(1) * 32 + top
    }

    fn shl(&mut self, bits: u32) {
        let limbs = (bits / 32) as usize;
        if limbs != 0 && self.len != 0 {
            let len = (self.len + limbs).min(LIMBS);
            for at in (0..len).rev() {
                let below = at.checked_sub(limbs).and_then(|at| self.limbs.get(at)).copied().unwrap_or(0);
                if let Some(slot) = self.limbs.get_mut(at) {
                    *slot = below;
                }
            }
            self.len = len;
        }
        if !bits.is_multiple_of(32) {
            self.mul_add(1 << (bits % 32), 0);
        }
    }

    fn cmp(&self, other: &Big) -> core::cmp::Ordering {
        self.len.cmp(&other.len).then_with(|| self.used().iter().rev().cmp(other.used().iter().rev()))
    }

    fn is_less(&self, other: &Big) -> bool {
        self.cmp(other).is_lt()
    }

    /// Takes away what is not larger.
    fn sub(&mut self, other: &Big) {
        let mut borrow = false;
        for (limb, away) in self.used_mut().iter_mut().zip(other.limbs) {
            let (less, under) = limb.overflowing_sub(away);
            let (less, under_too) = less.overflowing_sub(u32::from(borrow));
            *limb = less;
            borrow = under | under_too;
        }
        self.trim();
    }
}

/// The float nearest to `mantissa` × 2^`exponent`, to the even one between two; infinity where it is too large. `more`:
/// the mantissa, whose top bit is set, goes on behind its last bit.
fn round(mantissa: u64, exponent: i32, more: bool) -> f64 {
    let lead = exponent + 63;
    // 53 bits are kept, fewer below the smallest normal float.
    let lost = if lead < -1022 { 11 + (-1022 - lead) } else { 11 } as u32;
    if lost > 64 {
        return 0.0;
    }
    let kept = mantissa.checked_shr(lost).unwrap_or(0);
    let rest = mantissa << (64 - lost);
    let half = 1 << 63;
    let up = rest > half || (rest == half && (more || kept & 1 == 1));
    // Rounding up may carry into the exponent, and that is right.
    let power = if lead < -1022 { 0 } else { (lead + 1022) as u64 };
    let bits = (power << 52) + kept + u64::from(up);
    f64::from_bits(bits.min(0x7ff << 52))
}

/// The float that a text stands for: digits with a point among them perhaps, then perhaps an exponent; no sign.
/// Infinity where it is too large. Linear in the text, and at most some ten thousand steps.
pub(crate) fn parse(text: &[u8]) -> f64 {
    let at = text.iter().position(|byte| byte | 0x20 == b'e').unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at_checked(at).unwrap_or((text, &[]));
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = mantissa.split_at_checked(point).unwrap_or((mantissa, &[]));
    let digits = || {
        let all = whole.iter().chain(fraction).filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
        all.skip_while(|&digit| digit == 0)
    };
    let count = digits().count();
    // The value is all digits as one int × 10^scale.
    let mut scale = read_exponent(exponent.get(1..).unwrap_or_default())
        .saturating_sub(i64::try_from(fraction.len().saturating_sub(1)).unwrap_or(i64::MAX));
    match scale.saturating_add(i64::try_from(count).unwrap_or(i64::MAX)) {
        _ if count == 0 => return 0.0,
        310.. => return f64::INFINITY,
        ..-323 => return 0.0,
        _ => {}
    }
    if count <= 19 && scale.unsigned_abs() <= u64::from(POW5_64) {
        let int = digits().fold(0u64, |int, digit| int.wrapping_mul(10).wrapping_add(u64::from(digit)));
        return short(int, scale as i32);
    }
    let mut num = Big::new(0);
    for digit in digits().take(DIGITS) {
        num.mul_add(10, u32::from(digit));
    }
    if count > DIGITS {
        scale += (count - DIGITS) as i64;
        // Whatever follows lies between this digit and the next.
        if digits().skip(DIGITS).any(|digit| digit != 0) {
            num.mul_add(10, 1);
            scale -= 1;
        }
    }
    let mut den = Big::new(1);
    if scale < 0 { &mut den } else { &mut num }.mul_pow5(scale.unsigned_abs() as u32);
    ratio(num, den, scale as i32)
}

fn read_exponent(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    // Far beyond any text that fits the address space, and far from overflow.
    let value = digits.iter().fold(0i64, |value, byte| (value * 10 + i64::from(byte & 15)).min(i64::MAX / 16));
    if negative { -value } else { value }
}

/// `int` × 10^`scale`, where 64 bits hold `int` and the power of five. (No division of 128 bits: it brings code that panics.)
fn short(int: u64, scale: i32) -> f64 {
    let power = 5u64.wrapping_pow(scale.unsigned_abs());
    if scale >= 0 {
        let wide = u128::from(int) * u128::from(power);
        let up = wide.leading_zeros();
        let wide = wide.wrapping_shl(up);
        return round((wide >> 64) as u64, scale + 64 - up as i32, wide as u64 != 0);
    }
    // With its top bit set it is above the power, and so the quotient is not 0.
    let up = int.leading_zeros();
    let num = int << up;
    let mut quotient = num.checked_div(power).unwrap_or(1);
    let mut rest = num.wrapping_sub(quotient.wrapping_mul(power));
    let mut exponent = scale - up as i32;
    while quotient >> 63 == 0 {
        rest <<= 1;
        quotient <<= 1;
        if rest >= power {
            rest -= power;
            quotient |= 1;
        }
        exponent -= 1;
    }
    round(quotient, exponent, rest != 0)
}

/// `num` / `den` × 2^`exponent`.
#[cold]
#[inline(never)]
fn ratio(mut num: Big, mut den: Big, exponent: i32) -> f64 {
    let (above, below) = (num.bits(), den.bits());
    num.shl(below.saturating_sub(above));
    den.shl(above.saturating_sub(below));
    // Now the quotient is more than a half and less than two.
    let mut exponent = exponent + above as i32 - below as i32 + 1;
    let mut quotient = 0u64;
    while quotient >> 63 == 0 {
        quotient <<= 1;
        if !num.is_less(&den) {
            num.sub(&den);
            quotient |= 1;
        }
        num.mul_add(2, 0);
        exponent -= 1;
    }
    round(quotient, exponent, num.len != 0)
}

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
            out.put(crate::literal::text::decimal_i32(exponent as i32, &mut [0; 11]));
        }
    }
    let len = out.len;
    room.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{REPR_ROOM, parse, repr};
    use std::format;
    use std::string::{String, ToString};

    /// A repeatable stream of numbers (splitmix64).
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn same(text: &str) {
        assert_eq!(parse(text.as_bytes()).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }

    fn edges() -> impl Iterator<Item = f64> {
        let powers = (0..0x7ffu64).flat_map(|power| [0, 1, (1 << 52) - 1].map(|low| f64::from_bits(power << 52 | low)));
        powers.chain([5e-324, f64::MAX, f64::MIN_POSITIVE, 0.1, 1e22, 1e23, 9007199254740993.0, 2f64.powi(89)])
    }

    #[test]
    fn reads_what_the_standard_library_reads() {
        for text in [
            "0",
            "0.0",
            ".5",
            "5.",
            "1e0",
            "1E+5",
            "1e-5",
            "00001.5",
            "1e310",
            "1e-400",
            "1e99999999999999999999",
            "0e99999999999999999999",
            "1e-99999999999999999999",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "4.9406564584124654e-324",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633",
            "9007199254740993",
            "9007199254740992.99999999999999999999999999",
            "9007199254740993.00000000000000000001",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "0.000000000000000000000000000001e30",
            "123456789012345678901234567890",
            "8.5e-27",
            "1e27",
            "1e28",
            "1e-27",
            "1e-28",
            "18446744073709551615e-19",
        ] {
            same(text);
        }
        let mut seed = 1;
        for value in edges() {
            same(&format!("{value:e}"));
        }
        for _ in 0..200_000 {
            let bits = random(&mut seed);
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() {
                same(&format!("{value:e}"));
            }
            let (int, scale) = (random(&mut seed), random(&mut seed) % 700);
            same(&format!("{int}e{}", scale as i64 - 350));
            same(&format!("{}.{}", int >> (scale % 64), random(&mut seed)));
        }
    }

    #[test]
    fn rounds_ties_to_even_however_long_they_are() {
        let mut seed = 2;
        for n in 0..3000 {
            // Half-way between two floats: 54 bits, the last one set, times or divided by a power of two.
            let middle = u128::from(random(&mut seed) >> 10 | 1 << 53 | 1);
            let text = match n % 2 {
                0 => format!("{}", middle << (n % 70)),
                _ => format!("{}e-{}", middle * 5u128.pow(n % 31), n % 31),
            };
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let zeros = "0".repeat(n as usize);
            for tail in ["", "0", "1"] {
                same(&format!("{mantissa}.{zeros}{tail}e{exponent}"));
            }
            same(&format!("{}.{}e{exponent}", mantissa.parse::<u128>().unwrap() - 1, "9".repeat(n as usize)));
        }
    }

    #[test]
    fn writes_the_shortest_text() {
        let mut seed = 3;
        let some = core::iter::from_fn(move || Some(f64::from_bits(random(&mut seed) & !(1 << 63))));
        for value in edges().chain(some.take(100_000)).filter(|value| value.is_finite() && *value != 0.0) {
            let mut room = [0; REPR_ROOM];
            let text = core::str::from_utf8(repr(value, &mut room)).unwrap().to_string();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
            let digits = |text: &str| -> String {
                let mantissa: String = text.split('e').next().unwrap().chars().filter(char::is_ascii_digit).collect();
                mantissa.trim_start_matches('0').trim_end_matches('0').to_string()
            };
            let (ours, theirs) = (digits(&text), digits(&format!("{value:e}")));
            // Where two texts are equally near, Python takes the even one (`dtoa.c`) and Rust the larger.
            let head = |text: &str| text[..text.len() - 1].to_string();
            let tie = head(&ours) == head(&theirs) && ours.ends_with(['2', '4', '6', '8']);
            assert!(ours == theirs || tie, "{text} {theirs}");
        }
        for (value, text) in [
            (2f64.powi(-25), "2.9802322387695312e-08"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (9007199254740993.0, "9007199254740992.0"),
            (123456.789, "123456.789"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(core::str::from_utf8(repr(value, &mut [0; REPR_ROOM])).unwrap(), text);
        }
    }
}
