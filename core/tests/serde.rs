//! Reading into types: what each Python value becomes, and what can not be.

use pickle_core::serde::{Global, Object, from_slice};
use serde::Deserialize;
use std::collections::BTreeMap;

fn read<'de, T: Deserialize<'de>>(input: &'de [u8]) -> Result<T, String> {
    from_slice(input, Default::default()).map_err(|error| error.to_string())
}

#[test]
fn scalars() {
    assert_eq!(read(b"N."), Ok(()));
    assert_eq!(read(b"\x88."), Ok(true));
    assert_eq!(read(b"K\x07."), Ok(7u8));
    assert_eq!(read(b"J\xff\xff\xff\xff."), Ok(-1i64));
    assert_eq!(read(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01."), Ok(1i128 << 64));
    assert_eq!(read(b"G\x40\x35\x80\x00\x00\x00\x00\x00."), Ok(21.5f64));
    assert_eq!(read(b"X\x03\x00\x00\x00abc."), Ok("abc"));
    assert_eq!(read(b"X\x03\x00\x00\x00abc."), Ok("abc".to_owned()));
    assert_eq!(read(b"N."), Ok(None::<u8>));
    assert_eq!(read(b"K\x07."), Ok(Some(7u8)));
    let bytes: serde_bytes::ByteBuf = read(b"C\x02\x00\xff.").unwrap();
    assert_eq!(bytes.as_ref(), [0, 255]);
}

#[test]
fn numbers_that_do_not_fit_are_errors() {
    assert!(read::<u8>(b"M\x00\x01.").is_err());
    assert!(read::<u64>(b"J\xff\xff\xff\xff.").is_err());
    assert!(read::<&str>(b"K\x07.").is_err());
}

#[test]
fn containers() {
    assert_eq!(read(b"](K\x01K\x02e."), Ok(vec![1, 2]));
    assert_eq!(read(b"K\x01X\x01\x00\x00\x00a\x86."), Ok((1, "a")));
    assert_eq!(read(b"}X\x01\x00\x00\x00aK\x01s."), Ok(BTreeMap::from([("a".to_owned(), 1)])));
    // The same list twice: sharing is no obstacle.
    assert_eq!(read(b"]q\x00K\x01ah\x00\x86."), Ok((vec![1], vec![1])));
}

#[derive(Debug, Deserialize, PartialEq)]
struct User {
    name: String,
    #[serde(default)]
    age: Option<u8>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Shape {
    Empty,
    Circle(f64),
    Size { w: u8, h: u8 },
}

#[test]
fn structs_and_enums() {
    let jane = User { name: "Jane".into(), age: None };
    assert_eq!(read(b"}X\x04\x00\x00\x00nameX\x04\x00\x00\x00Janes."), Ok(jane));
    assert_eq!(read(b"X\x05\x00\x00\x00Empty."), Ok(Shape::Empty));
    assert_eq!(read(b"}X\x06\x00\x00\x00CircleG\x3f\xf0\x00\x00\x00\x00\x00\x00s."), Ok(Shape::Circle(1.0)));
    let size = b"}X\x04\x00\x00\x00Size}(X\x01\x00\x00\x00wK\x01X\x01\x00\x00\x00hK\x02us.";
    assert_eq!(read(size), Ok(Shape::Size { w: 1, h: 2 }));
}

#[test]
fn objects_are_read_by_their_state_and_keep_their_class() {
    let input = b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.";
    assert_eq!(read(input), Ok(User { name: "Jane".into(), age: None }));
    let object: Object<User> = read(input).unwrap();
    assert_eq!(object.class, Some(Global::new("app", "User")));
}

#[test]
fn cycles_and_damage_are_errors() {
    #[derive(Debug, Deserialize)]
    struct Nested(#[allow(dead_code)] Vec<Nested>);
    assert!(read::<Nested>(b"]q\x00h\x00a.").is_err());
    assert!(read::<Vec<u8>>(b"](K\x01").is_err());
    let error = read::<BTreeMap<String, Vec<u8>>>(b"}X\x01\x00\x00\x00a](K\x01X\x01\x00\x00\x00bes.").unwrap_err();
    assert!(error.contains('a'), "the path is named: {error}");
}
