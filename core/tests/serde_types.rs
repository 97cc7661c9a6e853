//! The table of `docs/serde.md`: every row, in every spelling that `tests/data/views/make.py` has of it, by both readers.

use indexmap::IndexMap;
use pickle_core::Heap;
use pickle_core::serde::{DeOptions, Deserializer, Global, Object, Persistent, from_slice};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::PathBuf;

/// A Rust type as the table names it, and what it must read.
type Reads = (&'static str, Box<dyn Fn(&[u8]) -> Result<(), String>>);

/// Both readers give `expected`.
fn reads<T: DeserializeOwned + PartialEq + Debug + 'static>(name: &'static str, expected: T) -> Reads {
    let check = move |pickle: &[u8]| {
        let whole = from_slice::<T>(pickle, DeOptions::new()).map_err(|error| error.to_string())?;
        let mut deserializer = Deserializer::new(pickle, Heap::new(), DeOptions::new());
        let by_document = T::deserialize(&mut deserializer).map_err(|error| error.to_string())?;
        match whole == expected && by_document == expected {
            true => Ok(()),
            false => Err(format!("{whole:?} and {by_document:?} instead of {expected:?}")),
        }
    };
    (name, Box::new(check))
}

/// A row: Python's type, the values of `views.tsv` or pickles in Python's escapes, Rust's types.
struct Row {
    python: &'static str,
    values: &'static [&'static str],
    pickles: &'static [&'static [u8]],
    types: Vec<Reads>,
}

