//! Writing from types: every shape of the serde data model in every protocol, read back by us and by real Pythons.

use pickle_core::Level;
use pickle_core::serde::{
    Form, Global, Object, SerOptions, SerdeError, SerdeErrorKind, from_slice, serialized_len, to_slice, to_vec,
    to_writer, to_writer_in,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::process::Command;

fn in_protocol(protocol: u8) -> SerOptions {
    SerOptions::new().protocol(protocol)
}

#[track_caller]
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    for protocol in 0..=5 {
        for share in [true, false] {
            let options = in_protocol(protocol).share_names(share);
            let bytes = to_vec(&value, options).unwrap_or_else(|error| panic!("protocol {protocol}: {error}"));
            let back: T = from_slice(&bytes, Default::default())
                .unwrap_or_else(|error| panic!("protocol {protocol}: {error}: {}", bytes.escape_ascii()));
            assert_eq!(back, value, "protocol {protocol}: {}", bytes.escape_ascii());
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point(i32, i32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    name: String,
    tags: Vec<String>,
    at: Option<Point>,
    #[serde(with = "serde_bytes")]
    raw: Vec<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Empty,
    Circle(f64),
    Pair(u8, String),
    Size { w: u8, h: Option<u8> },
    Nested(Vec<Shape>),
}

fn row(id: u64) -> Row {
    Row {
        id,
        name: "Zoë".into(),
        tags: vec!["a".into(), "b\n\\".into()],
        at: Some(Point(-1, 70_000)),
        raw: vec![0, 255, b'a'],
    }
}

#[test]
fn scalars() {
    for value in
        [i64::MIN, -0x8000_0001, -0x8000_0000, -1, 0, 1, 255, 256, 65535, 65536, 0x7fff_ffff, 0x8000_0000, i64::MAX]
    {
        round_trip(value);
        round_trip(i128::from(value) * 3);
    }
    round_trip((u8::MAX, u16::MAX, u32::MAX, u64::MAX));
    round_trip((i8::MIN, i16::MIN, i32::MIN));
    round_trip((i128::MIN, i128::MAX, u128::MAX, 1u128 << 127));
    round_trip((true, false));
    round_trip((0.0f64, -0.0f64, 1.5f32, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY));
    round_trip(('a', 'é', '😀', '\n'));
    for text in [
        "",
        "abc",
        "line\nbreak \\ and \r and \0 and \u{1a}",
        "naïve 😀",
        &"x".repeat(255),
        &"x".repeat(256),
        &"x".repeat(70_000),
    ] {
        round_trip(text.to_string());
    }
    round_trip(());
    round_trip(Unit);
}

#[test]
fn every_sink_takes_the_same_bytes() {
    let value = (0..400).map(row).collect::<Vec<_>>();
    for protocol in 0..=5 {
        let bytes = to_vec(&value, in_protocol(protocol)).unwrap();
        assert_eq!(serialized_len(&value, in_protocol(protocol)).unwrap(), bytes.len());
        let mut slice = vec![0; bytes.len()];
        assert_eq!(to_slice(&value, &mut slice, in_protocol(protocol)).unwrap(), bytes.len());
        assert_eq!(slice, bytes);
        let mut written = Vec::new();
        to_writer(&mut written, &value, in_protocol(protocol)).unwrap();
        assert_eq!(written, bytes);
    }
}

#[test]
fn bytes() {
    let all: Vec<u8> = (0..=255).collect();
    round_trip(serde_bytes::ByteBuf::from(all));
    round_trip(serde_bytes::ByteBuf::from(b"ascii".to_vec()));
    round_trip(serde_bytes::ByteBuf::new());
}

#[test]
fn containers() {
    for len in [0usize, 1, 2, 3, 4, 999, 1000, 1001, 2001] {
        round_trip(vec![7u8; len]);
        round_trip((0..len as u32).map(|n| (n, n * 2)).collect::<BTreeMap<_, _>>());
    }
    round_trip((1u8,));
    round_trip((1u8, 2u8, 3u8, 4u8));
    round_trip([[1u8; 3]; 2]);
    round_trip(BTreeMap::from([((1u8, "a".to_string()), vec![Some(1u8), None])]));
    round_trip(BTreeMap::from([(vec![1u8, 2], 'x')]));
    round_trip(BTreeMap::from([(Shape2::A, 1u8)]));
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Shape2 {
    A,
}

#[test]
fn structs_and_enums() {
    round_trip(Meters(1.5));
    round_trip(Point(1, -2));
    round_trip((0..5).map(row).collect::<Vec<_>>());
    let shapes = || {
        vec![
            Shape::Empty,
            Shape::Circle(2.0),
            Shape::Pair(1, "x".into()),
            Shape::Size { w: 1, h: None },
            Shape::Nested(vec![Shape::Empty, Shape::Pair(2, String::new())]),
        ]
    };
    round_trip(shapes());
    for protocol in 0..=5 {
        let old = to_vec(&shapes(), in_protocol(protocol).compat_enum_repr()).unwrap();
        assert_eq!(from_slice::<Vec<Shape>>(&old, Default::default()).unwrap(), shapes(), "{}", old.escape_ascii());
    }
}

#[test]
fn the_bytes() {
    let plain = SerOptions::new();
    assert_eq!(to_vec(&vec!["a", "b"], plain).unwrap(), b"\x80\x04](\x8c\x01a\x8c\x01be.");
    assert_eq!(
        to_vec(&Shape::Circle(1.0), plain.share_names(false)).unwrap(),
        b"\x80\x04}\x8c\x06CircleG\x3f\xf0\0\0\0\0\0\0s."
    );
    assert_eq!(
        to_vec(&Shape::Empty, plain.proto_v2().compat_enum_repr().share_names(false)).unwrap(),
        b"\x80\x02X\x05\0\0\0Empty\x85."
    );
    let points = [Sized { w: 1 }, Sized { w: 2 }];
    assert_eq!(to_vec(&points[..], plain).unwrap(), b"\x80\x04](}\x8c\x01w\x94K\x01s}h\0K\x02se.");
}

#[derive(Serialize)]
struct Sized {
    w: u8,
}

#[test]
fn objects_keep_their_class() {
    for protocol in 0..=5 {
        for (form, value) in [(Form::State, 1u8), (Form::Call, 2), (Form::New, 3)] {
            let object =
                Object::with_form(Global::new("app.models", "User"), form, BTreeMap::from([("n".to_string(), value)]));
            let bytes = to_vec(&object, in_protocol(protocol)).unwrap();
            let back: Object<BTreeMap<String, u8>> = from_slice(&bytes, Default::default()).unwrap();
            assert_eq!(back, object, "protocol {protocol}: {}", bytes.escape_ascii());
        }
        let items = Object::with_form(Global::new("app", "Bag"), Form::Items, vec![1u8, 2]);
        let bytes = to_vec(&items, in_protocol(protocol)).unwrap();
        assert_eq!(from_slice::<Object<Vec<u8>>>(&bytes, Default::default()).unwrap(), items);
        let global = Global::new("collections", "Counter");
        let bytes = to_vec(&global, in_protocol(protocol)).unwrap();
        assert_eq!(from_slice::<Global>(&bytes, Default::default()).unwrap(), global);
    }
    // The example of deser-pickle's documentation, byte for byte.
    let user = Object::new(Global::new("app", "User"), BTreeMap::from([("name", "Jane")]));
    let bytes = to_vec(&user, SerOptions::new()).unwrap();
    assert_eq!(bytes, b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.");
}

/// A sequence that does not know its length.
struct Unknown(u32);

impl Serialize for Unknown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut seq = serializer.serialize_seq(None)?;
        for n in 0..self.0 {
            seq.serialize_element(&n)?;
        }
        seq.end()
    }
}

#[test]
fn unknown_lengths_need_no_memory() {
    for (n, protocol) in [(0, 0), (1, 1), (2, 2), (1000, 3), (1001, 4), (2500, 5), (1001, 0)] {
        let mut sink = [0; 20_000];
        let len = to_slice(&Unknown(n), &mut sink, in_protocol(protocol)).unwrap();
        let back: Vec<u32> = from_slice(&sink[..len], Default::default()).unwrap();
        assert_eq!(back, (0..n).collect::<Vec<_>>());
    }
}

fn refused<T: Serialize>(value: &T, options: SerOptions) -> SerdeError {
    to_vec(value, options).unwrap_err()
}

#[test]
fn what_can_not_be_written_says_where() {
    #[derive(Serialize)]
    struct Outer {
        rows: Vec<BTreeMap<Key, u8>>,
    }
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Key {
        a: u8,
    }
    let outer = Outer { rows: vec![BTreeMap::new(), BTreeMap::from([(Key { a: 1 }, 1)])] };
    let error = refused(&outer, SerOptions::new());
    assert_eq!((error.reason(), error.path()), (SerdeErrorKind::Unsupported, Some("$.rows[1]")), "{error}");

    struct Deep(usize);
    impl Serialize for Deep {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 == 0 { serializer.serialize_unit() } else { [Deep(self.0 - 1)].serialize(serializer) }
        }
    }
    assert!(to_vec(&Deep(128), SerOptions::new()).is_ok());
    assert_eq!(refused(&Deep(129), SerOptions::new()).reason(), SerdeErrorKind::Depth);
    let mut levels = [Level::EMPTY; 3];
    assert!(to_writer_in(pickle_core::ByteCounter::new(), &Deep(3), &mut levels, SerOptions::new()).is_ok());
    let error = to_writer_in(pickle_core::ByteCounter::new(), &Deep(4), &mut levels, SerOptions::new()).unwrap_err();
    assert_eq!((error.reason(), error.path()), (SerdeErrorKind::Depth, Some("$[0][0][0]")));

    let map = BTreeMap::from([("a", BTreeMap::from([("b c", Deep(200))]))]);
    let error = refused(&map, SerOptions::new());
    assert!(error.to_string().starts_with("at $.a[\"b c\"][0][0]"), "{error}");
}

#[test]
fn a_full_sink_says_how_many_bytes_are_good() {
    let value = (0..5).map(row).collect::<Vec<_>>();
    let whole = to_vec(&value, SerOptions::new()).unwrap();
    for room in 0..whole.len() {
        let mut buffer = vec![0; room];
        let error = to_slice(&value, &mut buffer, SerOptions::new()).unwrap_err();
        let good = error.offset().unwrap() as usize;
        assert_eq!((error.reason(), good), (SerdeErrorKind::Full, room), "{error}");
        assert_eq!(buffer, whole[..room]);
    }
    struct Fails {
        taken: Vec<u8>,
        room: usize,
    }
    impl std::io::Write for Fails {
        fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
            let n = data.len().min(self.room - self.taken.len());
            self.taken.extend_from_slice(&data[..n]);
            if n == 0 { Err(std::io::ErrorKind::BrokenPipe.into()) } else { Ok(n) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let large = "x".repeat(100_000);
    for room in [0, 1, 10, 20_000, 99_999] {
        let mut fails = Fails { taken: Vec::new(), room };
        let error = to_writer(&mut fails, &(1, &large, 2), SerOptions::new()).unwrap_err();
        assert_eq!(
            (error.reason(), error.offset()),
            (SerdeErrorKind::Io(embedded_io::ErrorKind::BrokenPipe), Some(room as u64))
        );
        assert_eq!(fails.taken.len(), room);
    }
}

/// Pythons at hand, each as a command; `python3` must be there.
fn pythons() -> Vec<String> {
    let home = std::env::var("PYENV_ROOT").or(std::env::var("HOME").map(|home| home + "/.pyenv")).unwrap_or_default();
    let mut found = vec!["python3".to_string()];
    for version in std::fs::read_dir(home + "/versions").into_iter().flatten().flatten() {
        let python = version.path().join("bin/python");
        if python.exists() {
            found.push(python.display().to_string());
        }
    }
    found
}

/// What a Python makes of it, as its `repr`; sorted, so that old dicts say the same.
const LOAD: &str = r#"
import sys, pickle, binascii
class User(object):
    def __init__(self, *args): self.args = args
m = type(sys)('app'); m.User = User; User.__module__ = 'app'; sys.modules['app'] = m
class Bag(list): pass
m.Bag = Bag; Bag.__module__ = 'app'
if sys.version_info[0] > 2: unicode, long = str, int
def show(v):
    if v is None or v is True or v is False: return str(v)
    if isinstance(v, (int, long)): return 'i%d' % v
    if isinstance(v, float): return 'f' + repr(v)
    if isinstance(v, unicode): return 's' + binascii.hexlify(v.encode('utf-8')).decode()
    if isinstance(v, bytes): return 'b' + binascii.hexlify(v).decode()
    if type(v) is Bag: return 'Bag[' + ','.join(map(show, v)) + ']'
    if isinstance(v, list): return '[' + ','.join(map(show, v)) + ']'
    if isinstance(v, tuple): return '(' + ','.join(map(show, v)) + ')'
    if isinstance(v, dict): return '{' + ','.join(sorted(show(k) + ':' + show(x) for k, x in v.items())) + '}'
    if isinstance(v, User): return 'User' + show(dict((unicode(k), x) for k, x in v.__dict__.items()))
    return 'class ' + v.__module__ + '.' + v.__name__
for line in sys.stdin:
    print(show(pickle.loads(binascii.unhexlify(line.strip()))))
"#;

#[test]
fn real_pythons_load_it() {
    let user = Object::new(Global::new("app", "User"), BTreeMap::from([("n", 1u8)]));
    let call = Object::with_form(Global::new("app", "User"), Form::Call, (1u8, "x"));
    let bag = Object::with_form(Global::new("app", "Bag"), Form::Items, vec![1u8, 2]);
    type Cases = Vec<(&'static str, Box<dyn Fn(SerOptions) -> Vec<u8>>)>;
    fn case<T: Serialize + 'static>(value: T) -> Box<dyn Fn(SerOptions) -> Vec<u8>> {
        Box::new(move |options| to_vec(&value, options).unwrap())
    }
    let cases: Cases = vec![
        ("None", case(())),
        ("(True,False)", case((true, false))),
        (
            "(i-9223372036854775808,i18446744073709551615,i255,i256,i65536,i2147483648)",
            case((i64::MIN, u64::MAX, 255, 256, 65536, 1i64 << 31)),
        ),
        (
            "(i-170141183460469231731687303715884105728,i340282366920938463463374607431768211455)",
            case((i128::MIN, u128::MAX)),
        ),
        ("(f1.5,f-0.0,f1e+300)", case((1.5f32, -0.0f64, 1e300))),
        ("(s5a6fc3ab,s610a5c,sf09f9880)", case(("Zoë", "a\n\\", '😀'))),
        ("b00ff61", case(serde_bytes::Bytes::new(b"\x00\xffa"))),
        ("(b,b61)", case((serde_bytes::Bytes::new(b""), serde_bytes::Bytes::new(b"a")))),
        ("([],[i1],[i1,i2],{})", case((Vec::<u8>::new(), vec![1], vec![1, 2], BTreeMap::<u8, u8>::new()))),
        ("((i1),(i1,i2,i3,i4))", case(((1,), (1, 2, 3, 4)))),
        ("{(i1,i2):s78}", case(BTreeMap::from([(vec![1, 2], "x")]))),
        (
            "[s456d707479,{s436972636c65:f2.0},{s50616972:[i1,s78]},{s53697a65:{s68:None,s77:i1}}]",
            case(vec![Shape::Empty, Shape::Circle(2.0), Shape::Pair(1, "x".into()), Shape::Size { w: 1, h: None }]),
        ),
        ("[{s77:i1},{s77:i2}]", case(vec![Sized { w: 1 }, Sized { w: 2 }])),
        ("User{s6e:i1}", case(user)),
        ("User{s61726773:(i1,s78)}", case(call)),
        ("Bag[i1,i2]", case(bag)),
        ("class app.User", case(Global::new("app", "User"))),
    ];
    let folder = std::env::temp_dir().join(format!("pickle-serde-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let script = folder.join("load.py");
    std::fs::write(&script, LOAD).unwrap();
    let mut loaded = 0;
    for python in pythons() {
        let version = Command::new(&python)
            .args(["-c", "import sys; print(sys.version_info[0]*100+sys.version_info[1])"])
            .output();
        let Ok(version) = version else {
            println!("{python} does not start: not asked");
            continue;
        };
        let version: u32 = String::from_utf8_lossy(&version.stdout).trim().parse().unwrap();
        let highest = match version {
            0..300 => 2,
            300..304 => 3,
            304..308 => 4,
            _ => 5,
        };
        let (mut lines, mut expected) = (String::new(), Vec::new());
        for protocol in 0..=highest {
            for (text, write) in &cases {
                for share in [true, false] {
                    for byte in write(in_protocol(protocol).share_names(share)) {
                        lines += &format!("{byte:02x}");
                    }
                    lines.push('\n');
                    expected.push((protocol, text));
                }
            }
        }
        let input = folder.join("input");
        std::fs::write(&input, lines).unwrap();
        let output = Command::new(&python).arg(&script).stdin(std::fs::File::open(&input).unwrap()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let found: Vec<&str> = text.lines().collect();
        assert_eq!(found.len(), expected.len(), "{python}: {}", String::from_utf8_lossy(&output.stderr));
        for (found, (protocol, expected)) in found.iter().zip(expected) {
            assert_eq!(found, expected, "{python}, protocol {protocol}");
            loaded += 1;
        }
        println!("{python}: all as expected up to protocol {highest}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(loaded > 0, "no Python was asked");
}
