//! One test of what every value is: of tests/data, and of the corpus where it is at hand. The path that is printed for a value
//! finds that very value, and `json`, `get`, `show`, `items`, `count`, serde and the flat form that Kotlin and Swift read agree
//! with the view on its kind, its text and how many parts it has.

#[path = "../common/mod.rs"]
mod common;
mod flat;
mod readers;

/// What the writer of the flat form needs of its crate.
#[allow(dead_code, reason = "a part of it is used")]
mod error {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ErrorKind {
        BadValue,
        DepthLimit,
        SizeLimit,
    }

    #[derive(Debug)]
    pub struct PickleError(ErrorKind, u64, String);

    impl PickleError {
        pub fn new(kind: ErrorKind, offset: u64, text: impl Into<String>) -> Self {
            PickleError(kind, offset, text.into())
        }
    }
}

use common::{corpus, each_pickle};
use pickle_cli::print::json::{Options, json};
use pickle_cli::print::tree;
use pickle_core::view::{Located, View};
use pickle_core::{Document, PathStep, Value, ValuePath};
use serde_json::Value as Json;

fn plain(value: Value<'_>) -> Option<Json> {
    let mut text = Vec::new();
    json(&value.document(), &Options::default(), &mut text).expect("a Vec takes everything");
    serde_json::from_slice(&text).ok()
}

/// Parts of an object that have names.
const NAMED: [&str; 4] = ["$state", "$slots", "$setitem", "$kwargs"];

/// Parts that have places.
const PLACED: [&str; 5] = ["$append", "$add", "$args", "$state", "$data"];

/// What a step leads to; several where JSON has a name in several places.
fn step<'j>(from: &'j Json, step: PathStep<'_>, out: &mut Vec<&'j Json>) {
    let pairs = |list: &'j Json, fits: &dyn Fn(&Json) -> bool, out: &mut Vec<&'j Json>| {
        let pairs = list.as_array().into_iter().flatten().filter_map(Json::as_array);
        out.extend(pairs.filter(|pair| pair.first().is_some_and(fits)).filter_map(|pair| pair.get(1)));
    };
    match step {
        PathStep::Key(name) => {
            let is_name = |text: &str| name.is(text.as_bytes());
            let fields = |map: &'j Json, out: &mut Vec<&'j Json>| {
                out.extend(
                    map.as_object().into_iter().flatten().filter(|(key, _)| is_name(key)).map(|(_, value)| value),
                );
                pairs(&map["$dict"], &|key: &Json| key.as_str().is_some_and(is_name), out);
            };
            fields(from, out);
            NAMED.iter().for_each(|part| fields(&from[*part], out));
        }
        PathStep::Index(index) => {
            if let Ok(place) = usize::try_from(index) {
                out.extend(from.get(place));
                out.extend(PLACED.iter().filter_map(|part| from[*part].get(place)));
            }
            for part in [from, &from["$setitem"]] {
                pairs(&part["$dict"], &|key: &Json| key.as_i64() == Some(index), out);
            }
        }
        // Which key a literal is, is for the paths to know.
        PathStep::Literal(_) => {
            for part in [from, &from["$setitem"]] {
                pairs(&part["$dict"], &|_: &Json| true, out);
            }
        }
        _ => {}
    }
}

/// What was compared, and what was not the same.
#[derive(Default)]
struct Tally {
    /// Parts of JSON at the places that their paths say.
    same: usize,
    paths: usize,
    json: usize,
    show: usize,
    items: usize,
    serde: usize,
    flat: usize,
    /// Runs of the command.
    commands: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// Takes what a reader has to object to.
    fn take(&mut self, name: &str, path: &str, objection: Option<String>) {
        self.wrong.extend(objection.map(|text| format!("{name}: {path}: {text}")));
    }