fn row(python: &'static str, values: &'static [&'static str], types: Vec<Reads>) -> Row {
    Row { python, values, pickles: &[], types }
}

fn plain(python: &'static str, pickles: &'static [&'static [u8]], types: Vec<Reads>) -> Row {
    Row { python, values: &[], pickles, types }
}

time::serde::format_description!(time_date, Date, "[year]-[month]-[day]");
time::serde::format_description!(time_time, Time, "[hour]:[minute]:[second].[subsecond]");
time::serde::format_description!(time_both, PrimitiveDateTime, "[year]-[month]-[day]T[hour]:[minute]:[second]");

#[derive(Debug, PartialEq, Deserialize)]
struct TimeDate(#[serde(with = "time_date")] time::Date);

#[derive(Debug, PartialEq, Deserialize)]
struct TimeTime(#[serde(with = "time_time")] time::Time);

#[derive(Debug, PartialEq, Deserialize)]
struct TimeBoth(#[serde(with = "time_both")] time::PrimitiveDateTime);

#[derive(Debug, PartialEq, Deserialize)]
struct TimeOffset(#[serde(with = "time::serde::rfc3339")] time::OffsetDateTime);

#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
struct Ab {
    a: i64,
    b: i64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct A {
    a: i64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Text {
    a: i64,
    b: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Code {
    code: i64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Item {
    id: i32,
    temp: f64,
    tag: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Bounds {
    start: i64,
    stop: Option<i64>,
    step: i64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Color {
    Red,
    Green,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Shade {
    #[serde(rename = "1")]
    Dark,
    #[serde(rename = "l")]
    Light,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Level {
    #[serde(rename = "1")]
    Low,
    #[serde(rename = "300")]
    High,
}

fn rows() -> Vec<Row> {
    let map = |pairs: &[(&str, i64)]| pairs.iter().map(|(key, value)| (key.to_string(), *value)).collect::<Vec<_>>();
    let utc = "2024-02-29T13:05:00+00:00";
    let fixed: chrono::DateTime<chrono::FixedOffset> = utc.parse().unwrap();
    vec![
        plain("`None`", &[b"N."], vec![reads("`()`", ()), reads("`Option<T>`", None::<u8>)]),
        plain("`bool`", &[b"\x88.", b"I01\n."], vec![reads("`bool`", true)]),
        plain(
            "`int`",
            &[b"K\x07.", b"I7\n.", b"L7L\n.", b"\x8a\x01\x07."],
            vec![
                reads("`u8`", 7u8),
                reads("to `i128`", 7i128),
                reads("`f64`", 7.0f64),
                reads("`Option<T>`", Some(7u64)),
            ],
        ),
        row("`int` of more than 64 bits", &["big"], vec![reads("`u128`", u128::MAX)]),
        plain(
            "`float`",
            &[b"G\x3f\xf8\0\0\0\0\0\0.", b"F1.5\n."],
            vec![reads("`f64`", 1.5f64), reads("`f32`", 1.5f32)],
        ),
        row("`str`", &["text"], vec![reads("`String`", "caf\u{e9}".to_string())]),
        row("`str` of Python 2, UTF-8", &["str8"], vec![reads("`String`", "plain".to_string())]),
        row(
            "`str` of Python 2, otherwise",
            &["str8_bytes"],
            vec![reads("`Vec<u8>`", vec![255u8, 0]), reads("`ByteBuf`", serde_bytes::ByteBuf::from([255, 0]))],
        ),
        row(
            "`bytes`, `bytearray`",
            &["bytes", "bytearray"],
            vec![
                reads("`Vec<u8>`", vec![0u8, 255]),
                reads("`[u8; N]`", [0u8, 255]),
                reads("`ByteBuf`", serde_bytes::ByteBuf::from([0, 255])),
            ],
        ),
        row("`list`", &["list"], vec![reads("`Vec<T>`", vec![1, 2]), reads("tuples", (1u8, 2i64))]),
        row("`tuple`", &["tuple"], vec![reads("tuples", (1u8, 2i64)), reads("`Vec<T>`", vec![1, 2])]),
        row(
            "`dict`, `defaultdict`, subclasses of `dict`, `UserDict`",
            &["dict", "defaultdict", "MyDict", "MyDict_attr", "nested_dict", "nested_dict_attr", "UserDict"],
            vec![
                reads("`HashMap<K, V>`", HashMap::from([("a".to_string(), 1)])),
                reads("`BTreeMap<K, V>`", BTreeMap::from([("a".to_string(), 1)])),
                reads("structs", A { a: 1 }),
            ],
        ),
        row(
            "`Counter`",
            &["Counter"],
            vec![reads("`HashMap<K, V>`", HashMap::from([("a".to_string(), 2u64)])), reads("structs", A { a: 2 })],
        ),
        row(
            "`OrderedDict`",
            &["OrderedDict"],
            vec![
                reads("`IndexMap<K, V>`", map(&[("a", 1), ("b", 2)]).into_iter().collect::<IndexMap<_, _>>()),
                reads("structs", Ab { a: 1, b: 2 }),
            ],
        ),
        row(
            "`ChainMap`",
            &["ChainMap"],
            vec![reads("`HashMap<K, V>`", map(&[("a", 1), ("b", 3)]).into_iter().collect::<HashMap<_, _>>())],
        ),
        row(
            "`set`, `frozenset`",
            &["set", "set_empty", "frozenset"],
            vec![("`HashSet<T>`", Box::new(any_set)), ("`BTreeSet<T>`", Box::new(any_sorted_set))],
        ),
        row(
            "`deque`",
            &["deque", "deque_max", "nested_deque"],
            vec![reads("`VecDeque<T>`", VecDeque::from([1, 2])), reads("`Vec<T>`", vec![1, 2])],
        ),
        row("`deque` without items", &["deque_empty"], vec![reads("`VecDeque<T>`", VecDeque::<u8>::new())]),
        row(
            "subclasses of `list`, `UserList`",
            &["MyList", "nested_list", "UserList"],
            vec![reads("`Vec<T>`", vec![1])],
        ),
        row("subclasses of `int`", &["MyInt", "nested_int"], vec![reads("`u8`", 5u8), reads("to `i128`", 5i128)]),
        row("subclasses of `str`", &["MyStr", "nested_str"], vec![reads("`String`", "five".to_string())]),
        row("`UserString`", &["UserString"], vec![reads("`String`", "x".to_string())]),
        row(
            "`complex`",
            &["complex"],
            vec![
                reads("`num_complex::Complex<f64>`", num_complex::Complex::new(1.0, 2.0)),
                reads("`(f64, f64)`", (1.0, 2.0)),
                reads("`String`", "(1+2j)".to_string()),
            ],
        ),
        row(
            "`range`",
            &["range"],
            vec![
                reads("`Vec<i64>`: its ints", vec![1i64, 3, 5, 7]),
                reads("`(i64, i64, i64)`", (1i64, 9i64, 2i64)),
                reads("structs: start, stop, step", Bounds { start: 1, stop: Some(9), step: 2 }),
            ],
        ),
        row("`slice`", &["slice"], vec![reads("structs: start, stop, step", Bounds { start: 1, stop: None, step: 2 })]),
        row(
            "`date`",
            &["date"],
            vec![
                reads("`String`", "2024-02-29".to_string()),
                reads("`chrono::NaiveDate`", chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap()),
                reads("`jiff::civil::Date`", jiff::civil::date(2024, 2, 29)),
                reads("`time::Date`", TimeDate(time::macros::date!(2024 - 02 - 29))),
                reads("`(i32, u32, u32)`", (2024i32, 2u32, 29u32)),
            ],
        ),
        row(
            "`time`",
            &["time"],
            vec![
                reads("`String`", "13:05:00.000001".to_string()),
                reads("`chrono::NaiveTime`", chrono::NaiveTime::from_hms_micro_opt(13, 5, 0, 1).unwrap()),
                reads("`jiff::civil::Time`", jiff::civil::time(13, 5, 0, 1000)),
                reads("`time::Time`", TimeTime(time::macros::time!(13:05:00.000001))),
            ],
        ),
        row("`time` with an offset", &["time_utc"], vec![reads("`String`", "13:05:00+00:00".to_string())]),
        row(
            "`datetime` without a zone",
            &["datetime"],
            vec![
                reads("`String`", "2024-02-29T13:05:07".to_string()),
                reads("`chrono::NaiveDateTime`", "2024-02-29T13:05:07".parse::<chrono::NaiveDateTime>().unwrap()),
                reads("`jiff::civil::DateTime`", jiff::civil::date(2024, 2, 29).at(13, 5, 7, 0)),
                reads("`time::PrimitiveDateTime`", TimeBoth(time::macros::datetime!(2024-02-29 13:05:07))),
            ],
        ),
        row(
            "the last `datetime`",
            &["datetime_high"],
            vec![
                reads("`String`", "9999-12-31T23:59:59.999999".to_string()),
                reads(
                    "`chrono::NaiveDateTime`",
                    "9999-12-31T23:59:59.999999".parse::<chrono::NaiveDateTime>().unwrap(),
                ),
            ],
        ),
        row(
            "`datetime` in UTC",
            &["datetime_utc"],
            vec![
                reads("`String`", utc.to_string()),
                reads("`chrono::DateTime<Utc>`", fixed.to_utc()),
                reads("`chrono::DateTime<FixedOffset>`", fixed),
                reads("`jiff::Timestamp`", utc.parse::<jiff::Timestamp>().unwrap()),
                reads("`time::OffsetDateTime`", TimeOffset(time::macros::datetime!(2024-02-29 13:05:00 UTC))),
            ],
        ),
        row(
            "`datetime` with an offset: `timezone`, `pytz`",
            &["pytz"],
            vec![
                reads("`String`", "2024-07-01T13:05:00+02:00".to_string()),
                reads(
                    "`chrono::DateTime<Utc>`",
                    "2024-07-01T11:05:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
                ),
                reads("`jiff::Timestamp`", "2024-07-01T11:05:00Z".parse::<jiff::Timestamp>().unwrap()),
                reads("`time::OffsetDateTime`", TimeOffset(time::macros::datetime!(2024-07-01 13:05:00 +2))),
            ],
        ),
        row(
            "`datetime` with an offset: `dateutil`",
            &["datetime_dateutil_offset"],
            vec![
                reads("`String`", "2024-02-29T13:05:00+01:00".to_string()),
                reads("`jiff::Timestamp`", "2024-02-29T12:05:00Z".parse::<jiff::Timestamp>().unwrap()),
            ],
        ),
        row(
            "`datetime` in a named zone: `zoneinfo`, `dateutil`",
            &["datetime_zoneinfo", "datetime_dateutil"],
            vec![
                reads("`String`", "2024-02-29T13:05:00[Europe/Berlin]".to_string()),
                reads("`jiff::Zoned`", "2024-02-29T13:05:00+01:00[Europe/Berlin]".parse::<jiff::Zoned>().unwrap()),
            ],
        ),
        row(
            "`timedelta`",
            &["timedelta"],
            vec![
                reads("`f64`: seconds", -1.0f64),
                reads("`chrono::TimeDelta`", chrono::TimeDelta::seconds(-1)),
                reads("`(i64, i64, i64)`: days, seconds, microseconds", (-1i64, 86_399i64, 0i64)),
                reads("`String`", "-1 day, 23:59:59".to_string()),
            ],
        ),
        row("time zones in UTC", &["utc", "pytz_utc", "dateutil_utc"], vec![reads("`String`", "+00:00".to_string())]),
        row("time zones with an offset: `timezone`", &["zone"], vec![reads("`String`", "-05:30".to_string())]),
        row("time zones with an offset: `pytz`", &["pytz_fixed"], vec![reads("`String`", "+01:30".to_string())]),
        row(
            "time zones with an offset: `dateutil`",
            &["dateutil_offset"],
            vec![reads("`String`", "+01:00".to_string())],
        ),
        row(
            "time zones by name: `zoneinfo`, `dateutil`",
            &["zoneinfo", "dateutil_file"],
            vec![reads("`String`", "Europe/Berlin".to_string())],
        ),
        row(
            "`Decimal`",
            &["Decimal"],
            vec![
                reads("`String`", "1.50".to_string()),
                reads("`rust_decimal::Decimal`", "1.50".parse::<rust_decimal::Decimal>().unwrap()),
            ],
        ),
        row("`Decimal('NaN')`", &["Decimal_nan"], vec![reads("`String`", "NaN".to_string())]),
        row(
            "`Fraction`",
            &["Fraction"],
            vec![reads("`String`", "3/4".to_string()), reads("`(i64, i64)`", (3i64, 4i64))],
        ),
        row(
            "`UUID`",
            &["uuid"],
            vec![
                reads("`uuid::Uuid`", "12345678-1234-5678-1234-567812345678".parse::<uuid::Uuid>().unwrap()),
                reads("`u128`", 0x12345678_1234_5678_1234_567812345678_u128),
                reads("`String`", "12345678-1234-5678-1234-567812345678".to_string()),
            ],
        ),
        row("the first `UUID`", &["uuid_zero"], vec![reads("`uuid::Uuid`", uuid::Uuid::nil()), reads("`u128`", 0u128)]),
        row(
            "the last `UUID`",
            &["uuid_max"],
            vec![reads("`uuid::Uuid`", uuid::Uuid::max()), reads("`u128`", u128::MAX)],
        ),
        row(
            "`PurePath`",
            &["path"],
            vec![reads("`PathBuf`", PathBuf::from("/usr/lib")), reads("`String`", "/usr/lib".to_string())],
        ),
        row("`PureWindowsPath`", &["path_windows"], vec![reads("`String`", "C:\\a\\b".to_string())]),
        row("`PurePath` of nothing", &["path_dot"], vec![reads("`PathBuf`", PathBuf::from("."))]),
        row(
            "`IPv4Address`",
            &["ipv4"],
            vec![reads("`IpAddr`", IpAddr::from([192, 168, 0, 1])), reads("`u32`", 0xc0a8_0001_u32)],
        ),
        row("`IPv6Address`", &["ipv6"], vec![reads("`IpAddr`", "2001:db8::1".parse::<IpAddr>().unwrap())]),
        row("a small `IPv6Address`", &["ipv6_small"], vec![reads("`IpAddr`", "::1".parse::<IpAddr>().unwrap())]),
        row("networks of `ipaddress`", &["network"], vec![reads("`String`", "10.0.0.0/8".to_string())]),
        row("interfaces of `ipaddress`", &["interface"], vec![reads("`String`", "10.0.0.1/8".to_string())]),
        row("`re.Pattern`", &["pattern"], vec![reads("`String`", "a+".to_string())]),
        row(
            "members of an `Enum` by name",
            &["member"],
            vec![reads("enums: the name", Color::Red), reads("`String`", "RED".to_string())],
        ),
        row(
            "members of an `Enum` by value, a `str`",
            &["enum_text"],
            vec![reads("enums: the value", Shade::Light), reads("`String`", "l".to_string())],
        ),
        row(
            "members of an `Enum` by value, an `int`",
            &["enum_int"],
            vec![reads("enums: the value as text, `#[serde(rename = \"1\")]`", Shade::Dark), reads("`u8`", 1u8)],
        ),
        row(
            "members of an `IntEnum`",
            &["int_enum"],
            vec![reads("enums: the value as text, `#[serde(rename = \"300\")]`", Level::High), reads("`u16`", 300u16)],
        ),
        row("members of a `Flag`", &["flag"], vec![reads("`u8`", 3u8)]),
        row(
            "namedtuples",
            &["namedtuple", "namedtuple_sub", "nested_namedtuple"],
            vec![reads("structs, by position", Ab { a: 1, b: 2 }), reads("tuples", (1u8, 2u8))],
        ),
        row(
            "dataclasses, objects with attributes",
            &[
                "dataclass",
                "Plain",
                "dataclass_frozen",
                "nested",
                "nested_deeper",
                "nested_dataclass",
                "nested_dataclass_frozen",
            ],
            vec![reads("structs", Text { a: 1, b: "x".into() })],
        ),
        row(
            "objects with slots, attrs, `SimpleNamespace`",
            &[
                "dataclass_slots",
                "Slots",
                "attrs",
                "attrs_slots",
                "namespace",
                "nested_slots",
                "nested_dataclass_slots",
            ],
            vec![reads("structs", A { a: 1 })],
        ),
        row("objects with attributes and slots", &["Both"], vec![reads("structs", Ab { a: 1, b: 2 })]),
        row("exceptions", &["builtin_error"], vec![reads("`(String,)`: their arguments", ("bad".to_string(),))]),
        row(
            "exceptions with attributes",
            &["error", "nested_error"],
            vec![
                reads("`(String, i64)`: their arguments", ("bad".to_string(), 3i64)),
                reads("structs: their attributes", Code { code: 7 }),
            ],
        ),
        row(
            "classes and functions",
            &["global"],
            vec![
                reads("`Global`", Global::new("collections", "OrderedDict")),
                reads("`String`", "collections.OrderedDict".to_string()),
            ],
        ),
        plain(
            "objects named by a persistent id",
            &[b"\x8c\x04cellQ.", b"Pcell\n."],
            vec![reads("`Persistent<T>`", Persistent("cell".to_string()))],
        ),
        plain(
            "any object, with its class",
            &[b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x01aK\x01sb."],
            vec![reads("`Object<T>`", Object::new(Global::new("app", "User"), A { a: 1 }))],
        ),
        row("`array.array`", &["array_i"], vec![reads("`Vec<i64>`", vec![1i64, -2]), reads("`[i32; N]`", [1i32, -2])]),
        row("`array.array` of floats", &["array_d"], vec![reads("`Vec<f64>`", vec![1.5f64, -2.0])]),
        row("`array.array` of bytes", &["array_B"], vec![reads("`Vec<u8>`", vec![0u8, 255])]),
        row(
            "`array.array` of characters",
            &["array_u", "array_w"],
            vec![reads("`Vec<String>`", vec!["a".to_string(), "\u{20ac}".to_string()])],
        ),
        row(
            "`numpy.ndarray` of ints",
            &["np_int", "np_big_endian"],
            vec![reads("`Vec<i64>`", vec![1i64, -2, 3]), reads("`[i16; N]`", [1i16, -2, 3])],
        ),
        row(
            "`numpy.ndarray` of floats along two axes, in any order",
            &["np_float", "np_fortran"],
            vec![
                reads("`Vec<Vec<f64>>`", vec![vec![1.5f64, 2.0, 3.0], vec![4.0, 5.0, 6.0]]),
                reads("`[[f32; N]; M]`", [[1.5f32, 2.0, 3.0], [4.0, 5.0, 6.0]]),
            ],
        ),
        row("`numpy.ndarray` along more axes", &["np_cube"], vec![reads("nested `Vec<T>`", cube())]),
        row("`numpy.ndarray` of bools", &["np_bool"], vec![reads("`Vec<bool>`", vec![true, false])]),
        row(
            "`numpy.ndarray` of bytes",
            &["np_bytes"],
            vec![reads("`Vec<u8>`", vec![0u8, 255, 65]), reads("`ByteBuf`", serde_bytes::ByteBuf::from([0, 255, 65]))],
        ),
        row(
            "`numpy.ndarray` of complex",
            &["np_complex"],
            vec![reads("`Vec<num_complex::Complex<f64>>`", vec![num_complex::Complex::new(1.0, 2.0)])],
        ),
        row(
            "`numpy.ndarray` of `str`",
            &["np_text"],
            vec![reads("`Vec<String>`", vec!["a".to_string(), "caf\u{e9}".to_string()])],
        ),
        row(
            "`numpy.ndarray` of `bytes`",
            &["np_octets"],
            vec![reads("`Vec<ByteBuf>`", vec![serde_bytes::ByteBuf::from(b"a"), serde_bytes::ByteBuf::from(b"bc")])],
        ),
        row(
            "`numpy.ndarray` of `datetime64`, NaT is None",
            &["np_dates"],
            vec![
                reads("`Vec<Option<String>>`", vec![Some("2024-02-29".to_string()), None]),
                reads("`Vec<Option<i64>>`: ticks", vec![Some(19_782i64), None]),
            ],
        ),
        row(
            "`numpy.ndarray` of `datetime64` of microseconds",
            &["np_times"],
            vec![reads(
                "`Vec<chrono::NaiveDateTime>`",
                vec!["2024-02-29T13:05:07.000001".parse::<chrono::NaiveDateTime>().unwrap()],
            )],
        ),
        row(
            "`numpy.ndarray` of objects",
            &["np_objects"],
            vec![reads(
                "`Vec<Vec<T>>`",
                vec![vec![Thing::Text("a".into()), Thing::Number(1.0)], vec![Thing::Nothing(()), Thing::Number(2.5)]],
            )],
        ),
        row(
            "structured `numpy.ndarray`",
            &["np_records"],
            vec![
                reads(
                    "`Vec<T>` of structs",
                    vec![Item { id: 1, temp: 1.5, tag: "x".into() }, Item { id: 2, temp: 2.5, tag: "yz".into() }],
                ),
                reads("`Vec<T>` of tuples", vec![(1, 1.5, "x".to_string()), (2, 2.5, "yz".to_string())]),
            ],
        ),
        row("`numpy.ndarray` without items", &["np_none"], vec![reads("`Vec<Vec<f64>>`", Vec::<Vec<f64>>::new())]),
        row("`numpy.ndarray` without axes", &["np_single"], vec![reads("`i64`", 7i64)]),
        row("numpy's floats", &["np_float_scalar"], vec![reads("`f64`", 1.5f64)]),
        row("numpy's ints", &["np_int_scalar"], vec![reads("`i32`", -7i32)]),
        row("numpy's bools", &["np_bool_scalar"], vec![reads("`bool`", true)]),
        row("numpy's `str`", &["np_text_scalar"], vec![reads("`String`", "caf".to_string())]),
    ]
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Thing {
    Number(f64),
    Text(String),
    Nothing(()),
}

fn cube() -> Vec<Vec<Vec<u16>>> {
    (0..2).map(|a| (0..3).map(|b| (0..4).map(|c| a * 12 + b * 4 + c).collect()).collect()).collect()
}

fn any_set(pickle: &[u8]) -> Result<(), String> {
    let set: HashSet<Thing2> = from_slice(pickle, DeOptions::new()).map_err(|error| error.to_string())?;
    is_one_of(set.into_iter().collect())
}

fn any_sorted_set(pickle: &[u8]) -> Result<(), String> {
    let set: BTreeSet<Thing2> = from_slice(pickle, DeOptions::new()).map_err(|error| error.to_string())?;
    is_one_of(set.into_iter().collect())
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(untagged)]
enum Thing2 {
    Number(i64),
    Text(String),
}

/// The sets of the table: `{1}`, `set()`, `frozenset({'a'})`.
fn is_one_of(items: Vec<Thing2>) -> Result<(), String> {
    match &items[..] {
        [] | [Thing2::Number(1)] => Ok(()),
        [Thing2::Text(text)] if text == "a" => Ok(()),
        _ => Err(format!("{items:?}")),
    }
}

/// Values of the table of views that have no row: nothing in Rust is like them.
const WITHOUT: [&str; 9] = [
    "partial",
    "dateutil_local",
    "nested_tuple",
    "nested_set",
    "nested_counter",
    "nested_enum",
    "nested_member",
    "nested_many",
    "nested_made",
];

/// Arrays of the other typecodes.
#[test]
fn arrays_of_every_typecode() {
    let checks = [
        ("array_b", reads("`Vec<i8>`", vec![-128i8, 0, 127])),
        ("array_h", reads("`Vec<i16>`", vec![i16::MIN, i16::MAX])),
        ("array_H", reads("`Vec<u16>`", vec![0, u16::MAX])),
        ("array_I", reads("`Vec<u32>`", vec![0, u32::MAX])),
        ("array_l", reads("`Vec<i32>`", vec![i32::MIN, i32::MAX])),
        ("array_L", reads("`Vec<u64>`", vec![0, u64::from(u32::MAX)])),
        ("array_q", reads("`Vec<i64>`", vec![i64::MIN, i64::MAX])),
        ("array_Q", reads("`Vec<u64>`", vec![0, u64::MAX])),
        ("array_f", reads("`Vec<f32>`", vec![1.5f32, -0.5])),
        ("array_none", reads("`Vec<u8>`", Vec::<u8>::new())),
    ];
    let views = views();
    for (name, (rust, check)) in &checks {
        for pickle in &views[*name] {
            check(pickle).unwrap_or_else(|error| panic!("{name} into {rust}: {error}: {}", pickle.escape_ascii()));
        }
    }
}

fn views() -> BTreeMap<String, Vec<Vec<u8>>> {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/views/views.tsv")).unwrap();
    let mut views = BTreeMap::<String, Vec<Vec<u8>>>::new();
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, _, hex] = fields[..] else { panic!("{line}") };
        let pickle = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        views.entry(name.into()).or_default().push(pickle);
    }
    views
}

#[test]
fn every_row_in_every_spelling() {
    let (views, rows) = (views(), rows());
    let (mut checked, mut wrong) = (0, Vec::new());
    for row in &rows {
        let spelled = row.values.iter().flat_map(|name| {
            let pickles = views.get(*name).unwrap_or_else(|| panic!("views.tsv has no {name}"));
            pickles.iter().map(|pickle| (*name, &pickle[..]))
        });
        for (name, pickle) in spelled.chain(row.pickles.iter().map(|pickle| ("inline", *pickle))) {
            for (rust, check) in &row.types {
                checked += 1;
                if let Err(error) = check(pickle) {
                    wrong.push(format!("{} ({name}) into {rust}: {error}: {}", row.python, pickle.escape_ascii()));
                }
            }
        }
    }
    assert!(checked > 1500, "{checked}");
    assert!(wrong.is_empty(), "{} of {checked} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let others = |name: &str| WITHOUT.contains(&name) || name.starts_with("array_");
    for name in views.keys().filter(|name| !others(name)) {
        assert!(rows.iter().any(|row| row.values.contains(&name.as_str())), "{name} has no row");
    }
}

/// The table as `docs/serde.md` has it.
#[test]
fn the_documented_table_is_the_tested_one() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/serde.md")).unwrap();
    let table = text.split("## Types\n").nth(1).expect("docs/serde.md has a section on types");
    let lines = table.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let documented: Vec<&str> = lines.take_while(|line| line.starts_with('|')).collect();
    let tested: Vec<String> = rows()
        .iter()
        .map(|row| {
            let types: Vec<&str> = row.types.iter().map(|(name, _)| *name).collect();
            format!("| {} | {} |", row.python, types.join(", "))
        })
        .collect();
    assert_eq!(documented, tested.iter().map(String::as_str).collect::<Vec<_>>(), "{}", tested.join("\n"));
}

fn refused<T: DeserializeOwned + Debug>(pickle: &[u8]) -> String {
    let error = from_slice::<T>(pickle, DeOptions::new()).unwrap_err().to_string();
    let mut deserializer = Deserializer::new(pickle, Heap::new(), DeOptions::new());
    assert_eq!(
        T::deserialize(&mut deserializer).unwrap_err().to_string().contains("expected"),
        error.contains("expected")
    );
    error
}

#[test]
fn no_index_is_taken_for_a_name() {
    // Color(1) is not the variant of index 1, nor is a plain 1.
    for pickle in [&b"\x80\x04\x8c\x01m\x8c\x05Color\x93K\x01\x85R."[..], b"cm\nColor\n(I1\ntR."] {
        assert!(refused::<Color>(pickle).contains("unknown variant `1`"), "{}", refused::<Color>(pickle));
        assert_eq!(from_slice::<Shade>(pickle, DeOptions::new()).unwrap(), Shade::Dark);
    }
    for pickle in
        [&b"K\x01."[..], b"K\0.", b"I1\n.", b"\x8a\x01\x01.", b"\x88.", b"]K\x01a.", b"}K\x01Ns.", b"K\x01\x85."]
    {
        let error = refused::<Shade>(pickle);
        assert!(error.contains("an enum is a str"), "{error}");
    }
    // Nor are the keys of a dict the numbers of a struct's fields.
    assert!(refused::<Ab>(b"}(K\0K\x05K\x01K\x06u.").contains("missing field `a`"));
    let by_text: Numbered = from_slice(b"}(K\x01K\x05K\0K\x06u.", DeOptions::new()).unwrap();
    assert_eq!(by_text, Numbered { one: 5 });
}

#[derive(Debug, PartialEq, Deserialize)]
struct Numbered {
    #[serde(rename = "1")]
    one: u8,
}

#[test]
fn what_is_less_than_the_value_is_refused() {
    // A zone is not dropped.
    for pickle in &views()["datetime_utc"] {
        assert!(from_slice::<chrono::NaiveDateTime>(pickle, DeOptions::new()).is_err());
    }
    // Neither an id nor a number is text or a float.
    for pickle in [&b"\x8c\x04cellQ."[..], b"Pcell\n."] {
        assert!(refused::<String>(pickle).contains("persistent id"), "{}", refused::<String>(pickle));
        assert!(refused::<serde::de::IgnoredAny>(b"").contains("input"), "nothing is no value");
        assert!(refused::<Vec<u8>>(pickle).contains("persistent id"));
        assert!(refused::<Color>(pickle).contains("persistent id"));
    }
    assert!(refused::<Persistent<String>>(b"\x8c\x04cell.").contains("persistent id was expected"));
    // A range as large as it likes is no memory.
    let error = from_slice::<Vec<i64>>(b"cbuiltins\nrange\n(K\0\x8a\x07\0\0\0\0\0\0\x10K\x01tR.", DeOptions::new());
    assert!(error.unwrap_err().to_string().contains("max_values"));
    // Nor is a shape with a zero in it.
    let shape = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\x01btR(K\x01\x8a\x07\0\0\0\0\0\0\x10K\0\x86cnumpy\ndtype\n(X\x02\0\0\0f8\x89\x88tR\x89C\0tb.";
    let error = from_slice::<Vec<Vec<f64>>>(shape, DeOptions::new()).unwrap_err().to_string();
    // No 32-bit machine can count that far.
    let says = if cfg!(target_pointer_width = "64") { "max_values" } else { "fewer items than its shape says" };
    assert!(error.contains(says), "{error}");
}

#[test]
fn every_size_of_bytes() {
    for size in [0usize, 1, 255, 256, 65_535, 65_536] {
        let bytes: Vec<u8> = (0..size).map(|n| n as u8).collect();
        let spelled = |opcode: u8, width: usize| {
            [&[0x80, 4, opcode], &(size as u64).to_le_bytes()[..width], &bytes, b"."].concat()
        };
        let mut pickles = vec![spelled(b'B', 4), spelled(0x8e, 8), spelled(0x96, 8)];
        if size < 256 {
            pickles.push(spelled(b'C', 1));
        }
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let len = (text.len() as u32).to_le_bytes();
        let latin1 = [b"c_codecs\nencode\n(X", &len[..], text.as_bytes(), b"X\x06\0\0\0latin1tR."].concat();
        pickles.push(latin1);
        for pickle in pickles {
            assert_eq!(from_slice::<Vec<u8>>(&pickle, DeOptions::new()).unwrap(), bytes, "{size}");
            assert_eq!(from_slice::<serde_bytes::ByteBuf>(&pickle, DeOptions::new()).unwrap(), bytes, "{size}");
            if size == 255 {
                assert!(from_slice::<Vec<i8>>(&pickle, DeOptions::new()).unwrap_err().path() == Some("$[128]"));
                assert!(from_slice::<(u8, u8)>(&pickle, DeOptions::new()).is_err());
            }
        }
    }
}

#[test]
fn names_of_python_2_are_those_of_python_3() {
    let read = |pickle: &[u8]| from_slice::<Global>(pickle, DeOptions::new()).unwrap();
    assert_eq!(read(b"c__builtin__\nunicode\n."), Global::new("builtins", "str"));
    assert_eq!(read(b"\x80\x02cQueue\nEmpty\n."), Global::new("queue", "Empty"));
    // From protocol 3 on names are what they are.
    assert_eq!(read(b"\x80\x03cQueue\nEmpty\n."), Global::new("Queue", "Empty"));
    let object: Object<Vec<u8>> = from_slice(b"\x80\x02c__builtin__\nset\n]K\x01a\x85R.", DeOptions::new()).unwrap();
    assert_eq!(object.class, Some(Global::new("builtins", "set")));
    let object: Object<(String,)> = from_slice(b"cexceptions\nKeyError\n(X\x01\0\0\0atR.", DeOptions::new()).unwrap();
    assert_eq!(object.class, Some(Global::new("builtins", "KeyError")));
    let text: String = from_slice(b"\x80\x02c__builtin__\nunicode\n.", DeOptions::new()).unwrap();
    assert_eq!(text, "builtins.str");
}

/// Items of a list or tuple are fields by their position; those of a set have none.
#[test]
fn a_set_is_no_struct() {
    let sets: [&[u8]; 4] = [
        b"\x80\x04\x8f(K\x01K\x02\x90.",
        b"\x80\x04(K\x01K\x02\x91.",
        b"c__builtin__\nset\n((lI1\naI2\natR.",
        b"\x80\x02cbuiltins\nfrozenset\n](K\x01K\x02e\x85R.",
    ];
    for pickle in sets {
        assert!(refused::<Ab>(pickle).contains("a set has no order"), "{}", pickle.escape_ascii());
        assert_eq!(from_slice::<BTreeSet<u8>>(pickle, DeOptions::new()).unwrap(), BTreeSet::from([1, 2]));
        assert_eq!(from_slice::<Vec<u8>>(pickle, DeOptions::new()).unwrap().len(), 2);
    }
    assert_eq!(from_slice::<Ab>(b"](K\x01K\x02e.", DeOptions::new()).unwrap(), Ab { a: 1, b: 2 });
}
