//! What an item reader hands over is what the whole document has, however the
//! input is cut; what breaks its rule is an error.

mod common;

use common::{Random, compare_values, corpus, data, show};
use pickle_core::view::{Attributes, MappingKind, Pairs, SequenceKind, Unknown, View};
use pickle_core::{
    Batch, Change, Decoder, Document, Error, ErrorKind, Found, Heap, ItemOptions, ItemReader, Kind, MemoPlan, MemoUse,
    Memory, Node, ObjectParts, Opcode, Options, Role, Step, Storage, Unpickler, Value,
};

/// The items of a value: role, key, value. By way of the public accessors alone.
fn items_of(value: Value<'_>) -> Vec<(Role, Option<Value<'_>>, Value<'_>)> {
    let mut all = Vec::new();
    all.extend(value.items().into_iter().flatten().map(|item| (Role::Item, None, item)));
    all.extend(value.entries().into_iter().flatten().map(|(key, value)| (Role::Entry, Some(key), value)));
    let Some(object) = value.as_object() else { return all };
    let item = |item| (Role::Item, None, item);
    let entry = |(key, value)| (Role::Entry, Some(key), value);
    let attribute = |(key, value)| (Role::Attribute, Some(key), value);
    let (items, pairs, own) = match value.view() {
        View::Set(set) => (Some(set.items), None, set.attributes),
        View::Sequence(it) if it.kind == SequenceKind::UserList => (Some(it.items), None, Attributes::default()),
        View::Sequence(it) => (Some(it.items), None, it.attributes),
        View::Mapping(it) if it.kind == MappingKind::UserDict => (None, Some(it.pairs), Attributes::default()),
        View::Mapping(it) if it.kind == MappingKind::ChainMap => {
            return it.pairs.merged().into_iter().map(entry).collect();
        }
        View::Mapping(it) => (None, Some(it.pairs), it.attributes),
        View::Partial(it) => (Some(it.args), it.kwargs.entries().map(Pairs::from), it.attributes),
        View::Record(it) if it.values.is_none() || it.args.len() == 0 => {
            (Some(it.positional()), it.kwargs.and_then(|kwargs| kwargs.entries()).map(Pairs::from), it.attributes)
        }
        View::Derived(it) => {
            let state = object.state().and_then(Attributes::of);
            // The value behind class and base; the text of a UserString is no item.
            all.extend(object.args().skip(2).filter(|_| it.class.is_some()).map(item));
            (None, None, state.unwrap_or_default())
        }
        _ => (None, None, Attributes::default()),
    };
    all.extend(items.into_iter().flatten().map(item));
    all.extend(pairs.into_iter().flatten().map(entry));
    all.extend(own.map(attribute));
    match value.view() {
        View::Record(it) if it.values.is_some() && it.args.len() != 0 => {}
        View::Object(_, why) if why != Unknown::Parts => {}
        View::Set(_) | View::Sequence(_) | View::Mapping(_) | View::Partial(_) | View::Record(_) => return all,
        View::Derived(_) if !all.is_empty() => return all,
        _ => return changes_of(object),
    }
    let states = |change: Change<'_>| matches!(change, Change::Build(_) | Change::Nested(_));
    if object.changes().all(states) {
        all.extend(object.instance().map_or(object.args(), |instance| instance.args).map(item));
        all.extend(object.kwargs().and_then(|kwargs| kwargs.entries()).into_iter().flatten().map(entry));
    }
    all.extend(changes_of(object));
    all
}

fn changes_of(object: ObjectParts<'_>) -> Vec<(Role, Option<Value<'_>>, Value<'_>)> {
    let mut all = Vec::new();
    for change in object.changes() {
        match change {
            Change::Append(items) | Change::Add(items) => all.extend(items.map(|item| (Role::Item, None, item))),
            Change::SetItem(entries) => all.extend(entries.map(|(key, value)| (Role::Entry, Some(key), value))),
            Change::Build(state) => all.extend(attributes(state)),
            _ => {}
        }
    }
    all
}

