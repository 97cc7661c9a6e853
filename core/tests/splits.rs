//! The splits of a plan, one after another, give the items of the whole stream.

mod common;

use common::{Random, compare_values, corpus, data, show};
use pickle_core::{
    Batch, ErrorKind, Found, Heap, Item, ItemOptions, ItemReader, MemoPlanner, SplitError, SplitNeeds, SplitOptions,
    SplitPlan, SplitPlanner, SplitReader, UnsplitReason,
};

fn part(stream: &[u8], range: std::ops::Range<u64>, most: usize) -> &[u8] {
    let end = stream.len().min(usize::try_from(range.end).unwrap_or(usize::MAX));
    let all = stream.get(range.start as usize..end).unwrap_or_default();
    &all[..all.len().min(most)]
}

fn plan(stream: &[u8], path: &str, options: SplitOptions, most: usize) -> SplitPlan {
    let mut planner = SplitPlanner::new(path, options);
    while let Some(range) = planner.wants() {
        planner.feed(&mut part(stream, range, most));
    }
    planner.finish()
}

/// Reads a split; `each` gets its items.
fn read_split(
    stream: &[u8],
    plan: &SplitPlan,
    split: usize,
    most: usize,
    mut each: impl FnMut(&Item<'_>),
) -> Result<u64, SplitError> {
    let mut needs = SplitNeeds::new(plan, split).unwrap();
    while let Some(range) = needs.wants() {
        needs.feed(&mut part(stream, range, most));
    }
    let mut memo = MemoPlanner::new();
    let start = needs.finish(&mut memo);
    assert!(start.reads().all(|range| range.end <= start.split().offset.max(range.end)));
    let mut reader = SplitReader::new(Heap::new(), ItemOptions::new(), &start);
    let (mut count, mut batch) = (0, Batch::new());
    while let Some(range) = reader.wants() {
        let mut input = part(stream, range, most);
        let found = if split.is_multiple_of(2) {
            reader.feed_batch(&mut input, &mut batch)?
        } else {
            batch = Batch::new();
            reader.feed(&mut input)?
        };
        match found {
            Found::Item if !batch.is_empty() => batch.items().for_each(|item| {
                count += 1;
                each(&item);
            }),
            Found::Item => {
                count += 1;
                each(&reader.item().unwrap());
            }
            _ => {}
        }
    }
    Ok(count)
}

/// The items of a stream, read as a whole.
struct Whole<'s> {
    reader: ItemReader<'s, Heap>,
    rest: &'s [u8],
    over: bool,
}

impl<'s> Whole<'s> {
    fn new(stream: &'s [u8], path: &'s str) -> Self {
        let reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(usize::MAX)).at_path(path);
        Whole { reader, rest: stream, over: false }
    }

    fn next(&mut self) -> Result<Option<Item<'_>>, pickle_core::Error> {
        while !self.over {
            match self.reader.feed(&mut self.rest)? {
                Found::Item => return Ok(self.reader.item()),
                Found::NeedMore => {
                    self.reader.finish()?;
                    self.over = true;
                }
                _ if self.rest.is_empty() => self.over = true,
                _ => self.reader.next_pickle(),
            }
        }
        Ok(None)
    }
}