    fn done(mut self, least: usize) {
        let Tally { same, paths, json, show, items, serde, flat, commands, .. } = self;
        println!(
            "places {same}, paths {paths}, json {json}, show {show}, items {items}, serde {serde}, flat {flat}, commands {commands}"
        );
        self.wrong.sort();
        self.wrong.dedup();
        assert!(self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        for (what, count) in [
            ("places", same),
            ("paths", paths),
            ("json", json),
            ("show", show),
            ("items", items),
            ("serde", serde),
            ("flat", flat),
        ] {
            assert!(count >= least, "{count} {what} were compared");
        }
    }
}

/// Values of one pickle that are looked at; each of them is read by everyone, some of whom read the whole pickle.
const VALUES: usize = 400;

/// Values of one pickle whose items are read.
const CONTAINERS: usize = 40;

/// Everyone says the same of every value.
fn agree(name: &str, pickle: &[u8], document: &Document<'_>, tally: &mut Tally) {
    let mut containers = 0;
    for Located { value, path } in document.paths().into_iter().take(VALUES) {
        if path.len() > 2000 {
            continue;
        }
        tally.paths += 1;
        // The empty tuple and what has no place of its own is where its like is.
        if document.find(&path).is_none_or(|found| found.node() != value.node()) {
            tally.take(name, &path, Some("its path leads elsewhere".to_owned()));
        }
        if let Some(json) = plain(value)
            && !json.to_string().contains("\"$id\"")
        {
            tally.json += 1;
            tally.take(name, &path, readers::json(value, &json));
        }
        tally.show += 1;
        tally.take(name, &path, readers::show(value));
        tally.serde += 1;
        tally.take(name, &path, readers::serde(value));
        tally.flat += 1;
        tally.take(name, &path, readers::flat(value));
        if containers < CONTAINERS && (value.members().is_some() || containers == 0) {
            containers += 1;
            tally.items += 1;
            tally.take(name, &path, readers::items(pickle, &path, value));
        }
    }
}

/// `get` and `count` of the command, of the parts of a file's first value.
fn commands(file: &std::path::Path, document: &Document<'_>, tally: &mut Tally) {
    let name = file.display().to_string();
    let run = |verb: &[&str], path: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pickle"));
        let command = command.args(verb).arg(file).args(if verb[0] == "count" { vec!["-p", path] } else { vec![path] });
        let output = command.output().expect("the command starts");
        (output.status.success(), output.stdout)
    };
    let last = document.paths().into_iter().filter(|located| located.path.len() < 500).take(40).last();
    for Located { value, path } in [Located { value: document.root(), path: "$".to_owned() }].into_iter().chain(last) {
        let Some(part) = plain(value) else { continue };
        let (fine, out) = run(&["get"], &path);
        tally.commands += 1;
        if !fine || serde_json::from_slice::<Json>(&out).ok().as_ref() != Some(&part) {
            tally.take(
                &name,
                &path,
                Some(format!("get says {:.200}, JSON {part:.200}", String::from_utf8_lossy(&out))),
            );
        }
        let Some(count) = readers::count(&value.view()) else { continue };
        let (fine, out) = run(&["count"], &path);
        let out = String::from_utf8_lossy(&out).trim().to_owned();
        if !fine || out != (count.items + count.pairs + count.attributes).to_string() {
            tally.take(&name, &path, Some(format!("count says {out}, the view {count:?}")));
        }
    }
}

/// The values that a value consists of, level by level, each with its path. What is told by its rows, or by how it was made,
/// has no parts here.
fn parts<'d>(document: &'d Document<'_>) -> Vec<(Value<'d>, String)> {
    let mut all = vec![(document.root(), "$".to_owned())];
    let mut met = vec![false; document.id_limit()];
    let mut at = 0;
    while let Some((value, path)) = all.get(at).cloned() {
        at += 1;
        let again = value.id().and_then(|id| met.get_mut(id)).is_some_and(|met| std::mem::replace(met, true));
        let told = matches!(
            value.view(),
            View::DataFrame { .. } | View::Series { .. } | View::Index { .. } | View::Object(..) | View::Partial(_)
        );
        if again || told {
            continue;
        }
        let mut place = 0;
        for (key, member) in value.members().into_iter().flatten() {
            let step = match key {
                Some(key) => key.path_step(),
                None => {
                    place += 1;
                    Some(format!("[{}]", place - 1))
                }
            };
            let Some(step) = step else { continue };
            // Of equal keys the last counts.
            if value.find(&step).is_some_and(|found| found.node() == member.node()) {
                all.push((member, format!("{path}{step}")));
            }
        }
    }
    all
}

/// Every part is at the place of the JSON that its path says.
fn check(name: &str, document: &Document<'_>, tally: &mut Tally) {
    let Some(whole) = plain(document.root()) else { return };
    if whole.to_string().contains("\"$id\"") {
        // What is written once stands elsewhere.
        return;
    }
    for (value, path) in parts(document) {
        let Some(part) = document.find(&path).and_then(plain) else {
            tally.wrong.push(format!("{name}: {path} leads nowhere"));
            continue;
        };
        let mut here = vec![&whole];
        for it in ValuePath::new(&path).flatten() {
            let mut next = Vec::new();
            here.iter().for_each(|from| step(from, it, &mut next));
            here = next;
        }
        if here.contains(&&part) {
            tally.same += 1;
        } else {
            tally.wrong.push(format!("{name}: {path} is {part:.100}, and not in {whole:.300}"));
        }
        shows(name, &path, value, &part, tally);
    }
}

