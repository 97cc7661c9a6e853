//! The judge: sinks in every form of a call, plain data, pieces of any size, prefixes.
#![cfg(all(feature = "verdict", feature = "alloc"))]

use pickle_core::Opcode;
use pickle_core::verdict::{Finding, Judge, Observer, Summary, Verdict, Workspace};
use std::path::PathBuf;

#[derive(Default)]
struct Told(Vec<String>);

impl Observer for Told {
    fn finding(&mut self, finding: &Finding<'_>) {
        self.0.push(format!("{finding:?}"));
    }
}

fn pieces(workspace: &mut Workspace, bytes: &[u8], size: usize) -> (Summary, Vec<String>) {
    let (mut judge, mut told) = (Judge::new(workspace.memory()), Told::default());
    for piece in bytes.chunks(size.max(1)) {
        judge.feed(piece, &mut told);
    }
    let summary = judge.finish(&mut told);
    (summary, told.0)
}

fn verdict(bytes: &[u8]) -> Verdict {
    Judge::judge(Workspace::new(1024, 1024).memory(), bytes).verdict
}

/// `hostile` of the corpus, where it is present.
fn hostile() -> Vec<PathBuf> {
    let corpus = std::env::var_os("PICKLE_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"));
    let (mut folders, mut files) = (vec![corpus.join("data/hostile")], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "pkl") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