fn count(stream: &[u8], path: &str) -> Result<u64, pickle_core::Error> {
    let mut whole = Whole::new(stream, path);
    let mut count = 0;
    while whole.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// What became of it.
#[derive(Default, Debug)]
struct Tally {
    streams: usize,
    inside: usize,
    splits: usize,
    entries: usize,
    unsplit: std::collections::BTreeMap<String, usize>,
}

fn check(name: &str, stream: &[u8], path: &str, options: SplitOptions, most: usize, tally: &mut Tally) {
    let Ok(expected) = count(stream, path) else { return };
    let plan = plan(stream, path, options, most);
    let text = || if stream.len() < 3000 { stream.escape_ascii().to_string() } else { String::new() };
    let context = || format!("{name} {path} {options:?}: {} {plan:?}", text());
    let mut bytes = Vec::new();
    plan.write(&mut bytes);
    assert_eq!(SplitPlan::read(&bytes).as_ref(), Some(&plan));
    assert_eq!(plan.fault(), None, "{}", context());
    if let Some(unsplit) = plan.unsplit() {
        *tally.unsplit.entry(format!("{:?}", unsplit.reason)).or_default() += 1;
    } else {
        assert_eq!(plan.items(), Some(expected), "{}", context());
    }
    tally.streams += 1;
    tally.inside += usize::from(plan.splits().iter().any(|split| split.inside.is_some()));
    tally.splits += plan.splits().len();
    tally.entries += plan.entries();
    let mut whole = Whole::new(stream, path);
    let mut total = 0;
    let mut offset = 0;
    for (number, split) in plan.splits().iter().enumerate() {
        assert!(split.offset >= offset && split.end >= split.offset, "{}", context());
        offset = split.end;
        // From a part of the plan, with the split before it or without.
        let from = number.saturating_sub(number % 2);
        let some = plan.part(from..number + 1).unwrap();
        assert_eq!(some.splits().len(), number + 1 - from);
        let (plan_of, at) = if number % 3 == 1 { (&plan, number) } else { (&some, number - from) };
        let result = read_split(stream, plan_of, at, most, |item| {
            let want = whole.next().unwrap();
            let Some(want) = want else { panic!("an item too many: {}", context()) };
            if plan.items().is_some() {
                assert_eq!(item.index(), total, "{}", context());
            }
            total += 1;
            let same = compare_values(item.value(), want.value()).and_then(|()| match (item.key(), want.key()) {
                (Some(key), Some(want)) => compare_values(key, want),
                (None, None) => Ok(()),
                _ => Err("keys differ".into()),
            });
            assert_eq!(same, Ok(()), "split {number}, item {total}: {}", context());
            assert_eq!(item.role(), want.role(), "{}", context());
        });
        match result {
            Ok(count) => assert!(split.count.is_none_or(|known| known == count), "{number}: {}", context()),
            // What an item reader refuses is refused here, too.
            Err(SplitError::Pickle(error)) if plan.unsplit().is_some() && is_rule(error.kind()) => return,
            Err(error) => panic!("split {number}: {error:?}: {}", context()),
        }
    }
    assert_eq!(total, expected, "{}", context());
}

fn is_rule(kind: ErrorKind) -> bool {
    use ErrorKind::*;
    matches!(kind, MemoDropped | ItemChanged | ContainerMoved | ContainerFetched | MemoOrder)
}

const SIZES: [(u64, u64); 7] =
    [(u64::MAX, 1), (u64::MAX, 2), (u64::MAX, 7), (u64::MAX, 1000), (1, u64::MAX), (40, u64::MAX), (1 << 16, u64::MAX)];

fn sized((bytes, items): (u64, u64)) -> SplitOptions {
    SplitOptions::new().every_bytes(bytes).every_items(items).min_nodes(0)
}

#[test]
fn real_pickles() {
    let full = std::env::var_os("PICKLE_FULL").is_some();
    let mut files = data();
    files.extend(
        corpus().into_iter().enumerate().filter(|(i, f)| full || f.1.len() < 20_000 && i % 4 == 0).map(|f| f.1),
    );
    let mut tally = Tally::default();
    for (name, bytes) in &files {
        for size in SIZES {
            check(name, bytes, "$", sized(size), usize::MAX, &mut tally);
        }
        check(name, bytes, "$", sized(SIZES[1]), 7, &mut tally);
        for path in ["$.a", "$.rows", "$[0]", "$[1]", "$.a.b"] {
            check(name, bytes, path, sized(SIZES[0]), usize::MAX, &mut tally);
        }
        check(name, bytes, "$", SplitOptions::new(), usize::MAX, &mut tally);
    }
    println!("{tally:?}");
    // So many without a corpus, too.
    assert!(tally.streams > 900 && tally.inside > 100);
}

/// How memo entries are put.
#[derive(Clone, Copy, PartialEq)]
enum Memo {
    None,
    Memoize,
    BinPut,
    Text,
    /// BINPUT of every third index.
    Sparse,
}

/// Random records: lists, dicts, sets or objects of values of a few kinds, which share strings, classes and containers.
struct Maker<'r> {
    random: &'r mut Random,
    memo: Memo,
    next: u64,
    /// Opcodes.
    ops: Vec<Vec<u8>>,
    /// Entries that may be fetched.
    known: Vec<u64>,
    near: u64,
}

