//! What is read as an `Object` and written again is equal in Python, in every protocol from every protocol.

use pickle_core::serde::{Form, Global, Object, Persistent, SerOptions, SerdeErrorKind, from_slice, to_vec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::process::{Command, Stdio};

/// Makes pickles of known values, and says of pickles whether they are these values.
const PYTHON: &str = r#"
import collections, dataclasses, datetime, decimal, enum, fractions, pathlib, pickle, sys, types, uuid
try:
    import zoneinfo
except ImportError:
    zoneinfo = None

app = types.ModuleType("app")
sys.modules["app"] = app

def of_app(cls):
    cls.__module__ = "app"
    cls.__qualname__ = cls.__name__
    setattr(app, cls.__name__, cls)
    return cls

Point = of_app(collections.namedtuple("Point", "x y"))

@of_app
class Plain:
    def __init__(self):
        self.x, self.y = 1, 2
    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

@of_app
class Slots:
    __slots__ = ("x", "y")
    def __init__(self):
        self.x, self.y = 1, 2
    def __eq__(self, other):
        return type(self) is type(other) and (self.x, self.y) == (other.x, other.y)

@of_app
class Both(Slots):
    def __init__(self):
        Slots.__init__(self)
        self.z = 3
    def __eq__(self, other):
        return Slots.__eq__(self, other) and self.__dict__ == other.__dict__

@of_app
class Values:
    """As a dataclass with frozen slots has it: the state is a list of values."""
    __slots__ = ("x", "y")
    def __getstate__(self):
        return [self.x, self.y]
    def __setstate__(self, state):
        assert type(state) is list, state
        self.x, self.y = state
    def __eq__(self, other):
        return type(self) is type(other) and (self.x, self.y) == (other.x, other.y)

@of_app
class Tuple:
    """As attrs with slots had it: the state is a tuple of values."""
    def __getstate__(self):
        return (self.x, self.y)
    def __setstate__(self, state):
        assert type(state) is tuple, state
        self.x, self.y = state
    def __eq__(self, other):
        return type(self) is type(other) and (self.x, self.y) == (other.x, other.y)

@of_app
class Called:
    """Made by a call."""
    def __init__(self, *args):
        self.args = args
    def __reduce__(self):
        return Called, self.args
    def __eq__(self, other):
        return type(self) is type(other) and self.args == other.args

@of_app
class Keywords:
    def __new__(cls, *, x, y):
        self = object.__new__(cls)
        self.both = x, y
        return self
    def __reduce_ex__(self, protocol):
        import copyreg
        return copyreg.__newobj_ex__, (Keywords, (), {"x": 1, "y": 2})
    def __eq__(self, other):
        return type(self) is type(other) and self.both == other.both

@of_app
class MyList(list):
    def __init__(self, required):
        list.__init__(self, required)

@of_app
class MyDict(dict):
    def __init__(self, required):
        dict.__init__(self, required)

@of_app
class MyInt(int):
    pass

@of_app
class MyTuple(tuple):
    pass

@of_app
class Color(enum.Enum):
    RED = 1
    GREEN = "g"

@of_app
class ByName(enum.Enum):
    RED = 1
    def __reduce_ex__(self, protocol):
        return getattr, (ByName, self.name)

def slots(x, y, **options):
    made = Slots()
    made.x, made.y = x, y
    return made

def values(cls):
    made = cls.__new__(cls)
    made.x, made.y = 1, 2
    return made

utc = datetime.timezone.utc
day = datetime.datetime(2024, 2, 29, 13, 5, 7, 1)
VALUES = {
    "namedtuple": Point(1, 2),
    "plain": Plain(),
    "slots": Slots(),
    "both": Both(),
    "values": values(Values),
    "tuple": values(Tuple),
    "called": Called(1, 2),
    "called_tuple": Called((1, 2)),
    "called_dict": Called({"x": 1, "y": 2}),
    "called_list": Called([1, 2]),
    "keywords": Keywords(x=1, y=2),
    "namespace": types.SimpleNamespace(x=1, y=2),
    "list": MyList([1, 2]),
    "dict": MyDict({"x": 1, "y": 2}),
    "int": MyInt(7),
    "tuple_subclass": MyTuple((1, 2)),
    "ordered": collections.OrderedDict([("x", 1), ("y", 2)]),
    "counter": collections.Counter({"x": 1, "y": 2}),
    "deque": collections.deque([1, 2]),
    "set": {1, 2},
    "frozenset": frozenset([1, 2]),
    "bytearray": bytearray(b"\0\xff"),
    "enum_name": ByName.RED,
    "enum_value": Color.GREEN,
    "enum_int": Color.RED,
    "date": day.date(),
    "time": day.time(),
    "time_zone": day.timetz().replace(tzinfo=utc),
    "datetime": day,
    "datetime_whole": day.replace(microsecond=0),
    "datetime_utc": day.replace(tzinfo=utc),
    "datetime_zone": day.replace(tzinfo=datetime.timezone(-datetime.timedelta(hours=5, minutes=30, seconds=1))),
    "datetime_min": datetime.datetime.min,
    "datetime_max": datetime.datetime.max,
    "timedelta": datetime.timedelta(-1, 86399, 999999),
    "timedelta_long": datetime.timedelta.max,
    "timedelta_short": datetime.timedelta(hours=1, microseconds=5),
    "timezone": datetime.timezone(datetime.timedelta(hours=1)),
    "decimal": decimal.Decimal("1.50"),
    "fraction": fractions.Fraction(3, 4),
    "complex": complex(1, -2.5),
    "range": range(1, 9, 2),
    "uuid": uuid.UUID(int=5),
    "path": pathlib.PurePosixPath("/usr/lib"),
}
if sys.version_info >= (3, 11):
    exec('''
@of_app
@dataclasses.dataclass
class Data:
    x: int
    y: int

@of_app
@dataclasses.dataclass(slots=True)
class DataSlots:
    x: int
    y: int

@of_app
@dataclasses.dataclass(frozen=True, slots=True)
class DataFrozen:
    x: int
    y: int

VALUES["dataclass"] = Data(1, 2)
VALUES["dataclass_slots"] = DataSlots(1, 2)
VALUES["dataclass_frozen"] = DataFrozen(1, 2)
''')
try:
    VALUES["zoneinfo"] = zoneinfo.ZoneInfo("Europe/Berlin")
    VALUES["datetime_zoneinfo"] = day.replace(tzinfo=VALUES["zoneinfo"])
except Exception:
    pass

if sys.argv[1] == "write":
    for name, value in VALUES.items():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            try:
                print(name, protocol, pickle.dumps(value, protocol).hex())
            except Exception as refused:
                # Slots cannot be pickled with protocols 0 and 1.
                assert protocol < 2, (name, refused)
else:
    for line in sys.stdin:
        name, how, text = line.split()
        expected = VALUES[name]
        try:
            found = pickle.loads(bytes.fromhex(text))
            ok = found == expected and type(found) is type(expected)
            if ok and getattr(expected, "tzinfo", None):
                ok = found.utcoffset() == expected.utcoffset()
            print("ok" if ok else "%s %s: %r instead of %r: %s" % (name, how, found, expected, text))
        except Exception as error:
            print("%s %s: %r: %s" % (name, how, error, text))
"#;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Both {
    x: i64,
    y: i64,
    z: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    x: i64,
    y: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Color {
    #[serde(rename = "RED")]
    Red,
    #[serde(rename = "g")]
    Green,
    #[serde(rename = "1")]
    One,
}

type Rewrite = fn(&[u8], u8) -> Result<Vec<u8>, String>;

fn again<T: Serialize + DeserializeOwned>(pickle: &[u8], protocol: u8) -> Result<Vec<u8>, String> {
    let object: Object<T> = from_slice(pickle, Default::default()).map_err(|error| format!("read: {error}"))?;
    to_vec(&object, SerOptions::new().protocol(protocol)).map_err(|error| format!("written: {error} {:?}", object.form))
}

/// What each value is read as.
fn types(name: &str) -> Vec<(&'static str, Rewrite)> {
    macro_rules! types {
        ($($type:ty),*) => { vec![$((stringify!($type), again::<$type> as Rewrite)),*] };
    }
    match name {
        "namedtuple" | "called" => types![Pair, (i64, i64), Vec<i64>],
        "called_tuple" => types![(i64, i64)],
        "tuple_subclass" => types![(i64, i64), Vec<i64>],
        "plain" | "slots" | "namespace" | "dataclass" | "dataclass_slots" => types![Pair, BTreeMap<String, i64>],
        "both" => types![Both, BTreeMap<String, i64>],
        "values" | "tuple" | "dataclass_frozen" => types![Pair, (i64, i64), Vec<i64>],
        "called_dict" | "keywords" | "dict" => types![Pair, BTreeMap<String, i64>],
        "ordered" | "counter" => types![Pair, BTreeMap<String, i64>],
        "called_list" | "list" | "deque" => types![Vec<i64>],
        "set" | "frozenset" => types![HashSet<i64>, Vec<i64>],
        "bytearray" => types![serde_bytes::ByteBuf, Vec<u8>],
        "int" => types![i64],
        "enum_name" | "enum_value" => types![Color, String],
        "enum_int" => types![u8],
        "date" => types![String, chrono::NaiveDate, jiff::civil::Date, (i64, i64, i64)],
        "time" => types![String, chrono::NaiveTime, jiff::civil::Time],
        "datetime" | "datetime_whole" | "datetime_min" | "datetime_max" => {
            types![String, chrono::NaiveDateTime, jiff::civil::DateTime]
        }
        "datetime_utc" => {
            types![String, chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::FixedOffset>, jiff::Timestamp]
        }
        "datetime_zoneinfo" => types![String, jiff::Zoned],
        "timedelta" | "timedelta_short" => types![String, (i64, i64, i64)],
        "decimal" => types![String, rust_decimal::Decimal],
        "fraction" => types![String, (i64, i64)],
        "complex" => types![String, (f64, f64), num_complex::Complex<f64>],
        "range" => types![(i64, i64, i64)],
        "uuid" => types![String, uuid::Uuid, serde_bytes::ByteBuf],
        "path" => types![String, std::path::PathBuf],
        "time_zone" | "datetime_zone" | "timedelta_long" | "timezone" | "zoneinfo" => types![String],
        other => panic!("{other} has no types"),
    }
}

fn python(mode: &str, input: String) -> String {
    let mut child = Command::new("python3")
        .args(["-c", PYTHON, mode])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 must be there");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn python_loads_equal_values() {
    let (mut lines, mut wrong) = (String::new(), Vec::new());
    for line in python("write", String::new()).lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, from, hex] = fields[..] else { panic!("{line}") };
        let pickle: Vec<u8> =
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        for (rust, rewrite) in types(name) {
            for protocol in 0..=5 {
                // Arguments by name are an opcode of protocol 4; before, a `functools.partial` is called.
                if name == "keywords" && (protocol < 4 || from < "4") {
                    continue;
                }
                let how = format!("{from}->{protocol}:{}", rust.replace(' ', ""));
                match rewrite(&pickle, protocol) {
                    Ok(bytes) => {
                        let hex = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
                        lines += &format!("{name} {how} {hex}\n");
                    }
                    Err(error) => wrong.push(format!("{name} {how} {error}: {}", pickle.escape_ascii())),
                }
            }
        }
    }
    let count = lines.lines().count();
    assert!(count > 2000, "{count}");
    let answers = python("check", lines);
    assert_eq!(answers.lines().count(), count);
    wrong.extend(answers.lines().filter(|answer| *answer != "ok").map(str::to_string));
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What an `Object` cannot keep is not written as less.
#[test]
fn less_than_the_object_is_not_written() {
    let part = |pickle: &[u8], form| {
        let object: Object<Vec<u8>> = from_slice(pickle, Default::default()).unwrap();
        assert_eq!(object.form, form);
        let error = to_vec(&object, Default::default()).unwrap_err();
        assert_eq!(error.reason(), SerdeErrorKind::Unsupported, "{error}");
        assert!(error.message().contains("not all of it"), "{error}");
    };
    // A deque with a largest length; a subclass of list with an attribute; a range as its ints.
    part(b"\x80\x02ccollections\ndeque\n)K\x05\x86R(K\x01K\x02e.", Form::Part);
    part(b"\x80\x02capp\nMyList\n)\x81(K\x01K\x02e}X\x01\0\0\0aK\x01sb.", Form::Part);
    part(b"\x80\x02c__builtin__\nxrange\nK\x01K\x03K\x01\x87R.", Form::Part);
    // Arguments beside the attributes; a factory beside the items.
    let error: Object<BTreeMap<String, u8>> =
        from_slice(b"\x80\x02capp\nError\nX\x01\0\0\0a\x85R}X\x01\0\0\0bK\x01sb.", Default::default()).unwrap();
    assert_eq!(error.form, Form::Part);
    let counts: Object<BTreeMap<String, u8>> = from_slice(
        b"\x80\x02ccollections\ndefaultdict\nc__builtin__\nint\n\x85RX\x01\0\0\0aK\x01s.",
        Default::default(),
    )
    .unwrap();
    assert_eq!((counts.form, counts.value["a"]), (Form::Part, 1));
    // The number of a member, read as a variant.
    let color: Object<Color> = from_slice(b"\x80\x02capp\nColor\nK\x01\x85R.", Default::default()).unwrap();
    assert_eq!((color.form, color.value), (Form::Part, Color::One));
}

