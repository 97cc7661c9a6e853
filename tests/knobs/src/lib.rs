//! Run once for each set of features: `cargo test --features protocol-0,items`.
#![cfg(test)]

use pickle_core::view::View;
use pickle_core::{ErrorKind, Found, Heap, ItemOptions, ItemReader, Options, Unpickler};
use std::path::Path;

/// A pickle, the features that it needs, and the offset of the opcode that a build without them refuses.
type Row = (&'static [u8], &'static [&'static str], u64);

const ROWS: &[Row] = &[
    // What protocols 2 to 5 make of plain data, classes and calls needs none.
    (b"\x80\x02}q\x00X\x02\0\0\0idq\x01K\x07s.", &[], 0),
    (b"\x80\x04]\x94(K\x01M\x01\x01J\xff\xff\xff\xffG\x40\x35\x80\0\0\0\0\0\x88\x89Ne.", &[], 0),
    (b"\x80\x04\x8f\x94(K\x01K\x02\x90.", &[], 0),
    (b"\x80\x04(K\x01K\x02\x91.", &[], 0),
    (b"\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", &[], 0),
    (b"\x80\x03C\x02ab\x85.", &[], 0),
    (b"\x80\x05\x96\x02\0\0\0\0\0\0\0ab.", &[], 0),
    (b"\x80\x02cdatetime\ndate\nU\0\x85R.", &["python-2"], 17),
    (b"\x80\x04\x8c\x08datetime\x8c\x04date\x93C\x04\x07\xe8\x01\x01\x85R.", &[], 0),
    (b"\x80\x02cm\nC\n)\x81.", &[], 0),
    (b"\x80\x02K\x05Q.", &[], 0),
    (b"(K\x01K\x02l.", &[], 0),
    // Text.
    (b"I7\n.", &["protocol-0"], 0),
    (b"I01\n.", &["protocol-0"], 0),
    (b"(I7\nI8\nt.", &["protocol-0"], 1),
    (b"L7L\n.", &["protocol-0"], 0),
    (b"F1.5\n.", &["protocol-0"], 0),
    (b"Vabc\n.", &["protocol-0"], 0),
    (b"]p0\n.", &["protocol-0"], 1),
    (b"]q\x00g0\n.", &["protocol-0"], 3),
    (b"Pabc\n.", &["protocol-0"], 0),
    (b"S'abc'\n.", &["protocol-0", "python-2"], 0),
    // Python 2.
    (b"\x80\x02U\x03abc.", &["python-2"], 2),
    (b"T\x03\0\0\0abc.", &["python-2"], 0),
    (b"(im\nC\n.", &["python-2"], 1),
    (b"(cm\nC\no.", &["python-2"], 6),
    // Ints.
    (b"\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01.", &["big-ints"], 2),
    (b"\x80\x02\x8b\x09\0\0\0\0\0\0\0\0\0\0\0\x01.", &["big-ints"], 2),
    (b"L18446744073709551616L\n.", &["protocol-0", "big-ints"], 0),
    (b"I18446744073709551616\n.", &["protocol-0", "big-ints"], 0),
    // Objects that are changed.
    (b"\x80\x02cm\nC\n)\x81}b.", &["changes"], 10),
    (b"\x80\x02cm\nC\n)\x81K\x01a.", &["changes"], 11),
    (b"\x80\x02cm\nC\n)\x81(K\x01K\x02u.", &["changes"], 14),
    (b"\x80\x02](K\x01eK\x00K\x02s.", &["changes"], 11),
];

fn has(feature: &str) -> bool {
    match feature {
        "protocol-0" => cfg!(feature = "protocol-0"),
        "python-2" => cfg!(feature = "python-2"),
        "big-ints" => cfg!(feature = "big-ints"),
        "changes" => cfg!(feature = "changes"),
        "items" => cfg!(feature = "items"),
        "known-std" => cfg!(feature = "known-std"),
        "known-science" => cfg!(feature = "known-science"),
        other => panic!("no such feature: {other}"),
    }
}

fn outcome(pickle: &[u8], piece: usize) -> Result<(), (ErrorKind, u64)> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let result = if piece == 0 {
        unpickler.load(pickle).map(|_| ())
    } else {
        let fed = pickle.chunks(piece).try_for_each(|mut input| unpickler.feed(&mut input).map(|_| ()));
        fed.and_then(|()| unpickler.finish().map(|_| ()))
    };
    result.map_err(|error| (error.kind(), error.offset()))
}

#[test]
fn what_needs_a_feature_is_refused_without_it() {
    for (pickle, features, offset) in ROWS {
        let expected = match features.iter().all(|feature| has(feature)) {
            true => Ok(()),
            false => Err((ErrorKind::FeatureOff, *offset)),
        };
        // At once, in bytes, in halves.
        for piece in [0, 1, pickle.len() / 2] {
            assert_eq!(outcome(pickle, piece), expected, "{} in pieces of {piece}", pickle.escape_ascii());
        }
    }
}

#[test]
fn nothing_else_changes() {
    let mut read = 0;
    let mut refused = 0;
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/core")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "pickle") {
            continue;
        }
        match outcome(&std::fs::read(&path).unwrap(), 0) {
            Ok(()) => read += 1,
            Err((ErrorKind::FeatureOff, _)) => refused += 1,
            Err(other) => panic!("{}: {other:?}", path.display()),
        }
    }
    println!("{read} read, {refused} refused");
    let all = ["protocol-0", "python-2", "big-ints", "changes"].into_iter().all(has);
    assert!(read > 20 && (refused == 0) == all);
}