impl Maker<'_> {
    fn op(&mut self, bytes: &[u8]) {
        self.ops.push(bytes.to_vec());
    }

    fn text(&mut self, text: &str) {
        match self.memo {
            Memo::Text => self.op(format!("V{text}\n").as_bytes()),
            Memo::Memoize | Memo::None => self.op(&[&[0x8c, text.len() as u8], text.as_bytes()].concat()),
            _ => self.op(&[b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()),
        }
    }

    fn put(&mut self) -> Option<u64> {
        let index = self.next;
        match self.memo {
            Memo::None => return None,
            Memo::Memoize => self.op(b"\x94"),
            Memo::Text => self.op(format!("p{index}\n").as_bytes()),
            _ if index < 256 => self.op(&[b'q', index as u8]),
            _ => self.op(&[b"r", &(index as u32).to_le_bytes()[..]].concat()),
        }
        self.next += if self.memo == Memo::Sparse { 3 } else { 1 };
        Some(index)
    }

    fn get(&mut self, index: u64) {
        match self.memo {
            Memo::Text => self.op(format!("g{index}\n").as_bytes()),
            _ if index < 256 => self.op(&[b'h', index as u8]),
            _ => self.op(&[b"j", &(index as u32).to_le_bytes()[..]].concat()),
        }
    }

    /// A str that may have been there before.
    fn shared(&mut self) {
        if !self.known.is_empty() && self.random.below(2) == 0 {
            let back = if self.random.below(3) == 0 { self.known.len() } else { self.known.len().min(8) };
            let index = self.known[self.known.len() - 1 - self.random.below(back)];
            return self.get(index);
        }
        let text = format!("s{}", self.random.below(1000));
        self.text(&text);
        let put = self.put();
        self.known.extend(put);
    }

    fn value(&mut self, hashable: bool, depth: usize) {
        match self.random.below(if hashable || depth > 2 { 4 } else { 9 }) {
            0 if self.memo == Memo::Text => {
                let number = self.random.below(1000);
                self.op(format!("I{number}\n").as_bytes());
            }
            0 => {
                let number = self.random.below(256) as u8;
                self.op(&[b'K', number]);
            }
            1 | 2 => self.shared(),
            3 => self.text("alone"),
            4 => {
                self.op(b"]");
                let index = self.put();
                for _ in 0..self.random.below(3) {
                    self.value(false, depth + 1);
                    self.op(b"a");
                }
                // A container that others share, sometimes.
                if self.random.below(6) == 0 {
                    self.known.extend(index);
                }
            }
            5 => {
                self.value(false, depth + 1);
                self.value(false, depth + 1);
                self.op(b"\x86");
                let index = self.put();
                if self.random.below(6) == 0 {
                    self.known.extend(index);
                }
            }
            6 => {
                self.text("module");
                self.put();
                let name = format!("C{}", self.random.below(3));
                self.text(&name);
                self.put();
                self.op(b"\x93");
                let index = self.put();
                self.known.extend(index);
            }
            7 => {
                self.op(b"cmodule\nD\n");
                let index = self.put();
                self.known.extend(index);
                self.op(b")\x81");
                self.put();
                self.op(b"}");
                self.put();
                self.text("x");
                self.value(true, depth + 1);
                self.op(b"sb");
            }
            _ => {
                self.op(b"}");
                self.put();
                for key in 0..self.random.below(3) {
                    self.text(&format!("k{key}"));
                    self.value(false, depth + 1);
                    self.op(b"s");
                }
            }
        }
    }

    /// A pickle of a container with batches of items, inside others or not.
    fn pickle(&mut self, kind: usize, wrapped: bool) {
        if wrapped {
            self.op(b"}");
            self.put();
            self.op(b"(");
            for key in ["meta", "rows"] {
                self.text(key);
                self.put();
                if key == "meta" {
                    self.value(false, 1);
                }
            }
        }
        self.op([b"]", b"}", b"\x8f", b"]"][kind]);
        self.put();
        if kind == 3 {
            // A subclass of list.
            self.ops.pop();
            if self.memo != Memo::None {
                self.ops.pop();
            }
            self.op(b"cm\nList\n)\x81");
            if self.memo != Memo::None {
                self.next -= if self.memo == Memo::Sparse { 3 } else { 1 };
            }
            self.put();
        }
        for batch in 0..1 + self.random.below(5) {
            let items = 1 + self.random.below(12);
            let marked = items > 1 || self.random.below(2) == 0 || kind == 2;
            if marked {
                self.op(b"(");
            }
            self.near = self.next;
            for item in 0..items {
                if kind == 1 {
                    self.text(&format!("key{batch}-{item}"));
                    self.put();
                }
                self.value(kind == 2, 0);
            }
            match (kind, marked) {
                (0 | 3, true) => self.op(b"e"),
                (0 | 3, false) => self.op(b"a"),
                (1, true) => self.op(b"u"),
                (1, false) => self.op(b"s"),
                _ => self.op(b"\x90"),
            }
        }
        if wrapped {
            if self.random.below(2) == 0 {
                self.text("tail");
                self.value(false, 1);
            }
            self.op(b"u");
        }
        self.op(b".");
    }
}