fn attributes(state: Value<'_>) -> Vec<(Role, Option<Value<'_>>, Value<'_>)> {
    let named = |dict: Value<'_>| dict.kind() == Kind::Dict;
    let parts: Vec<_> = match state.kind() {
        Kind::Dict => vec![state],
        Kind::Tuple if state.len() == 2 => {
            let (dict, slots) = (state.at(0).unwrap(), state.at(1).unwrap());
            if !named(slots) || !(named(dict) || dict.is_none()) {
                return vec![(Role::State, None, state)];
            }
            vec![dict, slots]
        }
        _ => return vec![(Role::State, None, state)],
    };
    let entries = parts.into_iter().flat_map(|dict| dict.entries().into_iter().flatten());
    entries.map(|(key, value)| (Role::Attribute, Some(key), value)).collect()
}

/// Feeds one pickle; `each` gets every item.
fn read<M: Memory>(
    reader: &mut ItemReader<'_, M>,
    input: &[u8],
    mut piece: impl FnMut() -> usize,
    mut each: impl FnMut(pickle_core::Item<'_>),
) -> Result<usize, Error> {
    let (mut at, mut batch, mut turn) = (0, Batch::new(), 0);
    loop {
        let end = input.len().min(at + piece().max(1));
        let mut rest = &input[at..end];
        loop {
            // One by one, and all that are ready.
            turn += 1;
            let found = match turn % 3 {
                0 => reader.feed_batch(&mut rest, &mut batch)?,
                _ => reader.feed(&mut rest)?,
            };
            at = end - rest.len();
            match found {
                Found::Item if turn % 3 == 0 && !batch.is_empty() => batch.items().for_each(&mut each),
                Found::Item => each(reader.item().expect("an item was found")),
                Found::Done => return Ok(at),
                Found::NeedMore => break,
                _ => panic!("nobody asks"),
            }
        }
        assert!(rest.is_empty());
        if at == input.len() {
            reader.finish()?;
            return Ok(at);
        }
    }
}

/// A whole pass over the opcodes.
fn plan<'p>(input: &[u8], storage: &'p mut Vec<MemoUse>) -> MemoPlan<'p> {
    storage.resize(input.len() * 2 + 16, MemoUse::EMPTY);
    let (mut decoder, mut rest) = (Decoder::new(), input);
    let mut plan = MemoPlan::new(storage);
    while let Ok(Step::Op(op)) = decoder.next(&mut rest) {
        plan.op(&op).unwrap();
        if op.opcode == Opcode::Stop {
            break;
        }
    }
    plan.finish();
    plan
}

/// More than the result is left on the stack: what the reader took for the pickle may be what lies below.
fn leaves_more(input: &[u8]) -> bool {
    // True is a mark.
    let (mut decoder, mut rest, mut stack) = (Decoder::new(), input, Vec::new());
    while let Ok(Step::Op(op)) = decoder.next(&mut rest) {
        if op.opcode == Opcode::Stop {
            return stack.len() > 1;
        }
        let effect = op.opcode.stack_effect();
        while effect.to_mark && stack.pop() == Some(false) {}
        stack.truncate(stack.len().saturating_sub(usize::from(effect.pops)));
        stack.extend(std::iter::repeat_n(false, usize::from(effect.pushes)));
        stack.extend(effect.marks.then_some(true));
    }
    false
}

/// What became of one pickle.
#[derive(Default)]
struct Tally {
    same: u64,
    early: u64,
    broke: u64,
    limits: u64,
}

fn is_rule(kind: ErrorKind) -> bool {
    use ErrorKind::*;
    matches!(kind, MemoDropped | ItemChanged | ContainerMoved | ContainerFetched | MemoOrder)
}

