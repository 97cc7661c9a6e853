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

    fn run(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.words[0]);
        // By -c, as a Python in a root file system of its own sees no file of ours.
        command.args(&self.words[1..]).args(["-c", SCRIPT]).args(args);
        command.env("PYTHONHASHSEED", "0").stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// The protocol and the pickle of every value.
    fn pickles(&self, seed: u32, count: u32, mut each: impl FnMut(u8, Vec<u8>)) {
        let mut child = self.run(&[&seed.to_string(), &count.to_string()]).spawn().expect("it ran before");
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (protocol, hex) = line.split_once(' ').expect("two words");
            each(protocol.parse().unwrap(), unhex(hex));
        }
        assert!(child.wait().unwrap().success(), "{:?} failed", self.words);
    }

    /// Loads both pickles of every pair; what differs, by number.
    fn differences(&self, pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
        let mut child = self.run(&["same"]).spawn().expect("it ran before");
        let mut input = child.stdin.take().unwrap();
        let found = std::thread::scope(|scope| {
            scope.spawn(move || {
                for (a, b) in pairs {
                    writeln!(input, "{} {}", hex(a), hex(b)).expect("it reads everything");
                }
            });
            let out = BufReader::new(child.stdout.take().unwrap());
            out.lines().map(|line| line.unwrap()).collect::<Vec<_>>()
        });
        assert!(child.wait().unwrap().success(), "{:?} failed", self.words);
        let (last, found) = found.split_last().expect("a last line");
        assert_eq!(*last, format!("checked {}", pairs.len()));
        found.to_vec()
    }
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
        Rewriter { unpickler: Unpickler::new(Heap::new(), Options::new()), writer: Writer::new() }
    }

    fn rewrite(&mut self, pickle: &[u8], from: u8, profile: Profile) -> Result<Vec<u8>, String> {
        let document = self.unpickler.load(pickle).map_err(|error| format!("read: {error}"))?;
        self.writer.write(&document, from, profile, false, Vec::new()).map_err(|error| error.to_string())
    }
}

/// Seeds and values of each. Seed 0 has the boundaries besides.
fn shares() -> (u32, u32) {
    if std::env::var_os("PICKLE_FULL").is_some() { (40, 1000) } else { (2, 60) }
}

#[test]
fn generated_values() {
    let pythons = pythons();
    assert!(!pythons.is_empty(), "no CPython is here, not even python3");
    let (seeds, count) = shares();
    let mut failed = Vec::new();
    for python in &pythons {
        let (mut rewriter, version) = (Rewriter::new(), profile_version(python.version));
        let name = format!("{}.{}.{}", python.version.0, python.version.1, python.micro);
        let highest = match python.version {
            (2, _) => 2,
            (3, ..=7) => 4,
            _ => 5,
        };
        for seed in 0..seeds {
            let (mut all, mut same, mut crossed, mut refused) = (0u32, 0u32, 0u32, BTreeMap::new());
            let (mut pairs, mut kinds) = (Vec::new(), Vec::new());
            python.pickles(seed, count, |protocol, pickle| {
                all += 1;
                match rewriter.rewrite(&pickle, protocol, Profile::new(version, protocol)) {
                    Ok(bytes) if bytes == pickle => same += 1,
                    // cPickle of 2.7 leaves out PUT for what nothing else refers to while it writes.
                    Ok(bytes) if version == Version::Py27 => {
                        kinds.push(format!("{name} seed {seed}, pickle {all}, protocol {protocol} again"));
                        pairs.push((pickle.clone(), bytes));
                    }
                    Ok(bytes) => {
                        let at = bytes.iter().zip(&pickle).take_while(|(a, b)| a == b).count();
                        failed.push(format!(
                            "{name} seed {seed}, pickle {all}, protocol {protocol}: other bytes from {at}"
                        ));
                    }
                    Err(error) => {
                        failed.push(format!("{name} seed {seed}, pickle {all}, protocol {protocol}: {error}"))
                    }
                }
                // One other protocol for each pickle, in turns; small ones in all.
                for other in (0..=highest).filter(|other| *other != protocol) {
                    if pickle.len() > 2000 && (u32::from(other) + all) % u32::from(highest) != 0 {
                        continue;
                    }
                    match rewriter.rewrite(&pickle, protocol, Profile::new(version, other)) {
                        Ok(bytes) => {
                            crossed += 1;
                            kinds.push(format!("{name} seed {seed}, pickle {all}, protocol {protocol} to {other}"));
                            pairs.push((pickle.clone(), bytes));
                        }
                        Err(error) => *refused.entry((protocol, other, error)).or_insert(0u32) += 1,
                    }
                }
            });
            for line in python.differences(&pairs) {
                let (number, reason) = line.split_once(' ').expect("a number and a reason");
                failed.push(format!("{}: {reason}", kinds[number.parse::<usize>().unwrap()]));
            }
            println!("{name} seed {seed}: {same} of {all} the same bytes, {crossed} in another protocol");
            for ((from, to, error), count) in refused {
                println!("    {count} refused from {from} to {to}: {error}");
            }
        }
    }
    for line in failed.iter().take(40) {
        println!("{line}");
    }
    assert!(failed.is_empty(), "{} pickles differ", failed.len());
}

/// The profiles that may have written a file of the corpus, by its folder.
fn profiles_of(family: &str, protocol: Option<u8>) -> Vec<Profile> {
    let version = match family {
        "versions/cpython38" => Version::Py38,
        "versions/cpython313" => Version::Py313,
        _ => Version::Py311,
    };
    // Protocols 0 and 1 do not say which they are.
    let protocols = protocol.map_or(0..=1, |protocol| protocol..=protocol);
    let profiles = protocols.map(|protocol| Profile::new(version, protocol));
    profiles.map(|profile| if family == "stdlib/pure" { profile.pure() } else { profile }).collect()
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

/// The standard library's types as real Pythons pickled them.
#[test]
fn corpus() {
    let mut rewriter = Rewriter::new();
    let mut counts: BTreeMap<String, (u32, u32, Vec<String>)> = BTreeMap::new();
    for (path, bytes) in common::corpus() {
        let parts: Vec<&str> = Path::new(&path).iter().rev().take(3).filter_map(|part| part.to_str()).collect();
        let [_, folder, family @ ("stdlib" | "versions")] = parts[..] else { continue };
        let family = format!("{family}/{folder}");
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
        bad.iter().take(20).for_each(|path| println!("    {path}"));
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
    let cases: [(u8, u8, &[u8]); 5] = [
        // An out-of-band buffer.
        (5, 4, b"\x97e."),
        // A set subclass filled by ADDITEMS.
        (4, 2, b"c__main__\nBag\n)\x81(K\x01\x90e."),
        // The extension registry.
        (2, 1, b"\x82\x05e."),
        // A name that is not ASCII.
        (3, 2, b"c__main__\n\xc3\xa9\ne."),
        // A persistent id that is no line of text.
        (4, 0, b"K\x01\x85Qe."),
    ];
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    for (from, to, end) in cases {
        let pickle = ints_and(from, 100_000, end);
        let document = unpickler.load(&pickle).unwrap_or_else(|error| panic!("{from} {end:?}: {error}"));
        let mut out = Vec::new();
        let result = Writer::new().write(&document, from, Profile::new(Version::Py311, to), false, &mut out);
        let Err(WriteError::Pickle(error)) = result else { panic!("{end:?} in protocol {to} was not refused") };
        assert_eq!(error.kind(), ErrorKind::Inexpressible);
        assert_eq!(out.len(), 0, "{end:?} in protocol {to}: {error}");
    }
}
