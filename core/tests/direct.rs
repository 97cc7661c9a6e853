//! Two ways lead into a type: straight from the opcodes, and by way of the document. Both say the same of every
//! pickle, whole, cut or damaged, errors included.

mod common;

use common::Random;
use pickle_core::Heap;
use pickle_core::serde::{DeOptions, Deserializer, from_slice_in};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything that a deserializer said, told apart by the method that said it.
#[derive(Debug, PartialEq)]
enum Any {
    Unit,
    Bool(bool),
    U64(u64),
    I64(i64),
    Wide(i128),
    F64(u64),
    Str(String, bool),
    Bytes(Vec<u8>, bool),
    Seq(Vec<Any>),
    Map(Vec<(Any, Any)>),
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Any;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Unit)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Any, E> {
                Ok(Any::Bool(v))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Any, E> {
                Ok(Any::U64(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Any, E> {
                Ok(Any::I64(v))
            }
            fn visit_i128<E>(self, v: i128) -> Result<Any, E> {
                Ok(Any::Wide(v))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Any, E> {
                Ok(Any::F64(v.to_bits()))
            }
            fn visit_str<E>(self, v: &str) -> Result<Any, E> {
                Ok(Any::Str(v.into(), false))
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Any, E> {
                Ok(Any::Str(v.into(), true))
            }
            fn visit_bytes<E>(self, v: &[u8]) -> Result<Any, E> {
                Ok(Any::Bytes(v.into(), false))
            }
            fn visit_borrowed_bytes<E>(self, v: &'de [u8]) -> Result<Any, E> {
                Ok(Any::Bytes(v.into(), true))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Any::Seq(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Any::Map(entries))
            }
        }
        deserializer.deserialize_any(All)
    }
}

/// Asks for one kind by name and takes whatever comes.
macro_rules! asking {
    ($($name:ident $method:ident($($arg:expr),*))*) => {
        $(
            #[derive(Debug, PartialEq)]
            struct $name(Any);
            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Take;
                    impl<'de> Visitor<'de> for Take {
                        type Value = Any;
                        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                            f.write_str("anything")
                        }
                        fn visit_u64<E>(self, v: u64) -> Result<Any, E> {
                            Ok(Any::U64(v))
                        }
                        fn visit_f64<E>(self, v: f64) -> Result<Any, E> {
                            Ok(Any::F64(v.to_bits()))
                        }
                        fn visit_str<E>(self, v: &str) -> Result<Any, E> {
                            Ok(Any::Str(v.into(), false))
                        }
                        fn visit_bytes<E>(self, v: &[u8]) -> Result<Any, E> {
                            Ok(Any::Bytes(v.into(), false))
                        }
                        fn visit_unit<E>(self) -> Result<Any, E> {
                            Ok(Any::Unit)
                        }
                        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any, A::Error> {
                            let mut items = Vec::new();
                            while let Some(item) = seq.next_element()? {
                                items.push(item);
                            }
                            Ok(Any::Seq(items))
                        }
                    }
                    deserializer.$method($($arg,)* Take).map($name)
                }
            }
        )*
    };
}

asking! {
    AskF64 deserialize_f64()
    AskBytes deserialize_bytes()
    AskStr deserialize_str()
    AskUnit deserialize_unit()
    AskSeq deserialize_seq()
}

/// A type that hides the errors of what it holds.
#[derive(Debug, PartialEq)]
struct Hiding(Option<Vec<u8>>);

impl<'de> Deserialize<'de> for Hiding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Hiding(Vec::deserialize(deserializer).ok()))
    }
}

#[derive(Debug, Deserialize, PartialEq)]
enum Shape {
    Empty,
    Circle(f64),
    Pair(u8, Any),
    Size { w: u8, h: Option<Any> },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Row {
    #[serde(default)]
    id: Option<Any>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tags: Vec<Any>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Pair(i64, i64),
    Text(String),
    Many(Vec<Untagged>),
}

fn both<'de, T: Deserialize<'de> + fmt::Debug>(pickle: &'de [u8]) -> (String, String) {
    let options = DeOptions::new();
    let direct: Result<T, _> = from_slice_in(pickle, Heap::new(), options);
    let mut deserializer = Deserializer::new(pickle, Heap::new(), options);
    let document = T::deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    // The direct way may know where a value was whose place a document has lost.
    let has_offset = !matches!(&document, Err(error) if error.offset().is_none());
    let show = |result: Result<T, pickle_core::serde::SerdeError>| match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => {
            let offset = error.offset().filter(|_| has_offset);
            format!("error {:?} {}, {:?}, {offset:?}", error.reason(), error.message(), error.path())
        }
    };
    (show(direct), show(document))
}