/// Every item equals the document's; an error is the document's, or one of the rule.
fn check<M: Memory>(
    name: &str,
    input: &[u8],
    document: &Result<Document<'_>, Error>,
    path: &str,
    mut reader: ItemReader<'_, M>,
    piece: impl FnMut() -> usize,
    tally: &mut Tally,
) {
    let expected = match document {
        Ok(document) => document.find(path).map(items_of).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let mut count = 0;
    let mut difference = None;
    let found = read(&mut reader, input, piece, |item| {
        if document.is_ok() && difference.is_none() {
            let key = item.key();
            difference = match expected.get(count) {
                None => Some("an item too many".to_owned()),
                Some((role, _, _)) if *role != item.role() => Some(format!("{role:?} is not {:?}", item.role())),
                Some((_, want, _)) if want.is_some() != key.is_some() => Some("keys differ".into()),
                Some((_, want, value)) => compare_values(item.value(), *value)
                    .and_then(|()| key.zip(*want).map_or(Ok(()), |(key, want)| compare_values(key, want)))
                    .err(),
            };
            difference = difference.take().map(|text| format!("item {count}: {text}"));
        }
        assert_eq!(item.index(), count as u64);
        count += 1;
    });
    let text = || if input.len() < 3000 { input.escape_ascii().to_string() } else { name.to_owned() };
    match (found, document) {
        (Ok(_), Ok(_)) => {
            assert_eq!(difference, None, "{name} {path}: {}", text());
            assert_eq!(count, expected.len(), "{name} {path}: {}", text());
            tally.same += 1;
        }
        (Ok(_), Err(error)) => panic!("{name}: no error, but {error:?}: {}", text()),
        (Err(error), Ok(_)) if is_rule(error.kind()) => {
            // Items may have changed later, or be another container's: that is what the error says.
            let told = matches!(error.kind(), ErrorKind::ItemChanged | ErrorKind::ContainerMoved);
            // A later error can hide that.
            let told = told || path != "$" || document.as_ref().is_ok_and(|d| d.root().kind() == Kind::Tuple);
            let told = told || leaves_more(input);
            assert!(told || difference.is_none(), "{name} {path}: {difference:?}, {error:?}: {}", text());
            tally.broke += 1;
        }
        (Err(error), _) if error.kind().is_limit() && error.kind() != ErrorKind::WorkLimit => tally.limits += 1,
        (Err(error), Err(whole)) => {
            assert!(error == *whole || is_rule(error.kind()), "{name}: {error:?}, {whole:?}: {}", text());
            tally.same += 1;
        }
        (Err(error), Ok(_)) => panic!("{name} {path}: {error:?}: {}", text()),
    }
    tally.early += u64::from(count > 0);
}

const PATHS: &[&str] = &["$", "$.a", "$.rows", "$[0]", "$[1]", "$.a.b", "$[0].a"];

/// Reads a pickle item by item in every way, and compares.
pub fn check_all_ways(seed: u64, pickle: &[u8]) {
    all_ways("pickle", pickle, &mut Random(seed), &mut Tally::default());
}

fn all_ways(name: &str, input: &[u8], random: &mut Random, tally: &mut Tally) {
    let mut whole = Unpickler::new(Heap::new(), Options::new());
    let document = whole.load(input);
    let path = if random.below(3) == 0 { PATHS[random.below(PATHS.len())] } else { "$" };
    for min_nodes in [0, 20] {
        let cache_entries = [0, 3, 4096][random.below(3)];
        let cache_bytes = [0, 10, 1 << 20][random.below(3)];
        let options = ItemOptions::new().min_nodes(min_nodes).cache_entries(cache_entries).cache_bytes(cache_bytes);
        let most = 1 + random.below(60);
        let mut pieces = Random(random.next());
        let mut piece = || if most > 50 { usize::MAX } else { 1 + pieces.below(most) };
        let reader = ItemReader::new(Heap::new(), options).at_path(path);
        check(name, input, &document, path, reader, &mut piece, tally);
        let mut storage = Vec::new();
        let plan = plan(input, &mut storage);
        let reader = ItemReader::new(Heap::new(), options).at_path(path).with_plan(&plan);
        check(name, input, &document, path, reader, &mut piece, tally);
    }
    let (mut nodes, mut memo, mut bytes) = (vec![Node::EMPTY; 2000], vec![Node::EMPTY; 500], vec![0; 8000]);
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let options = ItemOptions::new().min_nodes(100).cache_entries(100).cache_bytes(1000);
    let reader = ItemReader::new(storage, options).at_path(path);
    check(name, input, &document, path, reader, || 7, tally);
}

/// Every spelling of every known type.
#[test]
fn equals_the_view() {
    let (mut random, mut tally) = (Random(5), Tally::default());
    for file in ["views.tsv", "pandas.tsv"] {
        let table = std::fs::read_to_string(format!("{}/../tests/data/views/{file}", env!("CARGO_MANIFEST_DIR")));
        for line in table.unwrap().lines() {
            let hex = line.rsplit('\t').next().unwrap();
            let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
            let pickle: Vec<u8> = (0..hex.len() / 2).map(byte).collect();
            all_ways(line, &pickle, &mut random, &mut tally);
        }
    }
    assert!(tally.same > 5000, "{}", tally.same);
}

#[test]
fn equals_the_document() {
    let (mut random, mut tally) = (Random(3), Tally::default());
    let full = std::env::var_os("PICKLE_FULL").is_some();
    let mut files = data();
    files.extend(
        corpus().into_iter().enumerate().filter(|(i, f)| full || f.1.len() < 20_000 && i % 4 == 0).map(|f| f.1),
    );
    for (name, bytes) in &files {
        all_ways(name, bytes, &mut random, &mut tally);
    }
    println!("{} pickles: {} good, {} broke the rule, {} limits", files.len(), tally.same, tally.broke, tally.limits);
    assert!(tally.same > 100 && tally.early > 50);
    assert!(tally.broke * 5 < tally.same, "{} of the real pickles cannot be streamed", tally.broke);
}

/// Random records: dicts, lists and objects of a few keys, strings new and old, sharing within and across.
fn records(random: &mut Random) -> Vec<u8> {
    let mut out = b"\x80\x04".to_vec();
    let mut memo = 0u64;
    let root = random.below(4);
    let roots: [&[u8]; 4] = [b"]", b"}", b"\x8f", b"cm\nC\n)\x81"];
    out.extend_from_slice(roots[root]);
    if random.below(2) == 0 {
        out.push(0x94);
        memo += 1;
    }
    for batch in 0..1 + random.below(6) {
        let items = 1 + random.below(5);
        let marked = items > 1 || random.below(2) == 0;
        if marked {
            out.push(b'(');
        }
        let kind = if root == 3 { random.below(2) } else { root };
        for item in 0..items {
            if kind == 1 {
                let key = format!("k{batch}-{item}");
                out.extend([0x8c, key.len() as u8]);
                out.extend(key.as_bytes());
            }
            record(random, &mut out, &mut memo, kind == 2, 0);
        }
        out.push(match (kind, marked) {
            (0, true) => b'e',
            (0, false) => b'a',
            (1, true) => b'u',
            (1, false) => b's',
            _ if marked => 0x90,
            _ => b'0',
        });
    }
    if root == 3 {
        out.extend(b"}(\x8c\x01xK\x01\x8c\x01yK\x02ub");
    }
    out.push(b'.');
    out
}

fn record(random: &mut Random, out: &mut Vec<u8>, memo: &mut u64, hashable: bool, depth: usize) {
    let memoize = |random: &mut Random, out: &mut Vec<u8>, memo: &mut u64| {
        if random.below(3) != 0 {
            out.push(0x94);
            *memo += 1;
        }
    };
    match random.below(if hashable || depth > 2 { 5 } else { 8 }) {
        0 => out.extend([b'K', random.below(256) as u8]),
        1 | 2 => {
            let text = format!("s{}", random.next() % 50);
            out.extend([0x8c, text.len() as u8]);
            out.extend(text.as_bytes());
            memoize(random, out, memo);
        }
        // Mostly what is near.
        3 if *memo > 0 && !hashable => {
            let back = if random.below(4) == 0 { *memo } else { (*memo).min(6) };
            out.extend([b'j']);
            out.extend(((*memo - 1 - random.next() % back) as u32).to_le_bytes());
        }
        3 | 4 => {
            out.extend(b"\x8c\x01m\x94\x8c\x02C");
            out.extend([b'0' + random.below(4) as u8, 0x94, 0x93, 0x94]);
            *memo += 3;
        }
        5 => {
            out.push(b']');
            memoize(random, out, memo);
            for _ in 0..random.below(3) {
                record(random, out, memo, false, depth + 1);
                out.push(b'a');
            }
        }
        6 => {
            record(random, out, memo, false, depth + 1);
            record(random, out, memo, false, depth + 1);
            out.push(0x86);
            memoize(random, out, memo);
        }
        _ => {
            out.push(b'}');
            memoize(random, out, memo);
            for key in 0..random.below(3) {
                out.extend([0x8c, 1, b'a' + key as u8]);
                record(random, out, memo, false, depth + 1);
                out.push(b's');
            }
        }
    }
}

/// Found by fuzzing: the object that APPEND makes larger is left on the stack, and the memo stops the reader before STOP
/// says what the pickle is.
#[test]
fn what_is_left_below_the_result_is_not_it() {
    let left = b"(im\n0\nS'a'\np1\naU\x01b\x94aN.";
    let more = [&b"(ioOld\np0\n(dp1\nS'x'\nI1\nsb((im\n1\nS'a'\np1\naU\x01b\x94aK\x02a."[..], b"(im\n0\n]K\x01a."];
    assert!(leaves_more(left) && more.iter().all(|input| leaves_more(input)));
    assert!(!leaves_more(b"(lp0\nI1\na(I2\nI3\ne0(lp1\n.") && !leaves_more(b"(K\x011K\x02."));
    for seed in 0..255 {
        check_all_ways(seed, left);
        more.iter().for_each(|input| check_all_ways(seed, input));
    }
}

#[test]
fn random_records() {
    let times = std::env::var("PICKLE_RANDOM").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (mut random, mut tally) = (Random(9), Tally::default());
    for _ in 0..6_000 * times {
        let pickle = records(&mut random);
        all_ways("records", &pickle, &mut random, &mut tally);
    }
    println!("{} good, {} broke the rule, {} limits", tally.same, tally.broke, tally.limits);
    assert!(tally.same > 10_000 && tally.broke > 100, "{} {}", tally.same, tally.broke);
}

fn shown(input: &[u8], reader: &mut ItemReader<'_, Heap>) -> (Vec<String>, Result<usize, Error>) {
    let mut all = Vec::new();
    let result = read(
        reader,
        input,
        || usize::MAX,
        |item| {
            let key = item.key().map(|key| show(key) + ": ").unwrap_or_default();
            all.push(key + &show(item.value()));
        },
    );
    (all, result)
}

fn at_once() -> ItemOptions {
    ItemOptions::new().min_nodes(0)
}

#[test]
fn what_breaks_the_rule_is_an_error_that_names_the_entry() {
    let cases: &[(&[u8], ErrorKind, Option<u64>)] = &[
        // A list of a second batch, fetched by a third.
        (b"]q\0(K\x01e(]q\x01e(h\x01e.", ErrorKind::MemoDropped, Some(1)),
        // A list of the first batch, changed afterwards.
        (b"]q\0(]q\x01e(K\x02e(h\x01K\x05ae.", ErrorKind::ItemChanged, Some(1)),
        // An item that holds its own list.
        (b"]q\0(K\x01e(h\0e.", ErrorKind::ContainerFetched, Some(0)),
        // A list that turns out to be a part of a tuple.
        (b"](K\x01e(K\x02eN\x86.", ErrorKind::ContainerMoved, None),
        // A memo entry that is put again.
        (b"]q\0(K\x01e(]q\0e.", ErrorKind::MemoOrder, Some(0)),
    ];
    for (input, kind, entry) in cases {
        let mut reader = ItemReader::new(Heap::new(), at_once());
        let (_, result) = shown(input, &mut reader);
        let error = result.expect_err(&input.escape_ascii().to_string());
        assert_eq!((error.kind(), reader.entry()), (*kind, *entry), "{error:?} {}", input.escape_ascii());
    }
}

#[test]
fn a_plan_keeps_what_is_fetched() {
    let input = b"]q\0(K\x01e(]q\x01K\x07ae(h\x01h\x01\x86e(K\x09e.";
    let mut storage = Vec::new();
    let plan = plan(input, &mut storage);
    assert_eq!(plan.len(), 1);
    let mut reader = ItemReader::new(Heap::new(), at_once()).with_plan(&plan);
    let (items, result) = shown(input, &mut reader);
    assert_eq!(result, Ok(input.len()));
    assert_eq!(items, ["1", "[7]", "([7], [7])", "9"]);
}

#[test]
fn paths_and_roles() {
    let input = b"}(X\x01\0\0\0aK\x01X\x04\0\0\0rows](K\x02K\x03e(K\x04eX\x01\0\0\0zNu.";
    for min_nodes in [0, 1000] {
        let options = ItemOptions::new().min_nodes(min_nodes);
        let mut reader = ItemReader::new(Heap::new(), options).at_path("$.rows");
        assert_eq!(shown(input, &mut reader), (vec!["2".into(), "3".into(), "4".into()], Ok(input.len())));
        let mut reader = ItemReader::new(Heap::new(), options);
        let all = vec!["'a': 1".into(), "'rows': [2, 3, 4]".into(), "'z': None".into()];
        assert_eq!(shown(input, &mut reader), (all, Ok(input.len())));
        let object = b"cm\nC\n)\x81(K\x01e}(X\x01\0\0\0xK\x05ub.";
        let mut reader = ItemReader::new(Heap::new(), options);
        assert_eq!(shown(object, &mut reader), (vec!["1".into(), "'x': 5".into()], Ok(object.len())));
    }
}

#[test]
fn an_index_through_a_marked_list_leads_nowhere() {
    let input = b"}X\x04\0\0\0rows](K\x01K\x02es.";
    for path in ["$.rows[2]", "$.rows[0]", "$.rows.x", "$[0]"] {
        for min_nodes in [0, 1000] {
            let options = ItemOptions::new().min_nodes(min_nodes);
            let mut reader = ItemReader::new(Heap::new(), options).at_path(path);
            assert_eq!(shown(input, &mut reader).0, [""; 0], "{path}");
            assert_eq!(reader.path_found(), path == "$.rows[0]", "{path}");
        }
    }
}

/// Items are those of one container: the first of several must not pass for all.
#[test]
fn a_path_to_several_containers_leads_nowhere() {
    let input = b"}X\x04\0\0\0rows](](K\x01K\x02e](K\x03K\x04ees.";
    for path in ["$.rows[*]", "$.*", "$[*][0]", "$..rows", "$.rows[0:1]", "$.rows[::]"] {
        for min_nodes in [0, 1000] {
            let options = ItemOptions::new().min_nodes(min_nodes);
            let mut reader = ItemReader::new(Heap::new(), options).at_path(path);
            assert_eq!(shown(input, &mut reader), (vec![], Ok(input.len())), "{path}");
            assert!(!reader.path_found(), "{path}");
        }
    }
}

/// A state between items stays, and what would come after it is refused: it must never be written over.
#[test]
fn a_state_between_items() {
    let last = b"cm\nC\n)\x81(K\x01e(K\x02K\x03u}X\x01\0\0\0xK\x05sb.";
    let mut reader = ItemReader::new(Heap::new(), at_once());
    let all = ["1", "2: 3", "'x': 5"].map(str::to_owned).to_vec();
    assert_eq!(shown(last, &mut reader), (all, Ok(last.len())));
    let between = b"cm\nC\n)\x81Na}X\x01\0\0\0xK\x05sbNaNa.";
    let mut reader = ItemReader::new(Heap::new(), at_once());
    let (items, result) = shown(between, &mut reader);
    assert_eq!((items, result.map_err(|error| error.kind())), (vec!["None".into()], Err(ErrorKind::ItemChanged)));
}

#[test]
fn every_item_before_the_cut() {
    let input = b"]q\0(X\x03\0\0\0oneX\x03\0\0\0twoe(X\x05\0\0\0threee.";
    for len in 0..input.len() {
        let mut reader = ItemReader::new(Heap::new(), at_once());
        let (items, result) = shown(&input[..len], &mut reader);
        let error = result.expect_err("it is cut");
        assert!(error.kind().is_incomplete() && error.offset() == len as u64, "{error:?}");
        let batches = [21, 33].iter().filter(|&&end| len >= end).count();
        assert_eq!(items.len(), [0, 2, 3][batches], "cut at {len}");
    }
}

/// A thousand records through memory for a few: 3 KB for 60.
#[test]
fn a_thousand_records_in_little_memory() {
    let mut input = b"\x80\x03]q\0".to_vec();
    let mut next = 1u32;
    for record in 0..1000u32 {
        input.extend(b"}r");
        input.extend(next.to_le_bytes());
        next += 1;
        for (n, name) in ["id", "temp", "place"].iter().enumerate() {
            if record == 0 {
                input.extend([b'X', name.len() as u8, 0, 0, 0]);
                input.extend(name.as_bytes());
                input.extend([b'q', next as u8]);
                next += 1;
            } else {
                input.extend([b'h', 2 + n as u8]);
            }
            if n == 2 {
                let text = format!("place number {record}");
                input.extend([b'X', text.len() as u8, 0, 0, 0]);
                input.extend(text.as_bytes());
                input.push(b'r');
                input.extend(next.to_le_bytes());
                next += 1;
            } else {
                input.push(b'J');
                input.extend(record.to_le_bytes());
            }
            input.push(b's');
        }
        input.push(b'a');
    }
    input.push(b'.');
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 60], [Node::EMPTY; 24], [0; 400]);
    let size = size_of_val(&nodes) + size_of_val(&memo) + size_of_val(&bytes);
    assert!(input.len() > 20 * size, "{} bytes, memory of {size}", input.len());
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let options = ItemOptions::new().min_nodes(0).cache_entries(8).cache_bytes(128);
    let mut reader = ItemReader::new(storage, options);
    let mut count = 0;
    let result = read(
        &mut reader,
        &input,
        || 16,
        |item| {
            let record = item.value();
            assert_eq!(record.get("id").and_then(|v| v.as_i64()), Some(count));
            assert_eq!(record.get("place").and_then(|v| v.as_str()), Some(&*format!("place number {count}")));
            count += 1;
        },
    );
    assert_eq!((result, count), (Ok(input.len()), 1000));
}