/// `show` begins with the class that JSON names.
fn shows(name: &str, path: &str, value: Value<'_>, part: &Json, tally: &mut Tally) {
    let class = match (part["$class"].as_str(), part["$table"].as_str(), &part["$ndarray"]) {
        (Some(class), ..) | (None, Some(class), _) => {
            let class = class.replace(':', ".");
            class.replacen("__builtin__.", "", 1).replacen("builtins.", "", 1)
        }
        (None, None, Json::Null) => return,
        _ => "ndarray".to_owned(),
    };
    let mut shown = Vec::new();
    tree::show(&value.document(), &tree::Options { max_items: 2, depth: 1, ..tree::Options::default() }, &mut shown)
        .expect("a Vec takes everything");
    let shown = String::from_utf8(shown).expect("text");
    let shown = shown.trim_start_matches(|c: char| c == '&' || c.is_ascii_digit() || c == ' ');
    // Some are shown by what they mean, and told by how they are made.
    let named = matches!(
        value.view(),
        View::Record(_)
            | View::Mapping(_)
            | View::Sequence(_)
            | View::Set(_)
            | View::Array(_)
            | View::DataFrame { .. }
            | View::Series { .. }
    );
    if named && !shown.starts_with(&class) {
        tally.wrong.push(format!("{name}: {path} is a {class} in JSON, and shown as {shown}"));
    }
}

/// The items of the outermost value are the parts of its JSON.
fn items(name: &str, document: &Document<'_>, tally: &mut Tally) {
    let root = document.root();
    let Some(whole) = plain(root) else { return };
    let Some(list) = whole.as_array().filter(|_| !whole.to_string().contains("\"$id\"")) else { return };
    let Some(members) = root.members() else {
        return tally.wrong.push(format!("{name}: a list in JSON without parts"));
    };
    let items: Vec<Json> = members.filter(|(key, _)| key.is_none()).filter_map(|(_, item)| plain(item)).collect();
    if &items != list {
        tally.wrong.push(format!("{name}: items {items:?}, JSON {whole}"));
    }
}

#[test]
fn every_spelling() {
    let read = |name: &str| {
        std::fs::read_to_string(format!("{}/../tests/data/views/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let table = read("views.tsv") + &read("pandas.tsv");
    let mut tally = Tally::default();
    let mut means: std::collections::BTreeMap<(String, String), String> = std::collections::BTreeMap::new();
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, meaning, pickle] = fields[..] else { panic!("{line}") };
        let pickle: Vec<u8> =
            (0..pickle.len() / 2).map(|at| u8::from_str_radix(&pickle[at * 2..at * 2 + 2], 16).unwrap()).collect();
        each_pickle(&pickle, &mut |document| {
            check(name, document, &mut tally);
            items(name, document, &mut tally);
            agree(name, &pickle, document, &mut tally);
            // However it is spelled, JSON is the same, but for the names that modules have in Python 2.
            let Some(json) = plain(document.root()).map(|json| json.to_string()) else { return };
            let json = json.replace("\"__builtin__.", "\"builtins.").replace("\"exceptions.", "\"builtins.");
            let known = means.entry((name.to_owned(), meaning.to_owned())).or_insert_with(|| json.clone());
            if *known != json && !meaning.starts_with("object") {
                tally.wrong.push(format!("{name}: {meaning} is {json} here and {known} there"));
            }
        });
    }
    tally.done(800);
}

/// Bytes of a file that is looked at.
const LARGEST: usize = 16 << 10;

/// Bytes of a file whose places are looked at: every value is made JSON for itself.
const LARGEST_PLACES: usize = 3000;

/// Files of tests/data that are pickles.
fn own() -> Vec<std::path::PathBuf> {
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "pickle" || extension == "pkl") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The first pickle of a file is all of it.
fn ends_once(data: &[u8]) -> bool {
    let mut count = 0;
    let mut decoder = pickle_core::Decoder::new();
    let mut rest = data;
    while let Ok(pickle_core::Step::Op(op)) = decoder.next(&mut rest) {
        count += usize::from(op.opcode == pickle_core::Opcode::Stop);
        if op.opcode == pickle_core::Opcode::Stop {
            break;
        }
    }
    count == 1 && rest.is_empty()
}

#[test]
fn every_file() {
    let mut tally = Tally::default();
    let (own, corpus) = (own(), corpus());
    let least = if corpus.is_empty() { 300 } else { 20_000 };
    for (number, path) in own.iter().chain(&corpus).enumerate() {
        let data = std::fs::read(path).expect("readable");
        if data.len() > LARGEST {
            continue;
        }
        let name = path.display().to_string();
        let mut first = true;
        each_pickle(&data, &mut |document| {
            if document.id_limit() < 2000 {
                if data.len() <= LARGEST_PLACES {
                    check(&name, document, &mut tally);
                    items(&name, document, &mut tally);
                }
                // Items are read from the start.
                if std::mem::take(&mut first) {
                    agree(&name, &data, document, &mut tally);
                    // A file of one pickle; processes take their time, so of the corpus a part.
                    let is_whole = data.last() == Some(&b'.') && ends_once(&data);
                    if is_whole && (number < own.len() || number % 4 == 0) {
                        commands(path, document, &mut tally);
                    }
                }
            }
        });
    }
    tally.done(least);
}
