//! What values mean, in every spelling that `tests/data/views/make.py` has of them, and in every size.

use pickle_core::serde::{DeOptions, from_slice};
use pickle_core::view::{Attributes, Fraction, View, Zone};
use pickle_core::{Heap, Kind, Options, Unpickler, Value};
use std::fmt::Write;

fn pairs<'d>(pairs: impl Iterator<Item = (Value<'d>, Value<'d>)>) -> String {
    pairs.map(|(key, value)| format!("{}:{}", describe(key), describe(value))).collect::<Vec<_>>().join(",")
}

fn list<'d>(items: impl Iterator<Item = Value<'d>>) -> String {
    items.map(describe).collect::<Vec<_>>().join(",")
}

fn class(class: Option<Value<'_>>) -> String {
    let names = |class: Value<'_>| class.class_name().map(|class| class.names().collect::<Vec<_>>().join("."));
    class.map_or(String::new(), |class| format!("{}:", names(class).as_deref().unwrap_or("?")))
}

fn named(attributes: Attributes<'_>) -> String {
    attributes.fold(String::new(), |mut text, (name, value)| {
        let _ = write!(text, ".{}={}", name.as_str().unwrap_or("?"), describe(value));
        text
    })
}

fn hex(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn zone(zone: Option<Zone<'_>>) -> String {
    zone.map_or(String::new(), |zone| zone.to_string())
}

/// The words of the table.
fn describe(value: Value<'_>) -> String {
    match value.view() {
        View::None => "None".into(),
        View::Bool(flag) => format!("{flag}"),
        View::Int(int) => format!("{int}"),
        View::BigInt(big) => match big.digits() {
            Some(text) => format!("big {}", String::from_utf8_lossy(text.digits)),
            None => format!("big {}", u128::from_le_bytes(value.as_big_int().map_or([0; 16], bytes16))),
        },
        View::Float(float) => format!("{float:?}"),
        View::Text(text) => format!("'{text}'"),
        View::Bytes(octets) | View::ByteArray(octets) => format!("b'{}'", hex(octets)),
        View::Complex(re, im) => format!("complex({re},{im})"),
        View::Range(a, b, c) => format!("range({})", list([a, b, c].into_iter())),
        View::Slice(a, b, c) => format!("slice({})", list([a, b, c].into_iter())),
        View::Date(date) => format!("date {date}"),
        View::Time(time, at) => format!("time {time}{}", zone(at)),
        View::DateTime(date, time, at) => format!("datetime {date}T{time}{}", zone(at)),
        View::TimeDelta(delta) => format!("delta {delta}"),
        View::Zone(zone) => format!("zone {zone} {}", zone.name().unwrap_or("None")),
        View::Decimal(text) => format!("decimal {text}"),
        View::Fraction(Fraction::Text(text)) => format!("fraction {text}"),
        View::Fraction(Fraction::Ints(a, b)) => format!("fraction {}/{}", describe(a), describe(b)),
        View::Uuid(uuid) => format!("uuid {uuid}"),
        View::Path(path) => format!("path {} {path}", path.class),
        View::Pattern(pattern) => format!("pattern {} {}", describe(pattern.pattern), pattern.flags),
        View::Ip(ip) => format!("ip {ip}"),
        View::Member(member) => format!("member {}.{}", class(Some(member.of)).trim_end_matches(':'), member.name),
        View::Partial(partial) => {
            let kwargs = partial.kwargs.entries().into_iter().flatten();
            let kwargs: String =
                kwargs.map(|(k, v)| format!(".{}={}", k.as_str().unwrap_or("?"), describe(v))).collect();
            format!("partial {}({}){kwargs}", class(Some(partial.function)).trim_end_matches(':'), list(partial.args))
        }
        View::Global(global) => format!("global {}", class(Some(global)).trim_end_matches(':')),
        View::Sequence(sequence) => {
            let (open, close) = if value.kind() == Kind::Tuple { ("(", ")") } else { ("[", "]") };
            let kind = match sequence.kind {
                pickle_core::view::SequenceKind::Deque => "deque",
                pickle_core::view::SequenceKind::UserList => "UserList",
                _ => "",
            };
            let max = sequence.max_len.map_or(String::new(), |max| format!("max={}", describe(max)));
            format!("{}{kind}{open}{}{close}{max}", class(sequence.class), list(sequence.items))
        }
        View::Set(set) => {
            let name = if set.frozen { "frozenset" } else { "set" };
            format!("{}{name}{{{}}}", class(set.class), list(set.items))
        }
        View::Mapping(mapping) => {
            let kind = match mapping.kind {
                pickle_core::view::MappingKind::Dict => String::new(),
                kind => format!("{kind:?}"),
            };
            let own = if mapping.kind == pickle_core::view::MappingKind::UserDict {
                String::new()
            } else {
                named(mapping.attributes)
            };
            format!("{}{kind}{{{}}}{own}", class(mapping.class), pairs(mapping.pairs))
        }
        View::Derived(derived) => format!("derived {}", describe(derived.value)),
        View::Record(record) => {
            let values = record.values.map_or(String::new(), |values| format!("[{}]", list(values)));
            let name = record.name().map_or(String::new(), |class| class.names().collect::<Vec<_>>().join("."));
            format!("record {name}({}){values}{}", list(record.args), named(record.attributes))
        }
        View::Object(_, why) => format!("object: {why:?}"),
        _ => format!("{:?}", value.kind()),
    }
}

fn bytes16(big: pickle_core::BigInt<'_>) -> [u8; 16] {
    let pickle_core::BigInt::Bytes(bytes) = big else { return [0; 16] };
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0))
}