#[test]
fn a_batch_is_all_that_is_ready() {
    let mut reader = ItemReader::new(Heap::new(), at_once());
    let mut input = &b"](K\x01X\x02\0\0\0abq\x01e(}X\x01\0\0\0ch\x01sK\x04K\x05eK\x06a."[..];
    let (mut batch, mut texts, mut sizes) = (Batch::new(), Vec::new(), Vec::new());
    while reader.feed_batch(&mut input, &mut batch) == Ok(Found::Item) {
        sizes.push(batch.len());
        // It lives on while the reader does not.
        let moved = batch.clone();
        let shown = std::thread::spawn(move || moved.items().map(|i| (i.index(), show(i.value()))).collect::<Vec<_>>());
        texts.extend(shown.join().expect("no panic"));
    }
    assert_eq!(sizes, [2, 3, 1]);
    let want = ["1", "'ab'", "{'c': 'ab'}", "4", "5", "6"].map(str::to_owned);
    assert_eq!(texts, (0..).zip(want).collect::<Vec<_>>());
}

/// A UserDict or UserList of so many items, in protocol 4.
fn user(name: &str, count: u32) -> Vec<u8> {
    let mut out = b"\x80\x04\x8c\x0bcollections\x8c\x08".to_vec();
    out.extend(name.as_bytes());
    out.extend(b"\x93)\x81}\x8c\x04data");
    out.push(if name == "UserDict" { b'}' } else { b']' });
    for first in (0..count).step_by(1000) {
        out.push(b'(');
        for number in first..count.min(first + 1000) {
            (0..if name == "UserDict" { 2 } else { 1 }).for_each(|_| {
                out.push(b'J');
                out.extend(number.to_le_bytes());
            });
        }
        out.push(if name == "UserDict" { b'u' } else { b'e' });
    }
    out.extend(b"sb.");
    out
}

