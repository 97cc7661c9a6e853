//! `json`, `get`, `items` and `show` say the same of every value: of tests/data/views, and of the corpus where it is at hand.

mod common;

use common::{corpus, each_pickle};
use pickle_cli::print::json::{Options, json};
use pickle_cli::print::tree;
use pickle_core::view::View;
use pickle_core::{Document, Path, PathStep, Value};
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
            let Ok(place) = usize::try_from(index) else { return };
            out.extend(from.get(place));
            out.extend(PLACED.iter().filter_map(|part| from[*part].get(place)));
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

#[derive(Default)]
struct Tally {
    same: usize,
    wrong: Vec<String>,
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
        for it in Path::new(&path).flatten() {
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
            // However it is spelled, JSON is the same, but for the names that modules have in Python 2.
            let Some(json) = plain(document.root()).map(|json| json.to_string()) else { return };
            let json = json.replace("\"__builtin__.", "\"builtins.").replace("\"exceptions.", "\"builtins.");
            let known = means.entry((name.to_owned(), meaning.to_owned())).or_insert_with(|| json.clone());
            if *known != json && !meaning.starts_with("object") {
                tally.wrong.push(format!("{name}: {meaning} is {json} here and {known} there"));
            }
        });
    }
    tally.wrong.sort();
    tally.wrong.dedup();
    assert!(tally.wrong.is_empty(), "{} are wrong:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
    assert!(tally.same > 800, "{}", tally.same);
}

/// Bytes of a file that is looked at: every value is made JSON for itself.
const LARGEST: usize = 3000;

#[test]
fn the_corpus() {
    let mut tally = Tally::default();
    for path in corpus() {
        let data = std::fs::read(&path).expect("readable");
        if data.len() > LARGEST {
            continue;
        }
        let name = path.display().to_string();
        each_pickle(&data, &mut |document| {
            if document.id_limit() < 2000 {
                check(&name, document, &mut tally);
                items(&name, document, &mut tally);
            }
        });
    }
    println!("{} the same, {} not", tally.same, tally.wrong.len());
    let some: Vec<&String> = tally.wrong.iter().take(40).collect();
    assert!(tally.wrong.is_empty(), "{} are wrong:\n{some:#?}", tally.wrong.len());
}
