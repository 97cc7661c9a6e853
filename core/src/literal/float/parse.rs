//! The float that a text stands for.

use super::big::{Big, POW5_64};

/// Digits that decide how a text rounds; what follows only says whether there is more (767 are the most).
const DIGITS: usize = 768;

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