/// Their items lie in an attribute, whatever the size, and in bounded memory.
#[test]
fn items_of_user_dicts_and_lists() {
    for (name, role) in [("UserDict", Role::Entry), ("UserList", Role::Item)] {
        for count in [0, 1, 2, 255, 256, 999, 1000, 1001, 2560, 65_535, 65_536, 300_000] {
            let pickle = user(name, count);
            let mut unpickler = Unpickler::new(Heap::new(), Options::new());
            let document = unpickler.load(&pickle).unwrap();
            assert_eq!(document.root().members().unwrap().len(), count as usize);
            let (mut nodes, mut memo, mut bytes) = (vec![Node::EMPTY; 12_000], vec![Node::EMPTY; 64], vec![0; 4096]);
            let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
            let mut reader = ItemReader::new(storage, ItemOptions::new().min_nodes(4096));
            let mut found = 0;
            read(
                &mut reader,
                &pickle,
                || 4096,
                |item| {
                    assert_eq!((item.role(), item.value().as_u64()), (role, Some(found)));
                    found += 1;
                },
            )
            .unwrap();
            assert_eq!(found, u64::from(count), "{name}");
        }
    }
}

/// What Python writes a ChainMap of, each of its keys once, in the order of Python and with the value of the first map.
#[test]
fn items_of_chained_maps() {
    // ChainMap({"a": 1}, OrderedDict(b=3, a=2), {"c": 4, 1: "x", True: "y"})
    let maps = b"\x80\x04\x8c\x0bcollections\x8c\x08ChainMap\x93)\x81}\x8c\x04maps](}\x8c\x01aK\x01s\
        \x8c\x0bcollections\x8c\x0bOrderedDict\x93)R(\x8c\x01bK\x03\x8c\x01aK\x02u\
        }(\x8c\x01cK\x04K\x01\x8c\x01x\x88\x8c\x01yuesb.";
    let all = ["'c': 4", "1: 'y'", "'b': 3", "'a': 1"].map(str::to_owned).to_vec();
    for min_nodes in [0, 1000] {
        let mut reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(min_nodes));
        assert_eq!(shown(maps, &mut reader), (all.clone(), Ok(maps.len())));
    }
    // Keys that nobody has taken are not those of the next pickle.
    let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
    assert_eq!(reader.feed(&mut &maps[..]), Ok(Found::Item));
    reader.begin_at(0);
    let deque = b"ccollections\ndeque\n((lp0\nI1\natR.";
    assert_eq!(shown(deque, &mut reader), (vec!["1".to_owned()], Ok(deque.len())));
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(maps).unwrap();
    assert_eq!(document.find("$.a").and_then(|a| a.as_i64()), Some(1));
    assert_eq!(document.find("$.b").and_then(|b| b.as_i64()), Some(3));
    // 70,000 keys of two maps, half of them in both.
    let mut large = b"\x80\x04\x8c\x0bcollections\x8c\x08ChainMap\x93)\x81}\x8c\x04maps](".to_vec();
    for from in [0u32, 35_000] {
        large.extend(b"}(");
        for key in from..from + 70_000 {
            large.push(b'J');
            large.extend(key.to_le_bytes());
            large.push(b'J');
            large.extend(from.to_le_bytes());
        }
        large.push(b'u');
    }
    large.extend(b"esb.");
    let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
    let (mut rest, mut count) = (&large[..], 0);
    while reader.feed(&mut rest).unwrap() == Found::Item {
        let item = reader.item().unwrap();
        let key = item.key().and_then(|key| key.as_i64()).unwrap();
        assert_eq!(item.value().as_i64(), Some(if key < 70_000 { 0 } else { 35_000 }));
        count += 1;
    }
    assert_eq!(count, 105_000);
}

/// What an object is made with comes before its attributes, whatever their number.
#[test]
fn items_of_records() {
    for attributes in [0u32, 1, 255, 999, 1000, 1001, 5000] {
        let mut pickle = b"\x80\x04cm\nErr\n(K\x07\x8c\x03badtR}".to_vec();
        for first in (0..attributes).step_by(1000) {
            pickle.push(b'(');
            for number in first..attributes.min(first + 1000) {
                pickle.extend(format!("X\x05\0\0\0{:05}M\x01\x02", number).into_bytes());
            }
            pickle.push(b'u');
        }
        pickle.extend(b"b.");
        for min_nodes in [0, 4096] {
            let mut reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(min_nodes));
            let (all, used) = shown(&pickle, &mut reader);
            assert_eq!((all.len(), used), (attributes as usize + 2, Ok(pickle.len())));
            assert_eq!(all.get(..2), Some(&["7".to_owned(), "'bad'".to_owned()][..]));
        }
    }
}