/// The opcodes as a stream, in frames or not.
fn join(random: &mut Random, ops: &[Vec<u8>], framed: bool) -> Vec<u8> {
    let mut out = b"\x80\x04".to_vec();
    if !framed {
        out.extend(ops.concat());
        return out;
    }
    let mut rest = ops;
    while !rest.is_empty() {
        let (frame, after) = rest.split_at(rest.len().min(1 + random.below(40)));
        let bytes = frame.concat();
        if random.below(4) != 0 || after.is_empty() {
            out.push(0x95);
            out.extend((bytes.len() as u64).to_le_bytes());
        }
        out.extend(bytes);
        rest = after;
    }
    out
}

fn random_stream(random: &mut Random) -> (Vec<u8>, bool) {
    let memo = [Memo::None, Memo::Memoize, Memo::Memoize, Memo::BinPut, Memo::Text, Memo::Sparse][random.below(6)];
    let (kind, wrapped, framed) = (random.below(4), random.below(3) == 0, random.below(2) == 0);
    let mut stream = Vec::new();
    for _ in 0..[1, 1, 1, 3][random.below(4)] {
        let mut maker = Maker { random, memo, next: 0, ops: Vec::new(), known: Vec::new(), near: 0 };
        maker.pickle(kind, wrapped);
        let ops = maker.ops;
        stream.extend(join(random, &ops, framed));
    }
    (stream, wrapped)
}

