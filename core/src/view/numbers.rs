//! The rows of `decimal`, `fractions`, `uuid`, `ipaddress`.

use super::fields::Attributes;
use super::instance::Changed;
use super::{View, ended};
use crate::{BigInt, Digits, Items, Kind, ObjectParts, Value};
use core::fmt;

/// A fraction.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{Fraction, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(Fraction(3, 4))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\x09fractions\x8c\x08Fraction\x93K\x03K\x04\x86R.")?;
/// let View::Fraction(Fraction::Ints(above, below)) = document.root().view() else { panic!("it is a fraction") };
/// assert_eq!((above.as_i64(), below.as_i64()), (Some(3), Some(4)));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Fraction<'d> {
    /// As its text, `3/4`.
    Text(&'d str),
    /// Numerator and denominator: ints.
    Ints(Value<'d>, Value<'d>),
}

/// `decimal.Decimal` by its text.
pub(super) fn decimal<'d>(mut args: Items<'d>) -> Option<View<'d>> {
    let text = args.next()?.as_str()?;
    ended(args, View::Decimal(text))
}

/// `fractions.Fraction` by its text, or by two ints.
pub(super) fn fraction<'d>(mut args: Items<'d>) -> Option<View<'d>> {
    let first = args.next()?;
    let fraction = match (first.as_str(), args.next()) {
        (Some(text), None) => Fraction::Text(text),
        (None, Some(second)) if first.kind() == Kind::Int && second.kind() == Kind::Int => {
            Fraction::Ints(first, second)
        }
        _ => return None,
    };
    ended(args, View::Fraction(fraction))
}

/// An int of no more than 128 bits, zero or more.
pub(crate) fn to_u128(int: Value<'_>) -> Option<u128> {
    if let Some(small) = int.as_i128() {
        return u128::try_from(small).ok();
    }
    match int.as_big_int()? {
        BigInt::Bytes(bytes) => {
            let (low, high) = bytes.split_first_chunk::<16>()?;
            let positive = !high.is_empty() && high.iter().all(|&byte| byte == 0);
            if positive { Some(u128::from_le_bytes(*low)) } else { None }
        }
        text => {
            let Digits { negative, radix, digits } = text.digits()?;
            let mut value = 0u128;
            for digit in digits.iter().filter_map(|&byte| crate::literal::int::digit(byte, radix)) {
                value = value.checked_mul(u128::from(radix))?.checked_add(u128::from(digit))?;
            }
            if negative { None } else { Some(value) }
        }
    }
}

/// A UUID keeps its int, and whether it is safe to use where processes share a clock (`UUID.__getstate__`).
pub(super) fn uuid<'d>(object: &ObjectParts<'d>, args: Items<'d>) -> Option<View<'d>> {
    let state = Changed::of(object).only_state()?;
    let attributes = Attributes::of(state)?;
    let known = |key: Value<'_>| matches!(key.as_str(), Some("int" | "is_safe"));
    if args.len() != 0 || !attributes.clone().all(|(key, _)| known(key)) {
        return None;
    }
    Some(View::Uuid(Uuid(to_u128(attributes.get("int")?)?)))
}

/// A UUID: 128 bits, the highest first. Its `Display` is the usual text with dashes.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{Uuid, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(UUID(int=1))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\x04uuid\x8c\x04UUID\x93)\x81}\x8c\x03intK\x01sb.")?;
/// let View::Uuid(uuid) = document.root().view() else { panic!("it is a UUID") };
/// assert_eq!(uuid, Uuid(1));
/// assert_eq!(uuid.to_string(), "00000000-0000-0000-0000-000000000001");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub u128);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.to_be_bytes().iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

/// An address, network or interface of `ipaddress`. Its `Display` is the usual text.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{Ip, View};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(IPv4Address("127.0.0.1"))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\tipaddress\x8c\x0bIPv4Address\x93J\x01\0\0\x7f\x85R.")?;
/// let View::Ip(ip) = document.root().view() else { panic!("it is an address") };
/// assert_eq!((ip, ip.to_string().as_str()), (Ip::V4(0x7f00_0001), "127.0.0.1"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ip<'d> {
    /// An address of version 4.
    V4(u32),
    /// An address of version 6.
    V6(u128),
    /// As its text: networks, interfaces.
    Text(&'d str),
}

/// `ipaddress.IPv4Address(int)`, `ipaddress.IPv4Network(text)` and their like.
pub(super) fn ip<'d>(name: &str, mut args: Items<'d>) -> Option<View<'d>> {
    let first = args.next()?;
    let ip = match (name, first.as_str()) {
        ("IPv4Address", None) => Ip::V4(u32::try_from(to_u128(first)?).ok()?),
        ("IPv6Address", None) => Ip::V6(to_u128(first)?),
        (_, Some(text)) => Ip::Text(text),
        _ => return None,
    };
    ended(args, View::Ip(ip))
}

/// Is there a row of `ipaddress` for this name?
pub(super) fn has_ip(name: &str) -> bool {
    matches!(name, "IPv4Address" | "IPv6Address" | "IPv4Network" | "IPv6Network" | "IPv4Interface" | "IPv6Interface")
}

impl fmt::Display for Ip<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ip::V4(bits) => core::net::Ipv4Addr::from(*bits).fmt(f),
            Ip::V6(bits) => core::net::Ipv6Addr::from(*bits).fmt(f),
            Ip::Text(text) => f.write_str(text),
        }
    }
}