#[track_caller]
fn check<'de, T: Deserialize<'de> + fmt::Debug>(name: &str, pickle: &'de [u8]) {
    let (direct, document) = both::<T>(pickle);
    assert!(
        direct == document,
        "{name} as {}: {}\n  direct:   {direct:.300}\n  document: {document:.300}",
        std::any::type_name::<T>(),
        pickle.iter().take(200).copied().collect::<Vec<_>>().escape_ascii()
    );
}

/// Fills every type in both ways.
pub fn check_all(name: &str, pickle: &[u8]) {
    check::<Any>(name, pickle);
    check::<IgnoredAny>(name, pickle);
    check::<Vec<Any>>(name, pickle);
    check::<Vec<IgnoredAny>>(name, pickle);
    check::<BTreeMap<String, Any>>(name, pickle);
    check::<(Any,)>(name, pickle);
    check::<(Any, Any)>(name, pickle);
    check::<(Any, Any, IgnoredAny)>(name, pickle);
    check::<Vec<(Any, Any)>>(name, pickle);
    check::<Vec<Option<(u8, Option<Vec<u8>>)>>>(name, pickle);
    check::<Option<&str>>(name, pickle);
    check::<Vec<Vec<Any>>>(name, pickle);
    check::<Hiding>(name, pickle);
    check::<(Hiding, Any)>(name, pickle);
    check::<Vec<Hiding>>(name, pickle);
    check::<AskF64>(name, pickle);
    check::<AskBytes>(name, pickle);
    check::<AskStr>(name, pickle);
    check::<AskUnit>(name, pickle);
    check::<AskSeq>(name, pickle);
    check::<Vec<AskF64>>(name, pickle);
    check::<Shape>(name, pickle);
    check::<Vec<Shape>>(name, pickle);
    check::<Row>(name, pickle);
    check::<Vec<Row>>(name, pickle);
    check::<Untagged>(name, pickle);
    check::<BTreeSet<i64>>(name, pickle);
    check::<i128>(name, pickle);
}