#[test]
fn random_pickles() {
    let times = std::env::var("PICKLE_RANDOM").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (mut random, mut tally) = (Random(17), Tally::default());
    for _ in 0..3_000 * times {
        let (stream, wrapped) = random_stream(&mut random);
        let path = if wrapped { "$.rows" } else { "$" };
        let options = sized(SIZES[random.below(SIZES.len())]);
        let most = if random.below(3) == 0 { 1 + random.below(20) } else { usize::MAX };
        check("random", &stream, path, options, most, &mut tally);
        check("random", &stream, path, sized((u64::MAX, 1 + random.below(9) as u64)), most, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.inside * 2 > tally.streams, "{tally:?}");
    assert!(tally.entries > 1000 && tally.unsplit.values().sum::<usize>() * 4 < tally.streams, "{tally:?}");
}

#[test]
fn cut_streams_are_planned_up_to_the_cut() {
    let mut random = Random(23);
    for _ in 0..150 {
        let (stream, wrapped) = random_stream(&mut random);
        let path = if wrapped { "$.rows" } else { "$" };
        let cut = &stream[..random.below(stream.len())];
        let plan = plan(cut, path, sized((u64::MAX, 3)), usize::MAX);
        let whole = count(cut, path);
        assert_eq!(plan.fault().is_some(), whole.is_err(), "{} {plan:?}", cut.escape_ascii());
        let mut expected = Whole::new(&stream, path);
        let mut failed = false;
        for number in 0..plan.splits().len() {
            let result = read_split(cut, &plan, number, usize::MAX, |item| {
                let want = expected.next().unwrap().unwrap();
                assert_eq!(show(item.value()), show(want.value()));
            });
            failed |= result.is_err();
        }
        assert_eq!(failed, whole.is_err(), "{} {plan:?}", cut.escape_ascii());
    }
}

#[test]
fn plans_that_lie_are_errors_or_other_items_but_never_more() {
    let mut random = Random(29);
    for _ in 0..2_000 {
        let (stream, wrapped) = random_stream(&mut random);
        let path = if wrapped { "$.rows" } else { "$" };
        let mut bytes = Vec::new();
        plan(&stream, path, sized((u64::MAX, 2)), usize::MAX).write(&mut bytes);
        for _ in 0..1 + random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        let Some(plan) = SplitPlan::read(&bytes) else { continue };
        for number in 0..plan.splits().len().min(20) {
            let mut items = 0;
            let _ = read_split(&stream, &plan, number, usize::MAX, |_| items += 1);
            assert!(items <= stream.len() * 2);
        }
    }
}

#[test]
fn what_cannot_be_split_says_why() {
    let cases: &[(&[u8], &str, UnsplitReason)] = &[
        // A list of the first batch that the third changes.
        (b"]q\0(K\x01e(]q\x01e(h\x01K\x05ae.", "$", UnsplitReason::ItemChanged),
        (b"]q\0(K\x01e(h\0e.", "$", UnsplitReason::ContainerFetched),
        (b"](K\x01e(K\x02eN\x86.", "$", UnsplitReason::ContainerMoved),
        (b"]q\x05(K\x01e(]q\0e.", "$", UnsplitReason::MemoOrder),
        (b"](K\x01q\0K\x02q\x01e(h\x01e.", "$", UnsplitReason::MemoKind),
        (b"](K\x01e(\x97e.", "$", UnsplitReason::Buffers),
        (b"](K\x01e(cjoblib.numpy_pickle\nNumpyArrayWrapper\ne.", "$", UnsplitReason::RawBytes),
        (b"](K\x01e(K\x02e(K\x03s.", "$", UnsplitReason::Damaged),
        (b"cm\nL\n)\x81(K\x01e(K\x02e}X\x01\0\0\0aK\x01sb.", "$", UnsplitReason::AtTheEnd),
    ];
    for (stream, path, why) in cases {
        let plan = plan(stream, path, sized((u64::MAX, 1)), usize::MAX);
        assert_eq!(plan.unsplit().map(|unsplit| unsplit.reason), Some(*why), "{} {plan:?}", stream.escape_ascii());
        assert!(plan.splits().len() == 1 && plan.splits()[0].inside.is_none());
    }
}

#[test]
fn pickles_are_items_of_a_log() {
    let stream: Vec<u8> = (0..1000_u32).flat_map(|n| format!("}}V{n}\np0\nI{n}\ns.").into_bytes()).collect();
    let plan = plan(&stream, "$", SplitOptions::new().every_items(7).pickles(true), 100);
    assert_eq!((plan.items(), plan.splits().len()), (Some(1000), 143));
    assert_eq!(plan.split_of(699), Some(99));
    assert_eq!(plan.split_of(1000), None);
    let split = plan.splits()[99];
    assert!(stream[split.offset as usize..].starts_with(b"}V693\n"));
}
