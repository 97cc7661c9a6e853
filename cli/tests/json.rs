//! JSON of small pickles, and of the corpus.

mod common;

use common::{corpus, each_pickle};
use pickle_cli::print::json::{Options, json};
use serde::de::IgnoredAny;

fn text(pickle: &[u8], options: &Options) -> String {
    let mut out = Vec::new();
    each_pickle(pickle, &mut |document| json(document, options, &mut out).expect("a Vec takes everything"));
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn plain(pickle: &[u8]) -> String {
    text(pickle, &Options::default()).trim_end().to_owned()
}

fn tagged(pickle: &[u8]) -> String {
    text(pickle, &Options { tagged: true, ..Options::default() }).trim_end().to_owned()
}

#[test]
fn scalars() {
    assert_eq!(plain(b"N."), "null");
    assert_eq!(plain(b"\x88."), "true");
    assert_eq!(plain(b"K\x07."), "7");
    assert_eq!(plain(b"G\x3f\xf8\0\0\0\0\0\0."), "1.5");
    assert_eq!(plain(b"X\x05\0\0\0a\"\n\xc3\xa9."), r#""a\"\né""#);
}

#[test]
fn what_json_has_no_number_for() {
    assert_eq!(plain(b"L9007199254740992L\n."), "9007199254740992");
    assert_eq!(plain(b"L9007199254740993L\n."), "\"9007199254740993\"");
    assert_eq!(tagged(b"L9007199254740993L\n."), r#"{"$int":"9007199254740993"}"#);
    assert_eq!(plain(b"Fnan\n."), "\"NaN\"");
    assert_eq!(plain(b"F-inf\n."), "\"-Infinity\"");
    assert_eq!(tagged(b"F-inf\n."), r#"{"$float":"fff0000000000000"}"#);
}

#[test]
fn bytes_and_odd_text() {
    assert_eq!(plain(b"C\x03\0\x01\xff."), r#"{"$bytes":"AAH/"}"#);
    assert_eq!(plain(b"\x96\x01\0\0\0\0\0\0\0a."), r#"{"$bytearray":"YQ=="}"#);
    assert_eq!(plain(b"X\x03\0\0\0\xed\xa0\x80."), r#"{"$wtf8":"7aCA"}"#);
    assert_eq!(plain(b"U\x01a."), "\"a\"");
    assert_eq!(tagged(b"U\x01a."), r#"{"$str8":"YQ=="}"#);
    assert_eq!(plain(b"U\x01\xff."), r#"{"$bytes":"/w=="}"#);
    // Protocol 2 spells bytes as encoded text.
    assert_eq!(plain(b"c_codecs\nencode\n(X\x02\0\0\0\xc3\xbfX\x06\0\0\0latin1tR."), r#"{"$bytes":"/w=="}"#);
}

#[test]
fn containers() {
    assert_eq!(plain(b"](K\x01K\x02e."), "[1,2]");
    assert_eq!(plain(b"K\x01\x85."), "[1]");
    assert_eq!(tagged(b"K\x01\x85."), r#"{"$tuple":[1]}"#);
    assert_eq!(tagged(b"\x8f(K\x01\x90."), r#"{"$set":[1]}"#);
    assert_eq!(plain(b"}X\x01\0\0\0aNs."), r#"{"a":null}"#);
    assert_eq!(plain(b"}K\x01Ns."), r#"{"$dict":[[1,null]]}"#);
    // A key that looks like a tag, and keys that are there twice.
    assert_eq!(plain(b"}X\x02\0\0\0$aNs."), r#"{"$dict":[["$a",null]]}"#);
    assert_eq!(plain(b"}(X\x01\0\0\0aNX\x01\0\0\0aNu."), r#"{"$dict":[["a",null],["a",null]]}"#);
}

#[test]
fn objects() {
    let object = b"cshop\nItem\n)\x81}X\x01\0\0\0nK\x03sb.";
    assert_eq!(plain(object), r#"{"$class":"shop.Item","$state":{"n":3}}"#);
    assert_eq!(tagged(object), r#"{"$class":["shop","Item"],"$how":"newobj","$state":{"n":3}}"#);
    assert_eq!(plain(b"cos\nsystem\n."), r#"{"$global":"os.system"}"#);
    assert_eq!(plain(b"Pabc\n."), r#"{"$persid":"abc"}"#);
    // Twice built: the order is kept in a list.
    assert_eq!(
        plain(b"cshop\nItem\n)\x81K\x01bK\x02b."),
        r#"{"$class":"shop.Item","$changes":[{"$state":1},{"$state":2}]}"#
    );
}

#[test]
fn known_types() {
    assert_eq!(plain(b"cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R."), "\"2024-02-29\"");
    assert_eq!(plain(b"cdecimal\nDecimal\nX\x03\0\0\x001.5\x85R."), "\"1.5\"");
    assert_eq!(plain(b"c__builtin__\nset\n](K\x01K\x02e\x85R."), "[1,2]");
    // 30 February is no date: it stays what the pickle says.
    let no_date = plain(b"cdatetime\ndate\nC\x04\x07\xe8\x02\x1e\x85R.");
    assert_eq!(no_date, r#"{"$class":"datetime.date","$args":[{"$bytes":"B+gCHg=="}]}"#);
}

#[test]
fn shared_values_and_cycles() {
    // A small shared list is written again for people, referred to where nothing may be lost.
    let shared = b"]q\0]q\x01ah\x01a.";
    assert_eq!(plain(shared), "[[],[]]");
    assert_eq!(tagged(shared), r#"[{"$id":1,"$list":[]},{"$ref":1}]"#);
    assert_eq!(plain(b"]q\0h\0a."), r#"{"$id":1,"$list":[{"$ref":1}]}"#);
    assert_eq!(plain(b"}q\0X\x01\0\0\0ah\0s."), r#"{"$id":1,"a":{"$ref":1}}"#);
}

#[test]
fn doubled_forty_times() {
    let mut pickle = b"]".to_vec();
    for _ in 0..40 {
        pickle.extend(b"2\x86");
    }
    pickle.push(b'.');
    let json = plain(&pickle);
    assert!(json.len() < 4000, "{} bytes", json.len());
}

#[test]
fn indented() {
    let options = Options { indent: Some(2), ..Options::default() };
    assert_eq!(text(b"}X\x01\0\0\0a](K\x01]es.", &options), "{\n  \"a\": [\n    1,\n    []\n  ]\n}\n");
}

#[test]
fn nested_deeply() {
    let mut pickle = vec![b']'; 50_000];
    pickle.extend([b'a'; 49_999]);
    pickle.push(b'.');
    let json = plain(&pickle);
    assert_eq!(json.len(), 100_000);
}

#[test]
fn the_corpus_becomes_json() {
    let mut pickles = 0;
    for path in corpus() {
        let data = std::fs::read(&path).expect("readable");
        each_pickle(&data, &mut |document| {
            for tagged in [false, true] {
                let mut out = Vec::new();
                json(document, &Options { tagged, ..Options::default() }, &mut out).expect("a Vec takes everything");
                assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1, "{}", path.display());
                if let Err(error) = serde_json::from_slice::<IgnoredAny>(&out) {
                    panic!("{}: {error}", path.display());
                }
                match serde_json::from_slice::<serde_json::Value>(&out) {
                    Ok(_) => {}
                    Err(error) if error.to_string().contains("recursion limit") => {}
                    Err(error) => panic!("{}: {error}", path.display()),
                }
            }
            pickles += 1;
        });
    }
    println!("{pickles} pickles");
}

#[test]
fn classes_in_classes_have_their_names_in_every_protocol() {
    let old = b"\x80\x02c__builtin__\ngetattr\ncm\nOuter\nX\x05\0\0\0Inner\x86R)\x81}X\x01\0\0\0vK\x03sb.";
    let new = b"\x80\x04\x8c\x01m\x8c\x0bOuter.Inner\x93)\x81}\x8c\x01vK\x03sb.";
    assert_eq!(plain(old), r#"{"$class":"m:Outer.Inner","$state":{"v":3}}"#);
    assert_eq!(plain(old), plain(new));
    let deep = b"\x80\x02c__builtin__\ngetattr\np0\n(g0\n(cm\nA\nX\x01\0\0\0BtRX\x01\0\0\0CtR.";
    assert_eq!(plain(deep), r#"{"$global":"m:A.B.C"}"#);
}

/// Protocols 2 and 3 spell NEWOBJ_EX as a call of a partial: it is the same object.
#[test]
fn objects_that_are_made_with_names() {
    let partial = |module: &str, class: &str| {
        let function = format!("c{module}\ngetattr\nc{class}\nX\x07\0\0\0__new__\u{86}R");
        let call =
            format!("cfunctools\npartial\n{function}\u{85}R({function}c{class}\nK\x07\u{86}}}X\x01\0\0\0kK\x01sNtb)R");
        let state = "}X\x01\0\0\0vK\x03sb.";
        call.chars().chain(state.chars()).map(|c| c as u8).collect::<Vec<u8>>()
    };
    let same = r#"{"$class":"m.C","$args":[7],"$kwargs":{"k":1},"$state":{"v":3}}"#;
    for module in ["__builtin__", "builtins"] {
        assert_eq!(plain(&[b"\x80\x02", &partial(module, "m\nC")[..]].concat()), same);
    }
    assert_eq!(plain(b"\x80\x04cm\nC\nK\x07\x85}X\x01\0\0\0kK\x01s\x92}X\x01\0\0\0vK\x03sb."), same);
    // Another function is not __new__.
    assert!(plain(b"\x80\x02cfunctools\npartial\ncm\nf\n\x85R(cm\nf\ncm\nC\n\x85}Ntb)R.").contains("$callable"));
}

#[test]
fn fractions_as_python_prints_them() {
    assert_eq!(plain(b"cfractions\nFraction\nK\x05K\x01\x86R."), r#""5""#);
    assert_eq!(plain(b"cfractions\nFraction\nK\x05K\x03\x86R."), r#""5/3""#);
}
