//! Items of containers at paths, behind siblings of every kind, as CPython writes them.

#![cfg(feature = "alloc")]

mod common;

use common::{Random, show};
use pickle_core::{
    Decoder, Error, ErrorKind, Found, Heap, ItemOptions, ItemReader, LookAhead, Opcode, Options, Step, Unpickler, Value,
};

/// A value, written as `pickle.dumps(value, 2)` does but for the memo.
#[derive(Clone, Debug)]
enum V {
    None,
    Int(u8),
    Str(&'static str),
    List(Vec<V>),
    Dict(Vec<(&'static str, V)>),
    Tuple(Vec<V>),
    /// An object without state, with attributes, with the entries of an OrderedDict, with the items of a deque.
    Object(Option<Vec<(&'static str, V)>>),
    Ordered(Vec<(&'static str, V)>),
    Deque(Vec<V>),
    Date,
}

fn batches<T>(all: &[T], [one, many]: [u8; 2], out: &mut Vec<u8>, mut put: impl FnMut(&T, &mut Vec<u8>)) {
    for batch in all.chunks(1000) {
        if let [only] = batch {
            put(only, out);
            out.push(one);
        } else {
            out.push(b'(');
            batch.iter().for_each(|item| put(item, out));
            out.push(many);
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn entries(all: &[(&'static str, V)], out: &mut Vec<u8>) {
    batches(all, *b"su", out, |(key, value), out| {
        text(key, out);
        put(value, out);
    });
}

fn put(value: &V, out: &mut Vec<u8>) {
    match value {
        V::None => out.push(b'N'),
        V::Int(int) => out.extend([b'K', *int]),
        V::Str(it) => text(it, out),
        V::List(items) => {
            out.push(b']');
            batches(items, *b"ae", out, put);
        }
        V::Dict(all) => {
            out.push(b'}');
            entries(all, out);
        }
        V::Tuple(items) => match items.len() {
            n @ 0..=3 => {
                items.iter().for_each(|item| put(item, out));
                out.push([b')', 0x85, 0x86, 0x87][n]);
            }
            _ => {
                out.push(b'(');
                items.iter().for_each(|item| put(item, out));
                out.push(b't');
            }
        },
        V::Object(state) => {
            out.extend(b"cm\nC\n)\x81");
            if let Some(state) = state {
                out.push(b'}');
                entries(state, out);
                out.push(b'b');
            }
        }
        V::Ordered(all) => {
            out.extend(b"ccollections\nOrderedDict\n)R");
            entries(all, out);
        }
        V::Deque(items) => {
            out.extend(b"ccollections\ndeque\n)R");
            batches(items, *b"ae", out, put);
        }
        V::Date => out.extend(b"cdatetime\ndate\nU\x04\x07\xe8\x02\x1d\x85R"),
    }
}

fn pickled(value: &V) -> Vec<u8> {
    let mut out = b"\x80\x02".to_vec();
    put(value, &mut out);
    out.push(b'.');
    out
}

/// What a look ahead in all of the pickle finds.
fn look_ahead(pickle: &[u8], mut look_ahead: LookAhead) -> (bool, usize) {
    let (mut decoder, mut rest, mut steps) = (Decoder::new(), &pickle[look_ahead.offset() as usize..], 0);
    while let Ok(Step::Op(op)) = decoder.next(&mut rest) {
        steps += 1;
        if let Some(known) = look_ahead.op(op.opcode) {
            return (known, steps);
        }
        if op.opcode == Opcode::Stop {
            break;
        }
    }
    (false, steps)
}

#[derive(Debug, Default)]
struct Run {
    items: Vec<String>,
    error: Option<Error>,
    /// Items that came before the end.
    early: usize,
    /// Steps of looking ahead.
    steps: usize,
    doubted: bool,
    memory: usize,
}

fn run(pickle: &[u8], path: &str, min_nodes: usize, ask: bool) -> Run {
    let mut reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(min_nodes)).at_path(path);
    if ask {
        reader = reader.report_doubt();
    }
    let mut run = Run::default();
    let (mut rest, last) = pickle.split_at(pickle.len() - 1);
    let mut at_end = false;
    loop {
        match reader.feed(&mut rest) {
            Ok(Found::Item) => {
                let item = reader.item().expect("an item");
                let key = item.key().map(|key| show(key) + ": ").unwrap_or_default();
                // Of many items the number is enough.
                if item.index() < 100 {
                    run.items.push(key + &show(item.value()));
                }
                run.early += usize::from(!at_end);
            }
            Ok(Found::NeedMore) if !at_end => (rest, at_end) = (last, true),
            Ok(Found::Doubt) => {
                let (known, steps) = look_ahead(pickle, reader.look_ahead().expect("a doubt"));
                run.steps += steps;
                reader.decide(known);
            }
            Ok(_) => break,
            Err(error) => {
                run.error = Some(error);
                break;
            }
        }
    }
    run.doubted = reader.is_held_in_doubt();
    run.memory = reader.into_memory().size();
    run
}

fn expected(pickle: &[u8], path: &str) -> Vec<String> {
    let mut reader = Unpickler::new(Heap::new(), Options::new());
    let document = reader.load(pickle).expect("a pickle");
    let Some(found) = document.find(path) else { return Vec::new() };
    let items = |value: Value<'_>| value.items().into_iter().flatten().map(show).collect::<Vec<_>>();
    let pairs = |value: Value<'_>| {
        let entries = value.entries().into_iter().flatten();
        entries.map(|(key, value)| format!("{}: {}", show(key), show(value))).collect::<Vec<_>>()
    };
    [items(found), pairs(found)].concat()
}

fn rows(count: usize) -> V {
    V::List((0..count).map(|n| V::Dict(vec![("id", V::Int(n as u8)), ("name", V::Str("x"))])).collect())
}

/// Values that stand before the one that is wanted, and whether a stream leaves it open that they take it in: by a key,
/// by a place.
fn siblings() -> Vec<(V, bool, bool)> {
    let ints = |n: usize| (0..n).map(|_| V::Int(1)).collect::<Vec<_>>();
    let keys = |n: usize| (0..n).map(|_| ("k", V::Int(1))).collect::<Vec<_>>();
    vec![
        (V::Int(1), false, false),
        (V::None, false, false),
        (V::Str("text"), false, false),
        (V::Tuple(ints(2)), false, false),
        (V::Tuple(vec![V::List(ints(1)), V::Dict(vec![])]), false, false),
        (V::List(vec![]), false, true),
        (V::List(ints(1)), false, false),
        (V::List(ints(999)), false, false),
        (V::List(ints(1000)), false, true),
        (V::List(ints(1001)), false, false),
        (V::Dict(vec![]), true, false),
        (V::Dict(keys(1)), false, false),
        (V::Dict(keys(999)), false, false),
        (V::Dict(keys(2000)), true, false),
        (V::Dict(vec![("a", V::Dict(vec![("b", V::Int(1))]))]), false, false),
        (V::Object(None), true, true),
        (V::Object(Some(vec![])), false, false),
        (V::Object(Some(keys(3))), false, false),
        (V::Ordered(vec![]), true, true),
        (V::Ordered(keys(2)), false, true),
        (V::Deque(vec![]), false, true),
        (V::Deque(ints(2)), false, true),
        (V::Date, false, false),
    ]
}

#[test]
fn rows_behind_a_sibling_of_any_kind() {
    for (sibling, by_key, by_place) in siblings() {
        for count in [1, 2, 1001, 2500] {
            let dict = V::Dict(vec![("meta", sibling.clone()), ("rows", rows(count)), ("end", V::List(vec![]))]);
            let list = V::List(vec![sibling.clone(), rows(count), V::Int(2)]);
            for (value, path, doubt) in [(dict, "$.rows", by_key), (list, "$[1]", by_place)] {
                let pickle = pickled(&value);
                let name = format!("{sibling:.60?} {path} {count}");
                let whole = expected(&pickle, path);
                let shown = &whole[..whole.len().min(100)];
                let from_pipe = run(&pickle, path, 0, false);
                assert_eq!((&from_pipe.items[..], from_pipe.error), (shown, None), "{name}");
                assert_eq!(from_pipe.early == 0, doubt, "{name}");
                assert_eq!(from_pipe.doubted, doubt, "{name}");
                let from_file = run(&pickle, path, 0, true);
                assert_eq!((&from_file.items[..], from_file.error), (shown, None), "{name}");
                assert_eq!((from_file.early, from_file.steps != 0), (count, true), "{name}");
            }
        }
    }
}

#[test]
fn the_container_belongs_to_what_stands_before_it() {
    // {"meta": {"rows": [..]}, "x": 1}: the same bytes up to the list's items.
    let inner = V::Dict(vec![("meta", V::Dict(vec![("rows", rows(3))])), ("x", V::Int(1))]);
    let deque = V::List(vec![V::Deque(vec![rows(3)]), V::Int(1)]);
    let state = V::List(vec![V::Object(Some(vec![("a", rows(2)), ("b", V::None)])), V::Int(1)]);
    for (value, wrong, right) in [(inner, "$.rows", "$.meta.rows"), (deque, "$[1]", "$[0][0]"), (state, "$[1]", "$[0]")]
    {
        let pickle = pickled(&value);
        for ask in [true, false] {
            let nothing = run(&pickle, wrong, 0, ask);
            assert_eq!((nothing.items.len(), nothing.early, nothing.error), (0, 0, None), "{wrong} {ask}");
            let items = run(&pickle, right, 0, ask);
            assert_eq!(items.error, None, "{right}");
            assert!(!items.items.is_empty(), "{right}");
        }
    }
    let roots = [V::Tuple(vec![rows(3), rows(2)]), V::Tuple(vec![rows(1); 5]), V::Deque(vec![rows(3)])];
    for value in roots {
        let pickle = pickled(&value);
        let run = run(&pickle, "$", 0, true);
        assert_eq!((run.items.len(), run.error), (expected(&pickle, "$").len().max(1), None), "{value:?}");
    }
    // A writer that is not CPython fills a dict further: what was handed over is said to be wrong, unless it looks ahead.
    let other = b"}(X\x04\0\0\0meta}X\x01\0\0\0vK\x01sX\x04\0\0\0rows](K\x01K\x02esX\x01\0\0\0xNu.";
    let moved = run(other, "$.rows", 0, false);
    assert_eq!(moved.error.map(|error| error.kind()), Some(ErrorKind::ContainerMoved));
}

/// However many rows: the memory is that of a batch, and the look ahead takes a step for each opcode.
#[test]
fn memory_of_any_number_of_rows() {
    for count in [0, 1, 255, 256, 65_535, 65_536, 300_000] {
        for (meta, ask) in [(V::Dict(vec![("v", V::Int(1))]), false), (V::Dict(vec![]), true)] {
            let pickle = pickled(&V::Dict(vec![("meta", meta), ("rows", rows(count))]));
            let run = run(&pickle, "$.rows", ItemOptions::new().min_nodes, ask);
            assert_eq!((run.error, run.items.len()), (None, count.min(100)));
            assert!(run.memory < 4 << 20, "{count}: {} bytes", run.memory);
            assert!(run.steps <= pickle.len(), "{count}: {} steps", run.steps);
        }
    }
}

fn tree(random: &mut Random, depth: usize) -> V {
    const KEYS: [&str; 3] = ["a", "b", "rows"];
    let len = [0, 1, 2, 3, 5][random.below(5)];
    let named = |random: &mut Random| {
        (0..len.min(3)).map(|n| (KEYS[n], tree(random, depth + 1))).collect::<Vec<(&'static str, V)>>()
    };
    match random.below(if depth > 3 { 4 } else { 12 }) {
        0 => V::None,
        1 => V::Int(random.below(200) as u8),
        2 => V::Str("rows"),
        3 => V::Date,
        4 | 5 => V::List((0..len).map(|_| tree(random, depth + 1)).collect()),
        6..=8 => V::Dict(named(random)),
        9 => V::Tuple((0..len).map(|_| tree(random, depth + 1)).collect()),
        10 if random.below(2) == 0 => V::Ordered(named(random)),
        10 => V::Deque((0..len).map(|_| tree(random, depth + 1)).collect()),
        _ if random.below(3) == 0 => V::Object(None),
        _ => V::Object(Some(named(random))),
    }
}

/// Whoever looks ahead gets what the whole document has, and no error; who cannot may be told at the end that it was
/// another container, but never anything wrong.
#[test]
fn random_trees() {
    let mut random = Random(17);
    let (mut early, mut asked, mut moved) = (0, 0, 0);
    for _ in 0..30_000 {
        let value = match random.below(3) {
            0 => V::List((0..1 + random.below(4)).map(|_| tree(&mut random, 0)).collect()),
            1 => {
                V::Dict(vec![("a", tree(&mut random, 0)), ("rows", tree(&mut random, 0)), ("b", tree(&mut random, 0))])
            }
            _ => tree(&mut random, 0),
        };
        let pickle = pickled(&value);
        let path: String = (0..1 + random.below(3))
            .map(|_| [".a", ".b", ".rows", "[0]", "[1]", "[2]"][random.below(6)])
            .fold("$".into(), |path, step| path + step);
        let mut reader = Unpickler::new(Heap::new(), Options::new());
        let document = reader.load(&pickle).expect("a pickle");
        let found = document.find(&path);
        // Items of lists and dicts have one meaning.
        if found.is_some_and(|value| value.items().is_none() && value.entries().is_none()) {
            continue;
        }
        let want = expected(&pickle, &path);
        let sure = run(&pickle, &path, 0, true);
        let text = || format!("{path} {value:?} {}", pickle.escape_ascii());
        early += usize::from(sure.early != 0);
        asked += usize::from(sure.steps != 0);
        assert_eq!((sure.items, sure.error), (want.clone(), None), "{}", text());
        let quick = run(&pickle, &path, 0, false);
        match quick.error {
            None => assert_eq!(quick.items, want, "{}", text()),
            Some(error) => {
                assert_eq!(error.kind(), ErrorKind::ContainerMoved, "{}", text());
                moved += 1;
            }
        }
    }
    println!("{early} early, {asked} asked, {moved} moved");
    assert!(early > 1000 && asked > 1000 && moved > 10, "{early} {asked} {moved}");
}
