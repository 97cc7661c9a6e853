//! What CPython wrote, read and written again: byte for byte the same. And
//! what is written in another protocol is the same value to that CPython.
//!
//! Values are those of `tests/identity/values.py`, pickled by every CPython
//! that is here; `PICKLE_FULL=1` takes many more of them. Those of pyenv are
//! found; `PICKLE_PYTHON313` and so on are commands that run others.
#![cfg(feature = "alloc")]

mod common;

use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{ErrorKind, Heap, Options, Unpickler, WriteError};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("../../tests/identity/values.py");

/// Minor versions with a profile.
const VERSIONS: [(u32, u32); 11] =
    [(2, 7), (3, 6), (3, 7), (3, 8), (3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15)];

fn profile_version(version: (u32, u32)) -> Version {
    match version {
        (2, _) => Version::Py27,
        (3, ..=6) => Version::Py36,
        (3, ..=10) => Version::Py38,
        (3, ..=12) => Version::Py311,
        (3, 13) => Version::Py313,
        (3, 14) => Version::Py314,
        _ => Version::Py315,
    }
}

/// A CPython, as a command line.
struct Python {
    version: (u32, u32),
    micro: u32,
    words: Vec<String>,
}

impl Python {
    /// It runs, is a CPython, and there is a profile for it.
    fn find(words: Vec<String>) -> Option<Python> {
        let ask =
            "import sys, platform; print('%s %d %d %d' % ((platform.python_implementation(),) + sys.version_info[:3]))";
        let (program, rest) = words.split_first()?;
        let out = Command::new(program).args(rest).args(["-c", ask]).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(out.stdout).ok()?;
        let mut answer = text.split_whitespace();
        let cpython = answer.next() == Some("CPython");
        let version = (answer.next()?.parse().ok()?, answer.next()?.parse().ok()?);
        let micro = answer.next()?.parse().ok()?;
        (cpython && VERSIONS.contains(&version)).then_some(Python { version, micro, words })
    }

    fn name(&self) -> String {
        format!("{}.{}.{}", self.version.0, self.version.1, self.micro)
    }

    /// The highest protocol it has.
    fn highest(&self) -> u8 {
        match self.version {
            (2, _) => 2,
            (3, ..=7) => 4,
            _ => 5,
        }
    }

    fn run(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.words[0]);
        // By -c, as a Python in a root file system of its own sees no file of ours.
        command.args(&self.words[1..]).args(["-c", SCRIPT]).args(args);
        command.env("PYTHONHASHSEED", "0").stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// The protocol and the pickle of every value.
    fn pickles(&self, seed: u32, count: u32, pure: bool, mut each: impl FnMut(u8, Vec<u8>)) {
        let pure = if pure { "pure" } else { "" };
        let mut child = self.run(&[&seed.to_string(), &count.to_string(), pure]).spawn().expect("it ran before");
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (protocol, hex) = line.split_once(' ').expect("two words");
            each(protocol.parse().unwrap(), unhex(hex));
        }
        assert!(child.wait().unwrap().success(), "{:?} failed", self.words);
    }

    /// Loads all pickles: what of ours is not the same value as theirs.
    fn compare(&self, cases: &[Case]) -> Comparison {
        let mut child = self.run(&["same"]).spawn().expect("it ran before");
        let mut input = std::io::BufWriter::new(child.stdin.take().unwrap());
        let lines = std::thread::scope(|scope| {
            scope.spawn(move || {
                for case in cases {
                    let ours: String = case.ours.iter().map(|(_, pickle)| format!(" {}", hex(pickle))).collect();
                    writeln!(input, "{}{ours}", hex(&case.theirs)).expect("it reads everything");
                }
            });
            let out = BufReader::new(child.stdout.take().unwrap());
            out.lines().map(|line| line.unwrap()).collect::<Vec<_>>()
        });
        assert!(child.wait().unwrap().success(), "{:?} failed", self.words);
        let (last, lines) = lines.split_last().expect("a last line");
        assert_eq!(*last, format!("checked {}", cases.len()));
        let mut found = Comparison::default();
        for line in lines {
            let words: Vec<&str> = line.splitn(3, ' ').collect();
            let [number, other, reason] = words[..] else { panic!("{line}") };
            let case = &cases[number.parse::<usize>().unwrap()];
            match other.parse::<usize>() {
                Ok(other) => found.differ.push(format!("{} {}: {reason}", case.name, case.ours[other].0)),
                Err(_) => found.unread.push(format!("{}: {reason}", case.name)),
            }
        }
        found
    }
}