#[test]
fn forms_want_values_of_their_kind() {
    let class = || Global::new("datetime", "date");
    let text = |text: &'static str| to_vec(&Object::with_form(class(), Form::Text, text), Default::default());
    assert!(text("2024-02-29").is_ok());
    for wrong in ["", "2024-02-30", "2024-2-29", "2024-02-29T00:00:00", "99999-01-01", "0000-01-01", "2024-02-29 "] {
        assert_eq!(text(wrong).unwrap_err().reason(), SerdeErrorKind::Value, "{wrong}");
    }
    let refused =
        |error: pickle_core::serde::SerdeError| assert_eq!(error.reason(), SerdeErrorKind::Unsupported, "{error}");
    refused(to_vec(&Object::with_form(class(), Form::Text, 5), Default::default()).unwrap_err());
    refused(to_vec(&Object::with_form(class(), Form::Text, vec!["2024-02-29"]), Default::default()).unwrap_err());
    refused(to_vec(&Object::with_form(Global::new("m", "C"), Form::Text, "x"), Default::default()).unwrap_err());
    refused(to_vec(&Object::with_form(class(), Form::CallEach, 5), Default::default()).unwrap_err());
    refused(to_vec(&Object::with_form(class(), Form::NewKeywords, vec![5]), Default::default()).unwrap_err());
    refused(to_vec(&Object::with_form(class(), Form::Items, 5), Default::default()).unwrap_err());
    let time = |text: &'static str| {
        to_vec(&Object::with_form(Global::new("datetime", "datetime"), Form::Text, text), Default::default())
    };
    for right in
        ["2024-02-29T13:05", "2024-02-29 13:05:07.1234560000", "2024-02-29T13:05:07Z", "2024-02-29T13:05:07+0100"]
    {
        assert!(time(right).is_ok(), "{right}");
    }
    // Python has no nanoseconds, no second 60, no offset of a day.
    for wrong in [
        "2024-02-29T13:05:07.1234567",
        "2024-02-29T13:05:60",
        "2024-02-29T13:05:07+24:00",
        "2024-02-29T13:05:07[",
        "2024-02-29T13:05:07+01",
    ] {
        assert_eq!(time(wrong).unwrap_err().reason(), SerdeErrorKind::Value, "{wrong}");
    }
}

#[test]
fn persistent_ids() {
    for protocol in 0..=5 {
        let bytes = to_vec(&Persistent("cell"), SerOptions::new().protocol(protocol)).unwrap();
        assert_eq!(from_slice::<Persistent<String>>(&bytes, Default::default()).unwrap().0, "cell");
        assert!(from_slice::<String>(&bytes, Default::default()).is_err());
        let rows = vec![(Persistent("a"), 1u8), (Persistent("b"), 2)];
        let bytes = to_vec(&rows, SerOptions::new().protocol(protocol)).unwrap();
        let back: Vec<(Persistent<String>, u8)> = from_slice(&bytes, Default::default()).unwrap();
        assert_eq!(back, vec![(Persistent("a".to_string()), 1), (Persistent("b".to_string()), 2)]);
        // In protocol 0 an id is a line of text.
        assert_eq!(to_vec(&Persistent((1, 2)), SerOptions::new().protocol(protocol)).is_ok(), protocol > 0);
    }
}