/// Plain data as CPython writes it, and what only looks like it.
const PLAIN: &[&[u8]] = &[
    b"\x80\x04N.",
    b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x01.",
    b"K\x01.",
    b"\x80\x02](K\x01K\x02e.",
    b"\x80\x02]K\x01a.",
    b"\x80\x02](]]K\x01ae.",
    b"\x80\x02](]K\x01e.",
    b"\x80\x02](](K\x01K\x02te.",
    b"\x80\x02](]K\x01K\x02\x86e.",
    b"\x80\x02](](K\x01e(K\x01K\x02K\x03K\x04te.",
    b"\x80\x02](}q\x00X\x01\x00\x00\x00aK\x01sh\x00e.",
    b"\x80\x02]q\x00(K\x01h\x00e.",
    b"\x80\x02](K\x01K\x02e(K\x03e.",
    b"\x80\x02](K\x01K\x02eK\x03a.",
    b"\x80\x02](K\x01K\x02eK\x03.",
    b"\x80\x02K\x01K\x02\x86.",
    b"\x80\x02K\x01K\x02K\x03\x87.",
    b"\x80\x02K\x01K\x02\x86K\x03\x86.",
    b"\x80\x02K\x01\x85\x85.",
    b"\x80\x02]K\x01a\x85.",
    b"\x80\x02(K\x01K\x02K\x03K\x04t.",
    b"\x80\x02((K\x01K\x02K\x03K\x04tK\x05\x86.",
    b"\x80\x02).",
    b"\x80\x02}.",
    b"\x80\x02}X\x01\x00\x00\x00aK\x01s.",
    b"\x80\x02}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u.",
    b"\x80\x02}(K\x01u.",
    b"\x80\x02}(]K\x01u.",
    b"\x80\x02}()K\x01u.",
    b"\x80\x02}(K\x01]\x86K\x01u.",
    b"\x80\x02}(K\x01K\x02\x86K\x01u.",
    b"\x80\x02}(X\x01\x00\x00\x00a]X\x01\x00\x00\x00b]K\x01au.",
    b"\x80\x02}(X\x01\x00\x00\x00a}X\x01\x00\x00\x00b}K\x01K\x02su.",
    b"\x80\x04}(\x8c\x02id\x94K\x07\x8c\x04name\x94\x8c\x03Jan\x94\x8c\x04tags\x94](h\x01h\x02eu.",
    b"\x80\x04\x8c\x03abc\x94h\x00\x86.",
    b"\x80\x04\x8c\x03abc\x94h\x01\x86.",
    b"\x80\x02X\x03\x00\x00\x00abcq\x05h\x05\x86.",
    b"\x80\x02X\x01\x00\x00\x00aq\x00X\x01\x00\x00\x00bq\x00h\x00\x87.",
    b"\x80\x03C\x02\x00\xffq\x00h\x00\x86.",
    b"\x80\x02X\x03\x00\x00\x00\xed\xa0\x80.",
    b"\x80\x02X\x02\x00\x00\x00\xc3(.",
    b"\x80\x02U\x03abcK\x01\x86.",
    b"\x80\x02\x8a\x01\xff.",
    b"\x80\x02\x8a\x00.",
    b"\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00.",
    b"\x80\x02\x8a\x11\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00.",
    b"\x80\x02G\x40\x35\x80\x00\x00\x00\x00\x00.",
    b"\x80\x02X\x05\x00\x00\x00Empty.",
    b"\x80\x02}X\x05\x00\x00\x00EmptyNs.",
    b"\x80\x02}X\x06\x00\x00\x00CircleG\x3f\xf0\x00\x00\x00\x00\x00\x00s.",
    b"\x80\x02}X\x04\x00\x00\x00Size}(X\x01\x00\x00\x00wK\x01X\x01\x00\x00\x00hK\x02us.",
    b"\x80\x02}X\x04\x00\x00\x00PairK\x01K\x02\x86s.",
    b"\x80\x02}X\x04\x00\x00\x00Pair](K\x01K\x02es.",
    b"\x80\x02X\x06\x00\x00\x00CircleG\x3f\xf0\x00\x00\x00\x00\x00\x00\x86.",
    b"\x80\x02}(X\x05\x00\x00\x00EmptyNX\x05\x00\x00\x00EmptyNu.",
    b"\x80\x02K\x01.K\x02.",
    b"\x80\x04\x95\x04\0\0\0\0\0\0\0K\x01.NN.",
    b"\x80\x04\x95\x02\0\0\0\0\0\0\0K\x01.",
    b"\x80\x04\x95\x09\0\0\0\0\0\0\0K\x01.",
    b"\x80\x04\x95\x03\0\0\0\0\0\0\0](K\x95\x03\0\0\0\0\0\0\0K\x01e.",
    b"\x80\x02](K\x010K\x02e.",
    b"\x80\x02](K\x012e.",
    b"(lp0\nI1\naI2\na.",
    b"\x80\x04\x8f(K\x01K\x02\x90.",
    b"\x80\x04](NNNNe.",
    b"\x80\x04]N\x81.",
    b"",
    b"\x80",
    b".",
    b"\x80\x02e.",
];

#[test]
fn plain_data_and_its_like() {
    for (at, pickle) in PLAIN.iter().enumerate() {
        check_all(&format!("row {at}"), pickle);
    }
}

#[test]
fn cut_and_damaged() {
    let mut random = Random(1);
    for (at, pickle) in PLAIN.iter().enumerate() {
        for end in 0..pickle.len() {
            check_all(&format!("row {at} cut at {end}"), &pickle[..end]);
        }
        for _ in 0..60 {
            let mut damaged = pickle.to_vec();
            const OPCODES: &[u8] = b"()]}.eutsa0K\x01\x85\x86\x87N\x94hq2\x88b\x81R\x8f\x90";
            for _ in 0..=random.below(2) {
                let place = random.below(damaged.len() + 1);
                let byte = OPCODES[random.below(OPCODES.len())];
                match random.below(3) {
                    0 => damaged.insert(place, byte),
                    1 if place < damaged.len() => damaged[place] = byte,
                    _ if place < damaged.len() => drop(damaged.remove(place)),
                    _ => damaged.push(byte),
                }
            }
            check_all(&format!("row {at} damaged"), &damaged);
        }
    }
}