const SINKS: &[(&str, &[u8])] = &[
    ("REDUCE", b"cos\nsystem\n(S'true'\ntR."),
    ("INST", b"(S'true'\nios\nsystem\n."),
    ("OBJ", b"(cos\nsystem\nS'true'\no."),
    ("NEWOBJ", b"\x80\x02csubprocess\nPopen\nU\x04true\x85\x81."),
    ("NEWOBJ_EX", b"\x80\x04\x8c\nsubprocess\x8c\x05Popen\x93\x8c\x04true\x85}\x92."),
    ("STACK_GLOBAL", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."),
    ("memo", b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93\x8c\x04true\x85R."),
    ("escape", b"\x80\x04V\\u006fs\nV\\u0073ystem\n\x93\x8c\x04true\x85R."),
    ("string escape", b"S'\\x6fs'\nS'system'\n\x93(S'true'\ntR."),
    ("computed", b"\x80\x04c_codecs\nencode\n\x8c\x02os\x85R\x8c\x06system\x93\x8c\x04true\x85R."),
    ("dotted", b"\x80\x04\x8c\x07pathlib\x8c\tos.system\x93\x8c\x04true\x85R."),
    ("Python 2", b"c__builtin__\neval\n(S'1'\ntR."),
    ("commands", b"ccommands\ngetoutput\n(S'true'\ntR."),
    ("posix", b"cposix\nsystem\n(S'true'\ntR."),
    ("nt", b"cnt\nsystem\n(S'true'\ntR."),
    ("map", b"\x80\x04cbuiltins\nlist\ncbuiltins\nmap\ncos\nsystem\n]\x8c\x04truea\x86R\x85R."),
    ("after STOP", b"N.cos\nsystem\n(S'true'\ntR."),
    ("unknown opcode", b"cos\nsystem\n(S'true'\ntR\xff"),
    ("truncated", b"cos\nsystem\n(S'true'\ntR"),
    ("in a frame past STOP", b"\x80\x04\x95\x1a\0\0\0\0\0\0\0N.cos\nsystem\n(S'true'\ntR."),
    ("stored", b"\x80\x02]cos\nsystem\na."),
];

#[test]
fn sinks_are_dangerous_in_every_form() {
    for (what, bytes) in SINKS {
        assert_eq!(verdict(bytes), Verdict::Dangerous, "{what}");
    }
}

#[test]
fn plain_data_is_clean() {
    let clean: &[&[u8]] = &[
        b"N.",
        b"I01\n.",
        b"(lp0\nI1\naF1.5\naL5L\naS'a'\naVb\na.",
        b"(dp0\nS'a'\nI1\ns.",
        b"\x80\x01]q\x00(K\x01M\xff\xffJ\xff\xff\xff\xffG\0\0\0\0\0\0\0\0X\x01\0\0\0ae.",
        b"\x80\x02}q\x00X\x01\0\0\0aK\x01\x85s.",
        b"\x80\x03C\x03abc.",
        b"\x80\x04\x8f(K\x01K\x02\x90.",
        b"\x80\x04(K\x01\x91.",
        b"\x80\x05\x96\x01\0\0\0\0\0\0\0a.",
        b"\x80\x03cdatetime\ndate\nC\x04\x07\xe8\x01\x01\x85R.",
        b"\x80\x02ccollections\nOrderedDict\n)R.",
        b"\x80\x02c__builtin__\nset\n]K\x01a\x85R.",
        b"ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\nNtR.",
    ];
    for bytes in clean {
        assert_eq!(verdict(bytes), Verdict::Clean, "{}", bytes.escape_ascii());
    }
}

#[test]
fn persistent_ids_and_extension_codes_are_never_clean_alone() {
    for (bytes, expected) in [
        (&b"Pan id\n."[..], Verdict::Malformed),
        (b"\x80\x02K\x01Q.", Verdict::Malformed),
        (b"\x80\x02]K\x01Qa.", Verdict::Clean),
        (b"\x80\x02]X\x06\x00\x00\x00../etcQa.", Verdict::Suspicious),
        (b"\x80\x02\x82\x01.", Verdict::Suspicious),
        (b"\x80\x02\x84\xff\xff\xff\x7f.", Verdict::Suspicious),
    ] {
        assert_eq!(verdict(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn lists_may_be_deep_and_callees_may_not() {
    let mut workspace = Workspace::new(128 * 1024, 1024);
    let mut judged = |head: &[u8], open: &[u8], n: usize, middle: &[u8], close: &[u8]| {
        let mut bytes = [head, &open.repeat(n), middle].concat();
        bytes.extend(close.repeat(n));
        bytes.push(b'.');
        Judge::judge(workspace.memory(), &bytes).verdict
    };
    assert_eq!(judged(b"\x80\x02", b"]", 60_000, b"N", b"a"), Verdict::Clean);
    assert_eq!(judged(b"\x80\x02", b"]", 70_000, b"N", b"a"), Verdict::Suspicious);
    assert_eq!(judged(b"\x80\x02", b"}K\x01", 60_000, b"N", b"s"), Verdict::Suspicious);
    assert_eq!(judged(b"\x80\x02cbuiltins\nlist\nq\x000", b"h\x00", 20_000, b"]", b"\x85R"), Verdict::Suspicious);
    assert_eq!(judged(b"\x80\x02cbuiltins\nlist\nq\x000", b"h\x00", 2_000, b"]", b"\x85R"), Verdict::Clean);
}

#[test]
fn wide_is_not_deep() {
    let mut workspace = Workspace::new(256 * 1024, 1024);
    let rows: [(&[u8], &[u8]); 5] =
        [(b"N", b"t"), (b"]Na", b"t"), (b"}K\x01Ns", b"t"), (b"K\x01K\x02\x86", b"\x91"), (b"](K\x01e", b"t")];
    for (item, close) in rows {
        for n in [65_533, 65_534, 65_536, 100_000] {
            let bytes = [b"\x80\x04(", &item.repeat(n)[..], close, b"."].concat();
            let verdict = Judge::judge(workspace.memory(), &bytes).verdict;
            assert_eq!(verdict, Verdict::Clean, "{n} of {}", item.escape_ascii());
        }
    }
}

#[test]
fn methods_are_held_and_getters_are_made() {
    let clean: &[&[u8]] = &[
        b"\x80\x02c__builtin__\ngetattr\ncdatetime\ndate\nU\x04\x07\xe8\x01\x01\x85RX\x07\x00\x00\x00weekday\x86R.",
        b"\x80\x04cfunctools\npartial\ncoperator\nmethodcaller\n\x8c\x05upper\x86R)R.",
        b"\x80\x04cnumpy.random._pickle\n__randomstate_ctor\n\x8c\x07MT19937cnumpy.random._pickle\n__bit_generator_ctor\n\x86R.",
    ];
    for bytes in clean {
        assert_eq!(verdict(bytes), Verdict::Clean, "{}", bytes.escape_ascii());
    }
    let not: &[&[u8]] = &[
        b"\x80\x02c__builtin__\ngetattr\ncdatetime\ndate\nU\x04\x07\xe8\x01\x01\x85RX\x09\x00\x00\x00__class__\x86R.",
        b"\x80\x04cfunctools\npartial\ncoperator\nmethodcaller\n\x8c\x0b__getattr__\x86R.",
        b"\x80\x04cbuiltins\nobject.__subclasses__\n)R.",
        b"\x80\x04cmyapp.os\nsystem\n.",
    ];
    for bytes in not {
        assert!(verdict(bytes) >= Verdict::Suspicious, "{}", bytes.escape_ascii());
    }
}

#[test]
fn calls_by_another_way_are_not_clean() {
    let not: &[(&[u8], Verdict)] = &[
        // sympy evaluates text.
        (b"\x80\x04csympy.functions.elementary.exponential\nexp\n\x8c\x12__import__('os').x\x85\x81.", Verdict::Dangerous),
        (b"\x80\x04csympy.functions.elementary.exponential\nexp\n\x8c\x01x\x85\x81.", Verdict::Unknown),
        (b"\x80\x04ccopyreg\n__newobj__\ncsympy.core.function\nLambda\n\x8c\x04f(x)\x86R.", Verdict::Dangerous),
        // A method of a listed class, called by a helper.
        (
            b"\x80\x04cbuiltins\nlist\ncbuiltins\niter\ncbuiltins\ngetattr\ncdatetime\ndate\nC\x04\x07\xe8\x01\x01\x85R\x8c\x07weekday\x86RN\x86R\x85R.",
            Verdict::Unknown,
        ),
        // A sink by way of an instance.
        (b"\x80\x04cbuiltins\ngetattr\ncpathlib\nPath\n\x8c\x01x\x85R\x8c\x06unlink\x86R.", Verdict::Dangerous),
        // What a partial holds may be called later.
        (b"\x80\x04cfunctools\npartial\ncbuiltins\nprint\n\x85R)R.", Verdict::Unknown),
    ];
    for (bytes, least) in not {
        assert!(verdict(bytes) >= *least, "{}", bytes.escape_ascii());
    }
}

#[test]
fn zeros_between_pickles_are_padding() {
    assert_eq!(verdict(b"N.\0\0\0\0"), Verdict::Clean);
    assert_eq!(verdict(b"N.\0\0N."), Verdict::Clean);
    assert_eq!(verdict(b"N.\0\0cos\nsystem\n)R."), Verdict::Dangerous);
    assert_eq!(verdict(b"N.\0\0\xff"), Verdict::Unknown);
    assert_eq!(verdict(b"\0N."), Verdict::Malformed);
}

#[test]
fn what_is_not_listed_is_not_clean() {
    for bytes in [&b"cmymodule\nThing\n)R."[..], b"c__main__\nThing\n)\x81.", b"\x80\x02\x82\x01.", b"", b"N", b"\xff"]
    {
        assert!(verdict(bytes) > Verdict::Clean, "{}", bytes.escape_ascii());
    }
}

#[test]
fn pieces_make_no_difference() {
    let mut workspace = Workspace::new(16 * 1024, 16 * 1024);
    let own = SINKS.iter().map(|(what, bytes)| ((*what).to_owned(), bytes.to_vec()));
    let files = hostile().into_iter().filter_map(|path| Some((path.display().to_string(), std::fs::read(path).ok()?)));
    for (what, bytes) in own.chain(files.filter(|(_, bytes)| bytes.len() < 64 * 1024)) {
        let whole = pieces(&mut workspace, &bytes, usize::MAX);
        for size in [1, 7, 4096] {
            let (summary, told) = pieces(&mut workspace, &bytes, size);
            assert_eq!((summary.verdict, told), (whole.0.verdict, whole.1.clone()), "{what} in pieces of {size}");
        }
    }
}

#[test]
fn a_verdict_only_rises() {
    for (what, bytes) in SINKS {
        let mut workspace = Workspace::new(1024, 1024);
        let mut judge = Judge::new(workspace.memory());
        let mut last = Verdict::Clean;
        for byte in *bytes {
            judge.feed(&[*byte], &mut ());
            assert!(judge.verdict() >= last, "{what}");
            last = judge.verdict();
        }
        // A prefix that was dangerous stays so when the stream ends there.
        let first = (1..=bytes.len()).find(|end| verdict(&bytes[..*end]) == Verdict::Dangerous).unwrap();
        for end in first..=bytes.len() {
            assert_eq!(verdict(&bytes[..end]), Verdict::Dangerous, "{what} up to {end}");
        }
    }
}

#[test]
fn a_sink_with_an_op_twice_or_bytes_behind_is_never_clean() {
    for (what, bytes) in SINKS {
        for tail in [&b"N."[..], b"\0\0\0", b"\x80\x04N."] {
            assert_eq!(verdict(&[bytes, tail].concat()), Verdict::Dangerous, "{what}");
        }
        for op in [Opcode::None, Opcode::Mark, Opcode::EmptyDict, Opcode::EmptyList] {
            let front = [&[op.byte()][..], bytes].concat();
            assert!(verdict(&front) > Verdict::Clean, "{what}");
        }
    }
}

#[test]
fn hostile_files_are_never_clean_by_a_shorter_reading() {
    let mut workspace = Workspace::new(16 * 1024, 16 * 1024);
    for path in hostile() {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if bytes.len() > 4096 {
            continue;
        }
        let mut judge = Judge::new(workspace.memory());
        let mut last = Verdict::Clean;
        for byte in &bytes {
            judge.feed(&[*byte], &mut ());
            assert!(judge.verdict() >= last, "{}", path.display());
            last = judge.verdict();
        }
        assert!(judge.finish(&mut ()).verdict >= last, "{}", path.display());
    }
}

#[test]
fn strings_beyond_the_memory_are_plain_and_as_names_unknown() {
    let mut workspace = Workspace::new(1024, 64);
    let mut bytes = b"\x80\x04]\x94(".to_vec();
    for n in 0..30_000u32 {
        bytes.extend(b"\x8c\x04");
        bytes.extend(format!("{n:04x}").as_bytes());
        bytes.push(0x94);
        if n % 500 == 499 {
            bytes.extend(b"e(");
        }
    }
    let summary = Judge::judge(workspace.memory(), &[&bytes[..], b"e."].concat());
    assert_eq!((summary.verdict, summary.complete), (Verdict::Clean, true));
    // A name that is no longer known.
    let far = [&bytes[..], b"j\x20\x75\0\0\x8c\x06system\x93e."].concat();
    let summary = Judge::judge(workspace.memory(), &far);
    assert_eq!((summary.verdict, summary.complete), (Verdict::Unknown, false));
    // An entry that is written again is not taken for the older one.
    let old = b"\x8c\x0bcollections\x940\x8c\x0bOrderedDict\x940";
    let two =
        [&b"\x80\x04]\x94("[..], old, &bytes[5..], b"\x8c\x02osr\x01\0\0\0\x8c\x06systemr\x02\0\0\0h\x01h\x02\x93e."]
            .concat();
    assert_eq!(Judge::judge(workspace.memory(), &two).verdict, Verdict::Dangerous);
}

/// A generator of random numbers whose numbers are always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % n.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let (at, len) = (self.below(bytes.len()), 1 + self.below(8));
            let end = (at + len).min(bytes.len());
            match self.below(5) {
                0 if !bytes.is_empty() => bytes[at] = self.below(256) as u8,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
                3 => {
                    // A whole opcode of those that move values.
                    let op = *b"0123(aesbuRtlo)]}\x81\x85\x86\x87\x88\x8f\x90\x93\x94".get(self.below(26)).unwrap();
                    bytes.insert(at.min(bytes.len()), op);
                }
                _ => bytes.truncate(bytes.len() - self.below(bytes.len() / 4 + 1)),
            }
        }
    }
}

/// Findings as text, without where they were made.
fn without_offsets(told: &[String]) -> Vec<String> {
    let strip = |text: &String| {
        let (before, after) = text.split_once("offset: ").unwrap();
        format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    told.iter().map(strip).collect()
}

#[test]
fn mutants_are_judged_alike_in_pieces_and_never_panic() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let files = hostile().into_iter().filter_map(|path| std::fs::read(path).ok()).filter(|bytes| bytes.len() < 2048);
    let seeds: Vec<Vec<u8>> = SINKS.iter().map(|(_, bytes)| bytes.to_vec()).chain(files).collect();
    // Little memory, so that limits are hit, too.
    let (mut small, mut large) = (Workspace::new(16, 8), Workspace::new(1024, 1024));
    for round in 0..20_000 {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        random.mutate(&mut bytes);
        let workspace = if round % 4 == 0 { &mut small } else { &mut large };
        let (whole, told) = pieces(workspace, &bytes, usize::MAX);
        let size = 1 + random.below(9);
        let (cut, told_cut) = pieces(workspace, &bytes, size);
        let words = bytes.escape_ascii();
        // Where the stream around a broken nested pickle ends is counted from the last piece that was read.
        let (told, told_cut) = (without_offsets(&told), without_offsets(&told_cut));
        assert_eq!((whole.verdict, whole.complete, told), (cut.verdict, cut.complete, told_cut), "{words} by {size}");
        assert!(whole.complete || whole.verdict > Verdict::Clean, "{words}");
    }
}

#[test]
fn streams_are_as_bad_as_the_worst_of_their_pickles() {
    let plain: &[&[u8]] =
        &[b"N.", b"\x80\x04]\x94(K\x01K\x02e.", b"(lp0\nI1\na.", b"\x80\x02c__builtin__\nset\n]\x85R."];
    let whole = |bytes: &[u8]| bytes.last() == Some(&b'.');
    let all: Vec<&[u8]> =
        SINKS.iter().map(|(_, bytes)| *bytes).chain(plain.iter().copied()).filter(|b| whole(b)).collect();
    for first in &all {
        for second in &all {
            let both = verdict(&[*first, *second].concat());
            assert!(both >= verdict(first).max(verdict(second)), "{} {}", first.escape_ascii(), second.escape_ascii());
            let clean = verdict(first) == Verdict::Clean && verdict(second) == Verdict::Clean;
            assert_eq!(both == Verdict::Clean, clean);
        }
    }
}
