//! Reading into types: what each Python value becomes, and what cannot be.

use pickle_core::serde::{Global, Object, Reason, from_slice, from_value};
use pickle_core::{Heap, Options, Unpickler};
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
fn values_of_a_document_are_read_by_themselves() {
    // {"users": [<app.User name=Jane>, {"name": 5}], "deep": [[[]]]}
    let input = b"\x80\x04}(\x8c\x05users](\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb}\x8c\x04nameK\x05se\x8c\x04deep]]]aau.";
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(input).unwrap();
    let users = document.find("$.users").unwrap();
    let jane: Object<User> = from_value(&users.at(0).unwrap()).unwrap();
    assert_eq!((jane.class, jane.value.name), (Some(Global::new("app", "User")), "Jane".to_owned()));
    let name: &str = from_value(&users.find("[0].name").unwrap()).unwrap();
    assert_eq!(name, "Jane");
    let error = from_value::<Vec<User>>(&users).unwrap_err();
    assert_eq!((error.path(), error.offset()), (Some("$[1].name"), None), "{error}");
    // Of bytes it is known where the value is, too.
    let input = b"}X\x05\0\0\0users]}X\x04\0\0\0nameK\x05sas.";
    let error = from_slice::<BTreeMap<String, Vec<User>>>(input, Default::default()).unwrap_err();
    let at = input.iter().position(|byte| *byte == b'K').map(|at| at as u64);
    assert_eq!((error.path(), error.offset()), (Some("$.users[0].name"), at), "{error}");
    // What is missing has no place.
    let error = from_slice::<Vec<User>>(b"](}X\x01\0\0\0xK\x05se.", Default::default()).unwrap_err();
    assert_eq!((error.path(), error.offset()), (Some("$[0]"), None), "{error}");
    let options = pickle_core::serde::DeOptions::new().max_depth(2);
    let error = from_slice::<BTreeMap<String, Vec<Vec<Vec<u8>>>>>(b"}X\x01\0\0\0a]]]aas.", options).unwrap_err();
    assert_eq!(error.reason(), Reason::Depth, "{error}");
}

#[test]
fn cycles_and_damage_are_errors() {
    #[derive(Debug, Deserialize)]
    struct Nested(#[allow(dead_code)] Vec<Nested>);
    let error = read::<Nested>(b"]q\x00h\x00a.").unwrap_err();
    assert!(error.contains("at $[0]"), "{error}");
    #[derive(Debug, Deserialize)]
    struct Node {
        #[allow(dead_code)]
        next: Vec<Option<Box<Node>>>,
    }
    // {"next": [None, <itself>]}
    let error = read::<Node>(b"}q\x00X\x04\x00\x00\x00next](Nh\x00es.").unwrap_err();
    assert!(error.contains("$.next[1]"), "{error}");
    assert!(read::<Vec<u8>>(b"](K\x01").is_err());
    let error = read::<BTreeMap<String, Vec<u8>>>(b"}X\x01\x00\x00\x00a](K\x01X\x01\x00\x00\x00bes.").unwrap_err();
    assert!(error.contains('a'), "the path is named: {error}");
}