fn check(pickle: &[u8], test: impl FnOnce(Value<'_>)) {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(pickle).unwrap();
    test(document.root());
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

/// Scalars of pandas, as four of its releases spell them.
#[test]
fn scalars_of_pandas() {
    let table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/views/pandas.tsv")).unwrap();
    let mut count = 0;
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, text, pickle] = fields[..] else { panic!("{line}") };
        count += 1;
        let pickle = bytes_of(pickle);
        check(&pickle, |root| {
            let View::Pandas(scalar) = root.view() else { panic!("{name}: {}", describe(root)) };
            assert_eq!(scalar.to_string(), text, "{name}");
            let missing = matches!(scalar, pickle_core::view::Scalar::Missing);
            assert_eq!(missing, text == "NaT", "{name}");
        });
        let wanted = Some(text).filter(|text| *text != "NaT").map(str::to_owned);
        assert_eq!(from_slice::<Option<String>>(&pickle, DeOptions::new()).unwrap(), wanted, "{name}");
    }
    assert!(count > 250, "{count}");
    let span = b"cpandas._libs.tslibs.timedeltas\n_timedelta_unpickle\n(J\xff\xff\xff\xffK\x08tR.";
    assert_eq!(from_slice::<f64>(span, DeOptions::new()).unwrap(), -0.001);
    let span = b"cpandas._libs.tslibs.timedeltas\n_timedelta_unpickle\n(M\xdc\x05K\x08tR.";
    let duration: std::time::Duration = from_slice(span, DeOptions::new()).unwrap();
    assert_eq!(duration, std::time::Duration::from_millis(1500));
}

/// A ChainMap has each of its keys once, for a struct too.
#[test]
fn chained_maps_into_structs() {
    #[derive(serde::Deserialize, PartialEq, Debug)]
    struct Both {
        a: u8,
        b: u8,
    }
    let maps = b"\x80\x04\x8c\x0bcollections\x8c\x08ChainMap\x93)\x81}\x8c\x04maps](}\x8c\x01aK\x01s\
        }(\x8c\x01bK\x03\x8c\x01aK\x02ue";
    let maps = [&maps[..], b"sb."].concat();
    assert_eq!(from_slice::<Both>(&maps, DeOptions::new()).unwrap(), Both { a: 1, b: 3 });
}

/// What lies is an object: parts that are missing, of the wrong kind, or more than the class has.
#[test]
fn no_scalars_of_pandas() {
    for pickle in [
        &b"cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n(t."[..],
        b"cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n(tR.",
        b"cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n(NNNK\x0atR.",
        b"cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n(K\x01NNK\x63tR.",
        b"cpandas\nPeriod\n(NK\x01tR.",
        b"cpandas\nInterval\n(K\x01tR.",
        b"cpandas._libs.tslibs.timedeltas\n_timedelta_unpickle\n(K\x05K\x0atR}X\x01\0\0\0aK\x01sb.",
    ] {
        check(pickle, |root| assert!(!matches!(root.view(), View::Pandas(_)), "{}", pickle.escape_ascii()));
    }
}