#[test]
fn batches() {
    for n in [0usize, 1, 2, 999, 1000, 1001, 1999, 2000, 2001] {
        // As CPython batches: 1000 items, the last alone without a MARK.
        let mut list = b"\x80\x02]".to_vec();
        let mut left = n;
        while left > 0 {
            match left {
                1 => list.extend(b"K\x07a"),
                _ => {
                    list.push(b'(');
                    list.extend(b"K\x07".repeat(left.min(1000)));
                    list.push(b'e');
                }
            }
            left -= left.min(1000);
        }
        list.push(b'.');
        check_all(&format!("list of {n}"), &list);
        assert_eq!(from_slice_in::<Vec<u8>>(&list, Heap::new(), DeOptions::new()).unwrap(), vec![7; n]);
    }
}

#[test]
fn many_empty_containers_take_linear_time() {
    for body in [b"]".repeat(300_000), b"}".repeat(300_000), b"]](e".repeat(100_000)] {
        let pickle = [b"\x80\x02](".as_slice(), &body, b"e."].concat();
        let start = std::time::Instant::now();
        check::<Vec<Any>>("empties", &pickle);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}

#[test]
fn late_entries_of_the_memo() {
    let get = |index: u32| [b"j".as_slice(), &index.to_le_bytes()].concat();
    for put in [false, true] {
        let mut list = b"\x80\x04](".to_vec();
        let memoize = |list: &mut Vec<u8>, index: u32| match put {
            true => list.extend([b"r".as_slice(), &index.to_le_bytes()].concat()),
            false => list.push(0x94),
        };
        for index in 0..10_000 {
            match index {
                7000 => list.push(b']'),
                7001 => list.extend(b"C\x01b"),
                _ => list.extend(format!("\u{8}{index:08}").replace('\u{8}', "X\u{8}\0\0\0").bytes()),
            }
            memoize(&mut list, index);
        }
        // Strs that were passed over, and kept after that, in any order; then what was never put, and a container.
        let strs =
            [[list.clone(), get(9999), get(3), get(4096), get(4095), get(5000)].concat(), b"e.".to_vec()].concat();
        check_all("late strs", &strs);
        let read: Vec<Any> = from_slice_in(&strs, Heap::new(), DeOptions::new()).unwrap();
        let last: Vec<_> = read[10_000..].iter().collect();
        let expected: Vec<_> = [9999, 3, 4096, 4095, 5000].map(|n| Any::Str(format!("{n:08}"), true)).into();
        assert_eq!(last, expected.iter().collect::<Vec<_>>());
        for index in [7000, 7001, 10_000] {
            check_all("late entries", &[list.clone(), get(5000), get(index), b"e.".to_vec()].concat());
        }
    }
}

#[test]
fn depth() {
    for depth in [127, 128, 129, 5000] {
        let open = [b"\x80\x02".as_slice(), &b"](".repeat(depth), &b"e".repeat(depth), b"."].concat();
        check_all(&format!("{depth} lists"), &open);
        let single = [b"\x80\x02".as_slice(), &b"]".repeat(depth), &b"a".repeat(depth - 1), b"."].concat();
        check_all(&format!("{depth} single lists"), &single);
    }
}

/// Every spelling of every known type.
#[test]
fn views() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/views/views.tsv")).unwrap();
    let mut count = 0;
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, _, hex] = fields[..] else { panic!("{line}") };
        let pickle: Vec<u8> =
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        check_all(name, &pickle);
        count += 1;
    }
    assert!(count > 800, "{count}");
}

#[test]
fn files() {
    for (name, pickle) in common::data().into_iter().chain(common::corpus()) {
        if pickle.len() <= 1 << 18 {
            check_all(&name, &pickle);
        }
    }
}