/// What objects mean: of which feature it is, and what the view says with it.
#[test]
fn objects_are_known_by_their_feature() {
    let is = |view: &View<'_>| match view {
        View::Date(_) => "date",
        View::Uuid(_) => "uuid",
        View::Mapping(_) => "mapping",
        View::Array(_) => "array",
        View::Pandas(_) => "pandas",
        View::Zone(_) => "zone",
        View::Record(_) | View::Object(..) | View::Global(_) => "object",
        _ => "another",
    };
    let rows: &[(&[u8], &str, &str)] = &[
        (b"\x80\x04\x8c\x08datetime\x8c\x04date\x93C\x04\x07\xe8\x01\x01\x85R.", "known-std", "date"),
        (b"\x80\x03ccollections\nOrderedDict\n)R.", "known-std", "mapping"),
        (b"\x80\x03cpytz\n_UTC\n)R.", "known-std", "zone"),
        (
            b"\x80\x03cnumpy._core.numeric\n_frombuffer\n(C\x01\x01cnumpy\ndtype\nX\x02\0\0\0i1\x85RK\x01\x85X\x01\0\0\0CtR.",
            "known-science",
            "array",
        ),
        (b"\x80\x03cpandas._libs.tslibs.nattype\n_nat_unpickle\nN\x85R.", "known-science", "pandas"),
        (b"\x80\x03cpandas._libs.missing\nNA\n.", "known-science", "pandas"),
    ];
    for (pickle, feature, known) in rows {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        let document = unpickler.load(pickle).unwrap();
        let expected = if has(feature) { known } else { "object" };
        assert_eq!(is(&document.root().view()), expected, "{}", pickle.escape_ascii());
    }
}

#[test]
fn items_come_all_with_and_without_streaming() {
    let mut pickle = b"\x80\x02]q\x00(".to_vec();
    for n in 0..20_000u16 {
        pickle.push(b'M');
        pickle.extend(n.to_le_bytes());
    }
    pickle.extend(b"e.");
    let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
    let mut count = 0i64;
    for mut input in pickle.chunks(1000) {
        loop {
            match reader.feed(&mut input).unwrap() {
                Found::Item => {
                    assert_eq!(reader.item().and_then(|item| item.value().as_i64()), Some(count));
                    count += 1;
                }
                Found::NeedMore | Found::Done => break,
                Found::Doubt => unreachable!(),
            }
        }
    }
    assert_eq!(count, 20_000);
}