#[test]
fn every_spelling() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/views/views.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, means, pickle] = fields[..] else { panic!("{line}") };
        count += 1;
        check(&bytes_of(pickle), |root| {
            let found = describe(root);
            if found != means {
                wrong.push(format!("{name}: {found} instead of {means}, {pickle}"));
            }
        });
    }
    assert!(count > 400, "{count}");
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every size, for those whose items are an argument.
#[test]
fn every_size() {
    for size in [0usize, 1, 255, 256, 65_535, 65_536] {
        let items: Vec<u8> = (0..size).flat_map(|n| [b'K', (n % 256) as u8]).collect();
        for (head, frozen) in [(&b"c__builtin__\nset\n(]("[..], false), (b"cbuiltins\nfrozenset\n(](", true)] {
            check(&[head, &items, b"etR."].concat(), |root| match root.view() {
                View::Set(set) => assert_eq!((set.items.len(), set.frozen), (size, frozen)),
                _ => panic!("{head:?} {size}"),
            });
        }
        check(&[&b"ccollections\ndeque\n(]("[..], &items[..], b"etR."].concat(), |root| match root.view() {
            View::Sequence(deque) => assert_eq!(deque.items.len(), size),
            _ => panic!("deque {size}"),
        });
        check(&[&b"cbuiltins\nbytes\n(]("[..], &items[..], b"etR."].concat(), |root| match root.view() {
            View::Bytes(bytes) => assert!(bytes.eq((0..size).map(|n| n as u8)) && bytes.len() == size),
            _ => panic!("bytes {size}"),
        });
        let text: String = (0..size).map(|n| char::from(n as u8)).collect();
        let mut latin1 = b"c_codecs\nencode\n(X".to_vec();
        latin1.extend((text.len() as u32).to_le_bytes());
        latin1.extend(text.bytes());
        latin1.extend(b"X\x06\0\0\0latin1tR.");
        check(&latin1, |root| match root.view() {
            View::Bytes(bytes) => assert!(bytes.eq((0..size).map(|n| n as u8)) && bytes.len() == size),
            _ => panic!("latin1 {size}"),
        });
        // Python 2.7: a list of pairs, each a list.
        let pairs: Vec<u8> = (0..size).flat_map(|n| [b'(', b'I', b'0' + (n % 10) as u8, b'\n', b'N', b'l']).collect();
        check(&[&b"ccollections\nOrderedDict\n(]("[..], &pairs[..], b"etR."].concat(), |root| match root.view() {
            View::Mapping(mapping) => assert_eq!((mapping.pairs.len(), mapping.pairs.count()), (size, size)),
            _ => panic!("OrderedDict {size}"),
        });
    }
}

/// What is no such type is an object with a reason, never a wrong value.
#[test]
fn parts_that_lie() {
    let lies: [&[u8]; 12] = [
        b"cdatetime\ndate\n(C\x04\x07\xe8\x02\x1etR.",
        b"cdatetime\ndate\n(I2023\nI2\nI29\ntR.",
        b"cdatetime\ntimezone\n(NtR.",
        b"cdatetime\ntime\n(K\x18K\x00tR.",
        b"cdecimal\nDecimal\n(K\x01tR.",
        b"cuuid\nUUID\n)\x81}X\x03\0\0\0intJ\xff\xff\xff\xffsb.",
        b"cbuiltins\nrange\n(K\x01tR.",
        b"cbuiltins\nset\n(K\x01tR.",
        b"cbuiltins\nbytes\n(]M\x00\x01atR.",
        b"ccollections\nOrderedDict\n(](K\x01K\x02etR.",
        b"ccollections\nChainMap\n)\x81}X\x04\0\0\0mapsK\x01sb.",
        b"cipaddress\nIPv4Address\n(J\xff\xff\xff\xfftR.",
    ];
    for pickle in lies {
        check(pickle, |root| assert_eq!(describe(root), "object: Parts", "{}", String::from_utf8_lossy(pickle)));
    }
    check(b"cm\nC\n)\x81(K\x01e(K\x01K\x02u.", |root| assert_eq!(describe(root), "object: Changes"));
    check(b"cm\nC\n)\x81K\x05b.", |root| assert_eq!(describe(root), "object: State"));
}

/// A known container that holds itself is one value: its identity stays.
#[test]
fn cycles() {
    check(b"\x80\x04\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94K\x01h\x03s.", |root| {
        let View::Mapping(mut mapping) = root.view() else { panic!() };
        let (_, inner) = mapping.pairs.next().unwrap();
        assert_eq!(inner.id(), root.id());
        assert!(matches!(inner.view(), View::Mapping(_)));
    });
}