/// A pickle of a Python's, and others that must be the same value.
struct Case {
    name: String,
    theirs: Vec<u8>,
    ours: Vec<(String, Vec<u8>)>,
}

#[derive(Default)]
struct Comparison {
    differ: Vec<String>,
    /// The Python cannot even load the first.
    unread: Vec<String>,
}

fn hex(data: &[u8]) -> String {
    data.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(b"0123456789abcdef"[nibble as usize]))
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let nibble = |byte: u8| (byte as char).to_digit(16).expect("hex") as u8;
    text.as_bytes().chunks_exact(2).map(|two| nibble(two[0]) << 4 | nibble(two[1])).collect()
}

/// All that are here.
fn pythons() -> Vec<Python> {
    let mut commands: Vec<Vec<String>> = Vec::new();
    for name in ["PICKLE_PYTHON313", "PICKLE_PYTHON314", "PICKLE_PYTHON315"] {
        commands.extend(std::env::var(name).ok().map(|text| text.split_whitespace().map(String::from).collect()));
    }
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    let folders = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let mut folders: Vec<PathBuf> = folders.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.sort();
    commands.extend(folders.iter().map(|folder| vec![folder.join("bin/python").display().to_string()]));
    commands.push(vec!["python3".into()]);
    let mut found = BTreeMap::new();
    for python in commands.into_iter().filter_map(Python::find) {
        found.entry((python.version, python.micro)).or_insert(python);
    }
    for version in VERSIONS.iter().filter(|version| !found.keys().any(|(found, _)| found == *version)) {
        println!("Python {}.{} is not here: not compared", version.0, version.1);
    }
    found.into_values().collect()
}

/// Reads and writes with memory that is kept.
struct Rewriter {
    unpickler: Unpickler<Heap>,
    writer: Writer,
}

impl Rewriter {
    fn new() -> Self {
        Rewriter::with(Options::new())
    }

    fn with(options: Options) -> Self {
        Rewriter { unpickler: Unpickler::new(Heap::new(), options), writer: Writer::new() }
    }

    fn rewrite(&mut self, pickle: &[u8], from: u8, profile: Profile) -> Result<Vec<u8>, String> {
        let document = self.unpickler.load(pickle).map_err(|error| format!("read: {error}"))?;
        self.writer.write(&document, from, profile, false, Vec::new()).map_err(|error| error.to_string())
    }
}

fn is_full() -> bool {
    std::env::var_os("PICKLE_FULL").is_some()
}

/// Seeds and values of each. Seed 0 has the boundaries besides.
fn shares() -> (u32, u32) {
    if is_full() { (24, 200) } else { (2, 40) }
}

/// Pickles of more bytes are not written in every other protocol.
const LARGE: usize = 2000;

/// What came out of one Python.
#[derive(Default)]
struct Outcome {
    lines: Vec<String>,
    failed: Vec<String>,
}

