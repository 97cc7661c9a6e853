//! Globals under other names, in every spelling of a global.

use pickle_core::recode::{Renamed, rename};
use pickle_core::{GlobalName, Heap, Options, Unpickler, Value};

/// Renames module `old` to `new_and_longer`, and gives the bytes and the count.
fn renamed(pickle: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut rule = |module: &str, name: &str| {
        (module == "old").then(|| GlobalName::new("new_and_longer".to_owned(), name.to_owned()))
    };
    let Renamed { len, count } = rename(pickle, &mut rule, &mut out).unwrap();
    assert_eq!(len, pickle.len());
    (out, count)
}

fn with_root(pickle: &[u8], check: impl FnOnce(Value<'_>)) {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    check(unpickler.load(pickle).unwrap().root());
}

#[test]
fn lines_of_old_protocols() {
    let (out, count) = renamed(b"(cold\nA\ncother\nA\n(iold\nB\nt.");
    assert_eq!((out.as_slice(), count), (&b"(cnew_and_longer\nA\ncother\nA\n(inew_and_longer\nB\nt."[..], 2));
}

#[test]
fn what_has_no_such_name_is_copied() {
    let pickle = b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x05other\x94\x8c\x01A\x94\x93\x94.";
    assert_eq!(renamed(pickle), (pickle.to_vec(), 0));
}

#[test]
fn strs_that_only_globals_use_are_replaced() {
    // The module is fetched from the memo for a second global.
    let pickle = b"\x80\x04(\x8c\x03old\x94\x8c\x01A\x94\x93\x94h\0\x8c\x01B\x94\x93\x94t.";
    let (out, count) = renamed(pickle);
    assert_eq!(count, 2);
    assert_eq!(out, b"\x80\x04(\x8c\x0enew_and_longer\x94\x8c\x01A\x94\x93\x94h\0\x8c\x01B\x94\x93\x94t.");
}

#[test]
fn a_str_that_is_a_value_too_stays_one() {
    // The same str is module and item; and it is module and name of one global.
    for pickle in
        [&b"\x80\x04\x8c\x03old\x94\x8c\x01A\x94\x93\x94h\0\x86."[..], b"\x80\x04\x8c\x03old\x94h\0\x93\x94h\0\x86."]
    {
        let (out, count) = renamed(pickle);
        assert_eq!(count, 1);
        with_root(&out, |root| {
            assert_eq!(root.at(0).unwrap().as_global().unwrap().module, "new_and_longer");
            assert_eq!(root.at(1).unwrap().as_str(), Some("old"));
        });
    }
}

#[test]
fn frames_fit_what_is_in_them() {
    let mut pickle = b"\x80\x04\x95\x11\0\0\0\0\0\0\0(\x8c\x03old\x94\x8c\x01A\x94\x93\x94".to_vec();
    let framed = pickle.len() - 11;
    pickle[3..11].copy_from_slice(&(framed as u64).to_le_bytes());
    // A long payload outside of frames, then another frame.
    pickle.extend(b"B\x00\x00\x02\x00");
    pickle.resize(pickle.len() + 0x20000, b'x');
    pickle.extend(b"\x95\x05\0\0\0\0\0\0\0h\x02h\x02t");
    pickle.push(b'.');
    let at = pickle.len() - 15;
    pickle[at + 1..at + 9].copy_from_slice(&6_u64.to_le_bytes());
    let (out, count) = renamed(&pickle);
    assert_eq!(count, 1);
    with_root(&out, |root| {
        assert_eq!(root.len(), 4);
        assert!(root.items().unwrap().filter_map(|v| v.as_global()).all(|class| class.module == "new_and_longer"));
    });
}

#[test]
fn damage_is_an_error() {
    let pickle = b"\x80\x04\x8c\x03old\x94\x8c\x01A\x94\x93\x94.";
    for len in 0..pickle.len() {
        let mut rule = |_: &str, name: &str| Some(GlobalName::new("x".to_owned(), name.to_owned()));
        assert!(rename(&pickle[..len], &mut rule, &mut Vec::new()).is_err(), "{len}");
    }
}