/// Ints that datetimes are built from, UUIDs that say how safe they are, frozendict, mappingproxy.
#[test]
fn spellings_of_few() {
    let spelled: [(&[u8], &str); 12] = [
        (b"cdatetime\ndate\n(I2024\nI2\nI29\ntR.", "date 2024-02-29"),
        (b"cdatetime\ndatetime\n(I2024\nI2\nI29\ntR.", "datetime 2024-02-29T00:00:00"),
        (b"cdatetime\ndatetime\n(I2024\nI2\nI29\nI1\nI2\nI3\nI4\ntR.", "datetime 2024-02-29T01:02:03.000004"),
        (b"cdatetime\ntime\n(I1\nI2\ntR.", "time 01:02:00"),
        (b"cdatetime\ntimedelta\n(I1\ntR.", "delta 1 day, 0:00:00"),
        (
            b"cuuid\nUUID\n)\x81}(X\x03\0\0\0intK\x01X\x07\0\0\0is_safeK\x00ub.",
            "uuid 00000000-0000-0000-0000-000000000001",
        ),
        (b"cbuiltins\nfrozendict\n(}K\x01K\x02stR.", "FrozenDict{1:2}"),
        (b"ctypes\nMappingProxyType\n(}K\x01K\x02stR.", "Proxy{1:2}"),
        (b"cm\nSub\n(cbuiltins\nint\ntR(X\x01\0\0\0aK\x01u.", "Sub:{'a':1}"),
        (b"cm\nSub\n(]tR(K\x01e.", "Sub:[1]"),
        (b"cpytz\n_p\n(X\x0c\0\0\0Asia/KolkatatR.", "zone [Asia/Kolkata] Asia/Kolkata"),
        (b"cbuiltins\nbytearray\n(]K\x07atR.", "b'07'"),
    ];
    for (pickle, means) in spelled {
        check(pickle, |root| assert_eq!(describe(root), means));
    }
}

/// A class in a class by the calls that name it, at every depth; no further than that is followed.
#[test]
fn classes_in_classes() {
    let nested = |depth: usize, rest: &[u8]| {
        let heads = b"c__builtin__\ngetattr\n".repeat(depth);
        [&heads[..], b"capp\nA\n", &b"X\x01\0\0\0b\x86R".repeat(depth), rest].concat()
    };
    for depth in [0, 1, 2, 16, 63] {
        check(&nested(depth, b")\x81}X\x01\0\0\0aK\x01sb."), |root| {
            let View::Record(record) = root.view() else { panic!("{depth}: {}", describe(root)) };
            let name = record.name().unwrap();
            assert_eq!((name.module(), name.names().count()), ("app", depth + 1));
            assert_eq!(name.to_string(), format!("app.A{}", ".b".repeat(depth)));
            assert_eq!(root.find("$.a").and_then(|a| a.as_i64()), Some(1));
        });
    }
    check(&nested(64, b")\x81}X\x01\0\0\0aK\x01sb."), |root| {
        assert_eq!(describe(root), "object: Callable");
        assert_eq!(root.find("$.a").and_then(|a| a.as_i64()), Some(1));
    });
    for no_class in [
        // Of a list; with a default; of a name that is none; changed afterwards.
        &b"c__builtin__\ngetattr\n(]X\x01\0\0\0btR)R."[..],
        b"c__builtin__\ngetattr\n(capp\nA\nX\x01\0\0\0bNtR)R.",
        b"c__builtin__\ngetattr\n(capp\nA\nK\x01tR)R.",
        b"c__builtin__\ngetattr\n(capp\nA\nX\x01\0\0\0btR}b)R.",
        b"capp\ngetattr\n(capp\nA\nX\x01\0\0\0btR)R.",
    ] {
        check(no_class, |root| assert_eq!(describe(root), "object: Callable", "{}", no_class.escape_ascii()));
    }
}

/// An int of a subclass has the int as its one item in every protocol.
#[test]
fn subclasses_of_scalars_have_an_item() {
    for pickle in [
        &b"ccopy_reg\n_reconstructor\n(capp\nId\nc__builtin__\nint\nI7\ntR."[..],
        b"ccopy_reg\n_reconstructor\n(capp\nId\nc__builtin__\nint\nI7\ntR}X\x01\0\0\0aK\x01sb.",
        b"\x80\x02capp\nId\nK\x07\x85\x81.",
        b"\x80\x04\x8c\x03app\x8c\x02Id\x93K\x07\x85\x81}\x8c\x01aK\x01sb.",
    ] {
        check(pickle, |root| {
            assert_eq!(root.find("$[0]").and_then(|item| item.as_i64()), Some(7));
            assert_eq!(root.find("$[1]").map(|item| item.kind()), None);
            let a = root.find("$.a").map_or(0, |_| 1);
            assert_eq!(root.members().map(|members| members.len()), Some(1 + a));
        });
    }
}