/// Runs `work` with every Python, as many at once as there are processors.
fn with_each(pythons: &[Python], work: impl Fn(&Python) -> Outcome + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |n| n.get().min(4)) {
            scope.spawn(|| {
                while let Some(python) = pythons.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let outcome = work(python);
                    println!("{}", outcome.lines.join("\n"));
                    failed.lock().unwrap().extend(outcome.failed);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    for line in failed.iter().take(40) {
        println!("{line}");
    }
    assert!(failed.is_empty(), "{} pickles differ", failed.len());
}

/// How one pickler's pickles came out, by protocol: the same bytes, of all.
#[derive(Default)]
struct Rates(BTreeMap<u8, (u32, u32)>);

impl Rates {
    fn count(&mut self, protocol: u8, same: bool) {
        let (good, all) = self.0.entry(protocol).or_default();
        *good += u32::from(same);
        *all += 1;
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (good, all) = self.0.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        write!(f, "{good} of {all} the same bytes")?;
        for (protocol, (good, all)) in self.0.iter().filter(|(_, (good, all))| good != all) {
            write!(f, ", protocol {protocol}: {good} of {all}")?;
        }
        Ok(())
    }
}

#[test]
fn generated_values() {
    let pythons = pythons();
    assert!(!pythons.is_empty(), "no CPython is here, not even python3");
    with_each(&pythons, |python| {
        let (seeds, count) = shares();
        let (mut rates, mut crossed, mut refused, mut outcome) =
            (Rates::default(), 0, BTreeMap::new(), Outcome::default());
        let (mut rewriter, version) = (Rewriter::new(), profile_version(python.version));
        let name = python.name();
        for seed in 0..seeds {
            let (mut number, mut cases) = (0, Vec::new());
            python.pickles(seed, count, false, |protocol, pickle| {
                number += 1;
                let name = format!("{name} seed {seed}, pickle {number}, protocol {protocol}");
                let mut ours = Vec::new();
                match rewriter.rewrite(&pickle, protocol, Profile::new(version, protocol)) {
                    Ok(bytes) => {
                        rates.count(protocol, bytes == pickle);
                        if bytes != pickle && version == Version::Py27 {
                            // cPickle of 2.7 leaves out PUT for what nothing else refers to while it writes.
                            ours.push(("again".to_owned(), bytes));
                        } else if bytes != pickle {
                            let at = bytes.iter().zip(&pickle).take_while(|(a, b)| a == b).count();
                            outcome.failed.push(format!("{name}: other bytes from {at}"));
                        }
                    }
                    Err(error) => outcome.failed.push(format!("{name}: {error}")),
                }
                // Small ones in every other protocol; of large ones some, each in one.
                let highest = python.highest();
                for other in (0..=highest).filter(|other| *other != protocol) {
                    let turn = number / if is_full() { 1 } else { 4 };
                    let in_turn = is_full() || number % 4 == 0;
                    if pickle.len() > LARGE && !(in_turn && (u32::from(other) + turn) % u32::from(highest) == 0) {
                        continue;
                    }
                    match rewriter.rewrite(&pickle, protocol, Profile::new(version, other)) {
                        Ok(bytes) => {
                            crossed += 1;
                            ours.push((format!("to {other}"), bytes));
                        }
                        Err(error) => *refused.entry((protocol, other, error)).or_insert(0u32) += 1,
                    }
                }
                if !ours.is_empty() {
                    cases.push(Case { name, theirs: pickle, ours });
                }
            });
            let found = python.compare(&cases);
            outcome.failed.extend(found.differ.into_iter().chain(found.unread));
        }
        outcome.lines.push(format!("{name}: {rates}; {crossed} in another protocol"));
        for ((from, to, error), count) in refused {
            outcome.lines.push(format!("    {count} refused from {from} to {to}: {error}"));
        }
        outcome
    });
}

/// The picklers written in Python: `pickle.py`.
#[test]
fn pure_picklers() {
    with_each(&pythons(), |python| {
        let (seeds, count) = if is_full() { shares() } else { (1, 20) };
        let (mut rates, mut outcome, mut rewriter) = (Rates::default(), Outcome::default(), Rewriter::new());
        for seed in 0..seeds {
            let mut number = 0;
            python.pickles(seed, count, true, |protocol, pickle| {
                number += 1;
                let profile = Profile::new(profile_version(python.version), protocol).pure();
                let bytes = rewriter.rewrite(&pickle, protocol, profile).unwrap_or_else(|error| error.into_bytes());
                rates.count(protocol, bytes == pickle);
                // bpo-43907: until 3.10 it forgot to memoise bytearrays.
                let forgotten = protocol == 5 && matches!(python.version, (3, 8 | 9)) && pickle.contains(&0x96);
                if bytes != pickle && !forgotten {
                    let at = bytes.iter().zip(&pickle).take_while(|(a, b)| a == b).count();
                    let name = format!("{} seed {seed}, pickle {number}, protocol {protocol}", python.name());
                    outcome.failed.push(format!("{name}: other bytes from {at}"));
                }
            });
        }
        outcome.lines.push(format!("{}, pickle.py: {rates}", python.name()));
        outcome
    });
}

/// Python 2's pickles as Python 3 writes them, and the other way round: names and strings are those of the other, and
/// the values are what the other makes of the original.
#[test]
fn between_python_2_and_3() {
    let pythons = pythons();
    let Some(python2) = pythons.iter().find(|python| python.version == (2, 7)) else {
        println!("Python 2.7 is not here: not compared");
        return;
    };
    let count = if is_full() { 400 } else { 25 };
    let threes: Vec<&Python> = pythons.iter().filter(|python| python.version.0 == 3).collect();
    let latin1 = Options::new().encoding(pickle_core::Encoding::Latin1);
    let mut failed = Vec::new();
    let mut originals = Vec::new();
    python2.pickles(0, count, false, |protocol, pickle| originals.push((protocol, pickle)));
    for (turn, python) in threes.iter().enumerate() {
        // Each Python has its share; all of them all.
        let share = |number: usize| is_full() || number % threes.len() == turn;
        let (mut rewriter, version, name) = (Rewriter::with(latin1), profile_version(python.version), python.name());
        let (mut cases, mut refused) = (Vec::new(), Vec::new());
        for (number, (from, pickle)) in originals.iter().enumerate().filter(|(number, _)| share(*number)) {
            let mut ours = Vec::new();
            for to in 3..=python.highest() {
                match rewriter.rewrite(pickle, *from, Profile::new(version, to)) {
                    Ok(bytes) => ours.push((format!("to {to}"), bytes)),
                    Err(error) => refused.push(format!("from {from} to {to}: {error}")),
                }
            }
            let name = format!("2.7 to {name}, pickle {number}, protocol {from}");
            cases.push(Case { name, theirs: pickle.clone(), ours });
        }
        let found = python.compare(&cases);
        println!(
            "2.7 to {name}: {} pickles, {} of them not even in its own loads, {} refused",
            cases.len(),
            found.unread.len(),
            refused.len()
        );
        refused.iter().chain(&found.unread).take(5).for_each(|line| println!("    {line}"));
        assert!(found.unread.len() + refused.len() < cases.len() / 2, "{name} reads nothing");
        failed.extend(found.differ);

        // What this Python wrote with fix_imports for protocol 2 is what 2.7 is to make of the others.
        let (mut rewriter, mut cases, mut refused) = (Rewriter::new(), Vec::<Case>::new(), Vec::new());
        let (mut number, mut before) = (0, u8::MAX);
        python.pickles(1 + turn as u32, count, false, |protocol, pickle| {
            number += usize::from(protocol <= before);
            before = protocol;
            let name = format!("{name} to 2.7, value {number}");
            if protocol == 2 {
                cases.push(Case { name, theirs: pickle, ours: Vec::new() });
            } else if let Some(case) = cases.last_mut().filter(|case| case.name == name && protocol > 2) {
                for to in 0..=2 {
                    match rewriter.rewrite(&pickle, protocol, Profile::new(Version::Py27, to)) {
                        Ok(bytes) => case.ours.push((format!("from {protocol} to {to}"), bytes)),
                        Err(error) => refused.push(format!("from {protocol} to {to}: {error}")),
                    }
                }
            }
        });
        let found = python2.compare(&cases);
        println!(
            "{name} to 2.7: {} values, {} of them not even in protocol 2, {} refused",
            cases.len(),
            found.unread.len(),
            refused.len()
        );
        refused.iter().chain(&found.unread).take(5).for_each(|line| println!("    {line}"));
        assert!(found.unread.len() < cases.len() / 2, "2.7 reads nothing of {name}");
        failed.extend(found.differ);
    }
    failed.iter().take(40).for_each(|line| println!("{line}"));
    assert!(failed.is_empty(), "{} pickles differ", failed.len());
}

/// The profiles that may have written a file of the corpus, by its folder.
fn profiles_of(family: &str, protocol: Option<u8>) -> Vec<Profile> {
    const ALL: [Version; 7] =
        [Version::Py27, Version::Py36, Version::Py38, Version::Py311, Version::Py313, Version::Py314, Version::Py315];
    let versions = match family {
        "versions/cpython38" => &[Version::Py38][..],
        "versions/cpython313" => &[Version::Py313],
        family if family.starts_with("stdlib/") => &[Version::Py311],
        _ => &ALL,
    };
    // Protocols 0 and 1 do not say which they are.
    let protocols = protocol.map_or(0..=1, |protocol| protocol..=protocol);
    let profiles =
        versions.iter().flat_map(|version| protocols.clone().map(|protocol| Profile::new(*version, protocol)));
    let profiles = profiles.flat_map(|profile| match family {
        "stdlib/pure" => vec![profile.pure()],
        family if family.starts_with("stdlib/") => vec![profile],
        _ => vec![profile, profile.pure()],
    });
    profiles.filter(|profile| profile.version != Version::Py27 || profile.protocol <= 2).collect()
}

/// Pickles of a stream, as long as they can be read on their own.
fn pickles_in(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut pickles = Vec::new();
    while !stream.is_empty() {
        let (mut unpickler, len) = (Unpickler::new(Heap::new(), Options::new()), stream.len());
        let Ok(used) = common::feed(&mut unpickler, stream, || len) else { break };
        assert_ne!(used, 0, "a pickle has bytes");
        let (pickle, rest) = stream.split_at(used);
        pickles.push(pickle);
        stream = rest;
    }
    pickles
}

/// Folders whose files a pickler wrote as they are; the others (optimised, without memo, other frames, made by hand) are only counted.
const AS_WRITTEN: [&str; 12] = [
    "stdlib/p0",
    "stdlib/p1",
    "stdlib/p2",
    "stdlib/p3",
    "stdlib/p4",
    "stdlib/p5",
    "stdlib/pure",
    "stdlib/persid",
    "stdlib/ext",
    "stdlib/oob",
    "versions/cpython38",
    "versions/cpython313",
];

/// The standard library's types as real Pythons pickled them, and how many pickles of everything else are as any pickler
/// would write them.
#[test]
fn corpus() {
    let mut rewriter = Rewriter::new();
    let mut counts: BTreeMap<String, (u32, u32, Vec<String>)> = BTreeMap::new();
    for (path, bytes) in common::corpus() {
        let parts: Vec<&str> = Path::new(&path).iter().filter_map(|part| part.to_str()).collect();
        let Some(at) = parts.iter().rposition(|part| *part == "data") else { continue };
        let family = match parts[at + 1..] {
            [family @ ("stdlib" | "versions"), folder, ..] => format!("{family}/{folder}"),
            ["hostile", ..] => continue,
            [family, ..] => family.to_owned(),
            [] => continue,
        };
        if bytes.len() > 2_000_000 && !is_full() {
            continue;
        }
        for pickle in pickles_in(&bytes) {
            let protocol = if let [0x80, protocol, ..] = pickle { Some(*protocol) } else { None };
            let same = profiles_of(&family, protocol)
                .into_iter()
                .any(|profile| rewriter.rewrite(pickle, profile.protocol, profile).is_ok_and(|bytes| bytes == pickle));
            let (good, all, bad) = counts.entry(family.clone()).or_default();
            *good += u32::from(same);
            *all += 1;
            if !same {
                bad.push(path.clone());
            }
        }
    }
    for (family, (good, all, bad)) in &counts {
        println!("{family}: {good} of {all} the same bytes");
        bad.iter().take(5).for_each(|path| println!("    {path}"));
    }
    for family in AS_WRITTEN {
        let Some((good, all, bad)) = counts.get(family) else {
            assert!(counts.is_empty(), "{family} is missing from the corpus");
            continue;
        };
        // A state setter (`__reduce__` with six values) is a call whose result is dropped: a document does not have it.
        assert!(bad.iter().all(|path| path.contains("reduce_sixth")), "{family}: {good} of {all}, {bad:?}");
    }
}

/// A pickle with `n` ints, and then what `end` makes of the list.
fn ints_and(protocol: u8, n: usize, end: &[u8]) -> Vec<u8> {
    let mut pickle = vec![0x80, protocol, b']', b'('];
    pickle.extend(std::iter::repeat_n(*b"K\x01", n).flatten());
    pickle.extend_from_slice(end);
    pickle
}

#[test]
fn refused_before_the_first_byte() {
    let cases: [(u8, u8, &[u8], &str); 8] = [
        // An out-of-band buffer.
        (5, 4, b"\x97e.", "$[100000]"),
        // A set subclass filled by ADDITEMS.
        (4, 2, b"c__main__\nBag\n)\x81(K\x01\x90e.", "$[100000]"),
        // The extension registry.
        (2, 1, b"}X\x03\0\0\0a b\x82\x05se.", "$[100000][\"a b\"]"),
        // A name that is not ASCII.
        (3, 2, b"c__main__\nC\n)\x81}X\x01\0\0\0xc__main__\n\xc3\xa9\nsbe.", "$[100000].x"),
        // A persistent id that is no line of text.
        (4, 0, b"c__main__\nC\nK\x01\x85Q\x85Re.", "$[100000]@args[0]"),
        // What is put into an object that a persistent id stands for: items and state.
        (4, 0, b"Pid\nK\x02ae.", "$[100000]"),
        (4, 2, b"K\x01QK\x02ae.", "$[100000]"),
        (4, 5, b"K\x01Q}be.", "$[100000]"),
    ];
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    for (from, to, end, path) in cases {
        let pickle = ints_and(from, 100_000, end);
        let document = unpickler.load(&pickle).unwrap_or_else(|error| panic!("{from} {end:?}: {error}"));
        let mut out = Vec::new();
        let mut writer = Writer::new();
        let result = writer.write(&document, from, Profile::new(Version::Py311, to), false, &mut out);
        let Err(WriteError::Pickle(error)) = result else { panic!("{end:?} in protocol {to} was not refused") };
        assert_eq!(error.kind(), ErrorKind::Inexpressible);
        assert_eq!(writer.refused(&document).as_deref(), Some(path));
        assert_eq!(out.len(), 0, "{end:?} in protocol {to}: {error}");
    }
}
