//! No language drifts: what the core can do has a counterpart in every binding, or stands on the list of what has none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All sources of a language, build output aside.
fn sources(folder: &str, ending: &str) -> String {
    let mut all = String::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                all += &fs::read_to_string(path).unwrap();
            }
        }
    }
    all
}

/// The names that the core exports.
fn exported() -> BTreeSet<String> {
    let lib = text("core/src/lib.rs");
    let mut names = BTreeSet::new();
    for statement in lib.split(';') {
        let Some(statement) = statement.lines().map(str::trim).find(|line| line.starts_with("pub ")) else { continue };
        // A list may take several lines.
        let rest = &lib[lib.find(statement).unwrap()..];
        let whole = &rest[..rest.find(';').unwrap()];
        if let Some(module) = whole.strip_prefix("pub mod ") {
            names.insert(module.to_owned());
        } else if let Some(list) = whole.strip_prefix("pub use ") {
            // `room::{a, b}` or `room::a`; `self` is the room.
            let (room, list) = match list.split_once("::{") {
                Some((room, list)) => (room, list.trim_end_matches('}')),
                None => list.rsplit_once("::").unwrap_or(("", list)),
            };
            let room = room.rsplit("::").next().unwrap();
            let list = list.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.extend(list.map(|name| if name == "self" { room } else { name }.to_owned()));
        }
    }
    names
}

#[test]
fn every_capability_has_a_counterpart_or_a_reason() {
    let table = text("tests/data/capabilities.tsv");
    let languages = [
        ("Kotlin", sources("bindings/kotlin/src/main", "kt")),
        ("Swift", sources("bindings/swift/Sources/Pickle", "swift")),
        ("Python", sources("bindings/python/libpickle", "py") + &sources("bindings/python/src", "rs")),
        ("C", text("include/pickle.h")),
    ];
    let mut listed = BTreeSet::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert!(cells.len() >= 5, "too few columns: {line}");
        assert!(listed.insert(cells[0].to_owned()), "{} stands there twice", cells[0]);
        for ((language, sources), wanted) in languages.iter().zip(&cells[1..5]) {
            if *wanted == "-" {
                assert!(cells.get(5).is_some_and(|reason| reason.len() > 5), "{}: {language} lacks it, why?", cells[0]);
            } else {
                assert!(sources.contains(wanted), "{}: {language} has no {wanted:?}", cells[0]);
            }
        }
    }
    let exported = exported();
    assert!(exported.len() > 50, "{exported:?}");
    let missing: Vec<_> = exported.difference(&listed).collect();
    assert!(missing.is_empty(), "not in tests/data/capabilities.tsv: {missing:?}");
    let gone: Vec<_> = listed.difference(&exported).collect();
    assert!(gone.is_empty(), "no longer in the core: {gone:?}");
}

/// The variants of an enum, by their names at the beginning of a line.
fn variants(source: &str, head: &str) -> Vec<String> {
    let from = source.find(head).unwrap_or_else(|| panic!("no {head}"));
    let body = &source[from..];
    let body = &body[..body.find("\n}").unwrap()];
    let names = body.lines().skip(1).filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(char::is_uppercase));
    names.map(|line| line.chars().take_while(|c| c.is_alphanumeric()).collect()).collect()
}

#[test]
fn every_kind_of_value_crosses_the_border() {
    let write = text("bindings/uniffi/src/flat/write.rs");
    let known = text("bindings/uniffi/src/flat/known.rs");
    let reader = text("bindings/uniffi/src/reader.rs");
    let items = text("bindings/uniffi/src/items.rs");
    // What is told by `_` there.
    let objects = ["Object", "Persistent"];
    let core = sources("core/src", "rs");
    for (head, prefix, found) in [
        ("pub enum Kind {", "Kind::", &write),
        ("pub enum Change<'d> {", "Change::", &write),
        ("pub enum View<'d> {", "View::", &known),
        ("pub enum Encoding {", "Core::", &reader),
        ("pub enum Role {", "Role::", &items),
    ] {
        let variants = variants(&core, head);
        assert!(variants.len() >= 4, "{head}: {variants:?}");
        for variant in variants.iter().filter(|variant| prefix != "Kind::" || !objects.contains(&variant.as_str())) {
            assert!(found.contains(&format!("{prefix}{variant}")), "{head} {variant} is not written");
        }
    }
}

/// `OrderedDict` is `ORDERED_DICT` in Kotlin and Python.
fn shouted(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}

#[test]
fn known_types_have_the_same_numbers_everywhere() {
    let ours = variants(&text("bindings/uniffi/src/flat/known.rs"), "pub enum KnownKind {");
    // These are one word there.
    let one_word = |name: &String| match name.as_str() {
        "ByteArray" | "FrozenSet" | "DateTime" | "TimeDelta" | "TimeZone" => name.to_uppercase(),
        "DType" => "DTYPE".to_owned(),
        name => shouted(name),
    };
    let expected: Vec<String> = ours.iter().map(one_word).collect();
    let kotlin = sources("bindings/kotlin/src/main", "kt");
    let list = &kotlin[kotlin.find("enum class Kind {").unwrap()..];
    let list = list[..list.find('}').unwrap()].split_once('{').unwrap().1;
    let found: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    assert_eq!(found, expected, "Kotlin");
}
