//! `pickle scan` and `pickle policy`: formats, exit codes, containers, policies, and the bars over the corpus.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn pickle(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pickle")).args(args).current_dir(folder).output().unwrap()
}

fn scan(folder: &Path, args: &[&str]) -> Output {
    pickle(folder, &[&["scan"], args].concat())
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const SINK: &[u8] = b"cos\nsystem\n(S'true'\ntR.";
const OWN: &[u8] = b"\x80\x02cmyapp\nThing\n)R.";

/// A folder of this test alone, with three files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("in")).unwrap();
    std::fs::write(at.join("plain.pkl"), b"\x80\x02K\x01.").unwrap();
    std::fs::write(at.join("in/own.pkl"), OWN).unwrap();
    std::fs::write(at.join("in/sink.pkl"), SINK).unwrap();
    folder
}

/// The verdict of one file.
fn verdict(at: &Path, args: &[&str]) -> String {
    let output = scan(at, &[&["--json"], args].concat());
    let json: Value = serde_json::from_str(&text(&output)).unwrap();
    json["verdict"].as_str().unwrap().to_owned()
}

/// What came out of a damaged file is judged, too: a loader may have run it before it sees the damage.
#[test]
fn what_comes_before_damage_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    let call = b"\x80\x02cos\nsystem\n(U\x04truetR.";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(call).unwrap();
    let mut packed = packer.finish().unwrap();
    let end = packed.len() - 8;
    packed[end] ^= 1;
    let framed = [&b"\0\0\0\x40"[..], call, b"xxxx"].concat();
    for bytes in [&packed[..], &packed[..end], &packed[..end + 3], &framed] {
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_pickle")).arg("scan").arg(&file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("dangerous") && text.contains("(incomplete)"), "{text}");
        assert_eq!(output.status.code(), Some(1), "{text}");
    }
    // Nothing came out.
    std::fs::write(&file, &packed[..5]).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pickle")).arg("scan").arg(&file).output().unwrap();
    assert_ne!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn exit_codes_tell_the_worst() {
    let folder = folder();
    for (args, code) in [
        (&["plain.pkl"][..], 0),
        (&["in/own.pkl"], 0),
        (&["--strict", "in/own.pkl"], 1),
        (&["--fail-on", "unknown", "in/own.pkl"], 1),
        (&["--strict", "--allow", "myapp.Thing", "in/own.pkl"], 0),
        (&["--strict", "--allow", "myapp.*", "in/own.pkl"], 0),
        (&["--strict", "--allow", "myapp.Thin", "in/own.pkl"], 1),
        (&["in/sink.pkl"], 1),
        (&["--fail-on", "dangerous", "in/sink.pkl"], 1),
        (&["--allow", "os.*", "in/sink.pkl"], 1),
        (&["--allow", "os.system", "--strict", "in/sink.pkl"], 1),
        (&["."], 1),
        (&["missing.pkl"], 2),
        (&["missing.pkl", "in/sink.pkl"], 1),
        (&["--allow", "nodot", "plain.pkl"], 2),
        (&["--limit", "2", "plain.pkl"], 2),
        (&["--fail-on", "never", "plain.pkl"], 2),
    ] {
        let output = scan(folder.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
    }
}

#[test]
fn text_and_json_name_each_file() {
    let folder = folder();
    let lines = text(&scan(folder.path(), &["."]));
    assert!(lines.contains("plain.pkl: clean\n"), "{lines}");
    assert!(lines.contains("sink.pkl: dangerous - a dangerous global is called: os.system at 0x15 [PK201]"), "{lines}");
    let steps = text(&scan(folder.path(), &["--explain", "in/sink.pkl"]));
    assert!(steps.contains("import os.system") && steps.contains("call os.system('true')"), "{steps}");
    let globals = text(&scan(folder.path(), &["--globals", "in/own.pkl"]));
    assert!(globals.contains("myapp.Thing  unknown  call  x1"), "{globals}");

    let one = text(&scan(folder.path(), &["--json", "."]));
    let several = text(&scan(folder.path(), &["--json", "--jobs", "3", "."]));
    assert_eq!(one, several);
    let keys: BTreeSet<_> = [
        "path",
        "container",
        "verdict",
        "complete",
        "executes_on_load",
        "pythons",
        "limits",
        "findings",
        "globals",
        "stats",
        "table",
        "policy",
    ]
    .into();
    assert_eq!(one.lines().count(), 3);
    for line in one.lines() {
        let json: Value = serde_json::from_str(line).unwrap();
        let found: BTreeSet<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, keys);
    }
    let sink: Value = serde_json::from_str(one.lines().find(|line| line.contains("sink.pkl")).unwrap()).unwrap();
    let called = sink["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "PK201").unwrap();
    assert_eq!(called["args"], "'true'");
    assert_eq!(called["chain"][0], "os.system");
    assert_eq!(sink["executes_on_load"], "yes");
}

/// What the schema of SARIF 2.1.0 requires, and the rest of what it allows in these places.
/// The part of the schema of SARIF 2.1.0 (OASIS, `sarif-schema-2.1.0.json`) that a log of ours can meet: object, member,
/// whether it must be there, what it is. A member that stands in no row is refused, as `additionalProperties: false` does.
const SARIF: &[(&str, &str, bool, &str)] = &[
    ("log", "$schema", false, "uri"),
    ("log", "version", true, "one of 2.1.0"),
    ("log", "runs", true, "list of run"),
    ("run", "tool", true, "tool"),
    ("run", "invocations", false, "list of invocation"),
    ("run", "results", false, "list of result"),
    ("tool", "driver", true, "toolComponent"),
    ("toolComponent", "name", true, "text"),
    ("toolComponent", "version", false, "text"),
    ("toolComponent", "rules", false, "set of reportingDescriptor"),
    ("toolComponent", "properties", false, "bag"),
    ("reportingDescriptor", "id", true, "text"),
    ("reportingDescriptor", "shortDescription", false, "multiformatMessageString"),
    ("reportingDescriptor", "properties", false, "bag"),
    ("multiformatMessageString", "text", true, "text"),
    ("invocation", "executionSuccessful", true, "bool"),
    ("invocation", "toolExecutionNotifications", false, "list of notification"),
    ("notification", "message", true, "message"),
    ("notification", "level", false, "one of none note warning error"),
    ("notification", "locations", false, "set of location"),
    ("message", "text", true, "text"),
    ("result", "message", true, "message"),
    ("result", "ruleId", false, "text"),
    ("result", "ruleIndex", false, "number from -1"),
    ("result", "level", false, "one of none note warning error"),
    ("result", "locations", false, "list of location"),
    ("result", "partialFingerprints", false, "texts"),
    ("result", "properties", false, "bag"),
    ("location", "physicalLocation", false, "physicalLocation"),
    ("location", "logicalLocations", false, "set of logicalLocation"),
    // `anyOf`: an artifactLocation or an address; ours have no addresses.
    ("physicalLocation", "artifactLocation", true, "artifactLocation"),
    ("physicalLocation", "region", false, "region"),
    ("artifactLocation", "uri", false, "uri"),
    ("region", "byteOffset", false, "number from -1"),
    ("region", "byteLength", false, "number from 0"),
    ("logicalLocation", "fullyQualifiedName", false, "text"),
    ("logicalLocation", "kind", false, "text"),
];

/// Checks a value against [`SARIF`]; every row that is met is kept.
fn conforms(value: &Value, what: &str, met: &mut BTreeSet<(&'static str, &'static str)>) {
    let list = |kind: &str| what.strip_prefix(kind).map(|of| (of.to_owned(), value.as_array().unwrap()));
    if let Some((of, items)) = list("list of ").or_else(|| list("set of ")) {
        if what.starts_with("set") {
            let texts: BTreeSet<_> = items.iter().map(Value::to_string).collect();
            assert_eq!(texts.len(), items.len(), "two are the same: {value}");
        }
        return items.iter().for_each(|item| conforms(item, &of, met));
    }
    if let Some(words) = what.strip_prefix("one of ") {
        return assert!(words.split(' ').any(|word| value == word), "{value} is not {what}");
    }
    if let Some(least) = what.strip_prefix("number from ") {
        return assert!(value.as_i64().unwrap() >= least.parse().unwrap(), "{value} is no {what}");
    }
    match what {
        "text" => assert!(value.is_string(), "{value}"),
        "bool" => assert!(value.is_boolean(), "{value}"),
        "texts" => assert!(value.as_object().unwrap().values().all(Value::is_string), "{value}"),
        // RFC 3986: what may stand there unescaped, and whole escapes.
        "uri" => {
            let uri = value.as_str().unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:?#[]@!$&'()*+,;=".contains(c);
            let escaped = |part: &str| part.len() >= 2 && part.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
            let mut parts = uri.split('%');
            assert!(parts.next().unwrap().chars().all(plain), "{uri}");
            assert!(parts.all(|part| escaped(part) && part.chars().all(plain)), "{uri}");
        }
        "bag" => {
            let tags = value.as_object().unwrap().get("tags").map(|tags| tags.as_array().unwrap());
            assert!(tags.is_none_or(|tags| tags.iter().all(Value::is_string)), "{value}");
        }
        object => {
            let members = value.as_object().unwrap_or_else(|| panic!("{value} is no {object}"));
            for (_, name, ..) in SARIF.iter().filter(|row| row.0 == object && row.2) {
                assert!(members.contains_key(*name), "{object} lacks {name}: {value}");
            }
            for (name, value) in members {
                let row = SARIF.iter().find(|row| row.0 == object && row.1 == name);
                let (object, name, _, kind) = row.unwrap_or_else(|| panic!("{object} has no {name}"));
                met.insert((*object, *name));
                conforms(value, kind, met);
            }
        }
    }
}

#[test]
fn sarif_is_what_its_schema_requires() {
    let folder = folder();
    std::fs::write(folder.path().join("a b\u{e9}%.pkl"), SINK).unwrap();
    std::fs::write(folder.path().join("model.zip"), stored_zip("a/data.pkl", SINK)).unwrap();
    let log: Value = serde_json::from_str(&text(&scan(folder.path(), &["--sarif", ".", "missing.pkl"]))).unwrap();
    let mut met = BTreeSet::new();
    conforms(&log, "log", &mut met);
    let rows: BTreeSet<_> = SARIF.iter().map(|row| (row.0, row.1)).collect();
    assert_eq!(met, rows);
    let nothing: Value = serde_json::from_str(&text(&scan(folder.path(), &["--sarif", "plain.pkl"]))).unwrap();
    conforms(&nothing, "log", &mut met);
    assert_eq!(nothing["runs"][0]["results"].as_array().map(Vec::len), Some(0));
    assert_eq!(nothing["runs"][0]["invocations"][0]["executionSuccessful"], true);

    // What the text of the standard asks beyond its schema.
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len());
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 6, "{results:?}");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_string());
        for print in result["partialFingerprints"].as_object().unwrap().values() {
            assert_eq!(print.as_str().unwrap().len(), 64);
        }
    }
}

/// A zip archive of one member that is not compressed.
fn stored_zip(name: &str, data: &[u8]) -> Vec<u8> {
    let mut crc = !0u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let short = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
    let long = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    head.extend([(!crc).to_le_bytes(), long(data.len()), long(data.len())].concat());
    head.extend([short(name.len()), [0; 2]].concat());
    let local = [b"PK\x03\x04", &head[..], name.as_bytes(), data].concat();
    let central = [b"PK\x01\x02\x14\0", &head[..], &[0; 14], name.as_bytes()].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend([long(central.len()), long(local.len())].concat());
    end.extend([0; 2]);
    [local, central, end].concat()
}

/// A `.npy` file of version 1.
fn npy(header: &str, items: &[u8]) -> Vec<u8> {
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), items].concat()
}

#[test]
fn plain_arrays_are_clean_and_so_said() {
    let folder = folder();
    let at = folder.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(at.join(name), bytes).unwrap();
    let of = |count: usize| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}\n");
    let whole = |count: usize| npy(&of(count), &vec![0; 8 * count]);
    for count in [0, 1, 255, 256, 65535, 65536] {
        write("a.npy", &whole(count));
        let output = scan(at, &["--strict", "a.npy"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output), "a.npy: clean - plain arrays without a pickle in them\n");
    }
    let report: Value = serde_json::from_str(&text(&scan(at, &["--json", "a.npy"]))).unwrap();
    assert_eq!((&report["complete"], &report["stats"]["pickles"]), (&Value::Bool(true), &Value::from(0)));
    write("two.npy", &[whole(3), whole(5)].concat());
    assert_eq!(verdict(at, &["two.npy"]), "clean");
    write("arrays.npz", &stored_zip("a.npy", &whole(2)));
    assert_eq!(verdict(at, &["arrays.npz"]), "clean");
    // What follows the items is looked at, and what is in them may be an archive.
    write("pickle.npy", &[&whole(3)[..], SINK].concat());
    assert_eq!(verdict(at, &["pickle.npy"]), "dangerous");
    let objects = npy("{'descr': '|O', 'fortran_order': False, 'shape': (), }\n", SINK);
    write("objects.npy", &[&whole(3)[..], &objects].concat());
    assert_eq!(verdict(at, &["objects.npy"]), "dangerous");
    let zip = stored_zip("a/data.pkl", SINK);
    write("zip.npy", &npy(&of(zip.len()).replace("f8", "u1"), &zip));
    assert_eq!(verdict(at, &["zip.npy"]), "dangerous");
    write("behind.npy", &[&whole(3)[..], b"\xff\xff"].concat());
    assert!(["malformed", "unknown"].contains(&verdict(at, &["behind.npy"]).as_str()));
    // Not what the header says.
    write("cut.npy", &npy(&of(3), &[0; 23]));
    write("odd.npy", &npy("{'descr': x, 'fortran_order': False, 'shape': (), }\n", &[]));
    for name in ["cut.npy", "odd.npy"] {
        assert_eq!(verdict(at, &[name]), "unknown", "{name}");
        assert_eq!(scan(at, &[name]).status.code(), Some(2), "{name}");
    }
}

#[test]
fn what_salvage_leaves_is_not_clean() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("cut.pkl"), &b"\x80\x04](K\x01K\x02e.\x80\x04](K\x01"[..]).unwrap();
    let output = scan(at, &["--json", "--salvage", "cut.pkl"]);
    let report: Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!((&report["complete"], report["verdict"] == "clean"), (&Value::Bool(false), false), "{report}");
    assert_ne!(output.status.code(), Some(0));
    std::fs::write(at.join("sink.pkl"), [SINK, b"\x80\x04](K\x01"].concat()).unwrap();
    assert_eq!(verdict(at, &["--salvage", "sink.pkl"]), "dangerous");
    // Nothing to make whole: it is the file that is judged.
    assert_eq!(verdict(at, &["--salvage", "plain.pkl"]), "clean");
}

#[test]
fn everything_in_a_file_is_looked_at() {
    let folder = folder();
    let at = folder.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(at.join(name), bytes).unwrap();
    write("two.pkl", &[b"N.", SINK].concat());
    write("padded.pkl", &[b"N.\0\0\0\0", SINK].concat());
    write("broken.pkl", &[SINK, b"\xff\xff"].concat());
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(SINK).unwrap();
    write("cache.bin", &[b"\x80\x02K\x01.", packed.finish().unwrap().as_slice()].concat());
    let mut zip = zip::ZipWriter::new(std::fs::File::create(at.join("model.pt")).unwrap());
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("archive/data.pkl", stored).unwrap();
    zip.write_all(b"N.").unwrap();
    zip.start_file("archive/hidden.bin", stored).unwrap();
    zip.write_all(SINK).unwrap();
    zip.finish().unwrap();
    for name in ["two.pkl", "padded.pkl", "broken.pkl", "cache.bin", "model.pt"] {
        assert_eq!(verdict(at, &[name]), "dangerous", "{name}");
    }

    write("text.txt", b"class Linear(Module):\n  x = 1\nclass Other:\n");
    write("empty.pkl", b"");
    write("buffers.p5.pkl", b"\x80\x05\x97.");
    for name in ["text.txt", "empty.pkl", "buffers.p5.pkl"] {
        assert_ne!(verdict(at, &[name]), "clean", "{name}");
    }
    let lone = scan(at, &["buffers.p5.pkl"]);
    assert_eq!(lone.status.code(), Some(2), "{lone:?}");
    write("buffers.p5.pkl.buf0", b"data");
    assert_eq!(verdict(at, &["buffers.p5.pkl"]), "clean");
}

#[test]
fn a_policy_allows_denies_and_accepts() {
    let folder = folder();
    let at = folder.path();
    let policy = |text: &str| std::fs::write(at.join("policy.toml"), format!("version = 1\n{text}")).unwrap();
    let judged = |file: &str| verdict(at, &["--policy", "policy.toml", file]);
    std::fs::write(at.join("np.pkl"), b"\x80\x02cnumpy\ndtype\nU\x02f8\x85R.").unwrap();
    std::fs::write(at.join("sub.pkl"), b"\x80\x02cmyapp.sub\nthing\n)R.").unwrap();

    policy("[allow]\nmyapp = [\"Thing\"]");
    assert_eq!(judged("in/own.pkl"), "clean");
    assert_eq!(judged("sub.pkl"), "unknown");
    assert_eq!(judged("in/sink.pkl"), "dangerous");
    // Who allows a sink has it unknown, never clean.
    policy("[allow]\nos = [\"system\"]");
    assert_eq!(judged("in/sink.pkl"), "unknown");
    policy("[trust]\nclasses = [\"os.*\"]");
    assert_eq!(judged("in/sink.pkl"), "dangerous");
    policy("default = \"deny\"");
    assert_eq!(judged("in/own.pkl"), "suspicious");
    assert_eq!(judged("np.pkl"), "clean");
    policy("extends = [\"std\"]");
    assert_eq!(judged("np.pkl"), "unknown");
    assert_eq!(judged("in/sink.pkl"), "dangerous");
    policy("extends = [\"std\", \"numpy\"]");
    assert_eq!(judged("np.pkl"), "clean");
    policy("[deny]\nnumpy = [\"dtype\"]");
    assert_eq!(judged("np.pkl"), "dangerous");
    policy("[deny]\nmodules = [\"numpy\"]\n[allow]\nnumpy = [\"dtype\"]");
    assert_eq!(judged("np.pkl"), "clean");
    policy("[trust]\nclasses = [\"myapp.*\"]");
    assert_eq!(judged("in/own.pkl"), "clean");
    assert_eq!(judged("sub.pkl"), "unknown");
    policy("fail-on = \"unknown\"");
    let failed = scan(at, &["--policy", "policy.toml", "in/own.pkl"]);
    assert_eq!(failed.status.code(), Some(1));

    // One known file.
    use sha2::{Digest, Sha256};
    let digest: String = Sha256::digest(SINK).iter().map(|byte| format!("{byte:02x}")).collect();
    let accept = |rule: &str, day: &str| {
        format!("[[accept]]\nsha256 = \"{digest}\"\nrule = \"{rule}\"\nreason = \"read\"\nexpires = {day}\n")
    };
    policy(&[accept("PK101", "9999-01-01"), accept("PK201", "9999-01-01")].concat());
    let accepted = scan(at, &["--policy", "policy.toml", "in/sink.pkl"]);
    assert_eq!(accepted.status.code(), Some(0), "{accepted:?}");
    assert_eq!(judged("in/sink.pkl"), "unknown");
    policy(&[accept("PK101", "9999-01-01"), accept("PK201", "2020-01-01")].concat());
    assert_eq!(judged("in/sink.pkl"), "dangerous");

    std::fs::write(at.join("policy.toml"), "version = 1\nallowed = []").unwrap();
    let wrong = scan(at, &["--policy", "policy.toml", "plain.pkl"]);
    assert!(wrong.status.code() == Some(2) && wrong.stdout.is_empty(), "{wrong:?}");
}

#[test]
fn policies_are_learnt_checked_and_compiled() {
    let folder = folder();
    let at = folder.path();
    let learnt = pickle(at, &["policy", "learn", "in/own.pkl", "plain.pkl"]);
    assert_eq!(learnt.status.code(), Some(0), "{learnt:?}");
    assert!(text(&learnt).contains("\"myapp\" = [\"Thing\"]"), "{learnt:?}");
    std::fs::write(at.join("policy.toml"), &learnt.stdout).unwrap();
    assert_eq!(verdict(at, &["--policy", "policy.toml", "in/own.pkl"]), "clean");
    // Nothing is learnt from what is dangerous.
    let refused = pickle(at, &["policy", "learn", "in"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!text(&refused).contains("system"));

    let checked = pickle(at, &["policy", "check", "policy.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    std::fs::write(at.join("bad.toml"), "version = 1\n[allow]\nos = [\"system\"]\ndatetime = [\"date\"]").unwrap();
    let checked = pickle(at, &["policy", "check", "bad.toml"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked).contains("os.system: dangerous"), "{checked:?}");
    assert!(text(&checked).contains("datetime.date: the tables have it anyway"), "{checked:?}");

    let compiled = pickle(at, &["policy", "compile", "policy.toml", "-o", "policy.bin"]);
    assert_eq!(compiled.status.code(), Some(0), "{compiled:?}");
    let table = std::fs::read(at.join("policy.bin")).unwrap();
    use pickle_core::verdict::{GlobalTable, Judge, Verdict, Workspace};
    let mut workspace = Workspace::new(64, 64);
    let mut judge = Judge::with_policy(workspace.memory(), Some(GlobalTable::new(&table)));
    judge.feed(OWN, &mut ());
    assert_eq!(judge.finish(&mut ()).verdict, Verdict::Clean);

    // Another policy, which the tests of the other languages read; and one without rows.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/policy");
    std::fs::copy(folder.join("pickle-policy.toml"), at.join("other.toml")).unwrap();
    assert!(pickle(at, &["policy", "compile", "other.toml", "-o", "other.bin"]).status.success());
    assert_eq!(std::fs::read(at.join("other.bin")).unwrap(), std::fs::read(folder.join("policy.bin")).unwrap());
    std::fs::write(at.join("none.toml"), "version = 1").unwrap();
    assert!(pickle(at, &["policy", "compile", "none.toml", "-o", "none.bin"]).status.success());
    assert!(GlobalTable::new(&std::fs::read(at.join("none.bin")).unwrap()).is_whole());

    // The same as a C array.
    let compiled = pickle(at, &["policy", "compile", "policy.toml", "-o", "my-policy.h"]);
    assert_eq!(compiled.status.code(), Some(0), "{compiled:?}");
    let source = std::fs::read_to_string(at.join("my-policy.h")).unwrap();
    let (head, body) = source.split_once(" = {").unwrap();
    assert!(head.ends_with(&format!("static const uint8_t my_policy[{}]", table.len())), "{source}");
    let bytes: Vec<u8> =
        body.trim_end_matches(['\n', ';', '}']).split(',').filter_map(|n| n.trim().parse().ok()).collect();
    assert_eq!(bytes, table);
}

#[test]
fn members_that_are_numbers_are_no_pickles() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
    let stored = zip::write::SimpleFileOptions::default();
    let long = [&b"c"[..], &[b'A'; 700], b"\nb\n\xff"].concat();
    let members: [(&str, &[u8]); 8] = [
        ("a.pkl", b"N."),
        ("numbers/0", b"c\x01\x02\n\x03\x04\n\xff"),
        ("numbers/1", b"i\x7f\n\x10\n\xff\xff"),
        ("numbers/2", b"}c\x01 \n\x02\n\xff"),
        ("numbers/3", b"K\0\x95\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ("numbers/4", b"\x82\x01\xff\xff"),
        ("numbers/5", &long),
        ("numbers/6", &[0xff; 300]),
    ];
    for (name, bytes) in members {
        zip.start_file(name, stored).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap();
    assert_eq!(verdict(folder.path(), &["a.zip"]), "clean");
}

/// Its own types, as their owner would name them.
fn own_names(files: &[Value]) -> Vec<String> {
    let own = |module: &str| matches!(module, "vec_types" | "vec2_types" | "ext_types" | "app_types");
    let mut names = BTreeSet::new();
    for file in files.iter().filter(|file| file["verdict"] == "clean" || file["verdict"] == "code") {
        if ["hostile", "lookalike", "quirks"].contains(&file["family"].as_str().unwrap()) {
            continue;
        }
        for pickle in file["pickles"].as_array().into_iter().flatten() {
            for pair in pickle["globals"].as_array().into_iter().flatten() {
                let (module, name) = (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default());
                if own(module) {
                    names.insert(format!("{module}:{name}"));
                }
            }
            for code in pickle["ext_codes"].as_array().into_iter().flatten() {
                names.insert(format!("ext:{code}"));
            }
        }
    }
    names.into_iter().collect()
}

/// The corpus lies beside the repository (`../shared/corpus`) or where `PICKLE_CORPUS` says.
fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PICKLE_CORPUS").map(PathBuf::from);
    let path = path.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"));
    path.join("manifest.json").is_file().then_some(path)
}

#[test]
fn the_bars_are_met_on_the_corpus() {
    let Some(corpus) = corpus() else {
        println!("left out: no corpus at ../shared/corpus, and PICKLE_CORPUS is not set");
        return;
    };
    let manifest: Value = serde_json::from_slice(&std::fs::read(corpus.join("manifest.json")).unwrap()).unwrap();
    let files = manifest["files"].as_array().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    command.args(["scan", "--json", "--jobs", "0"]).current_dir(corpus.join("data"));
    for name in own_names(files) {
        command.args(["--allow", &name]);
    }
    command.arg("--").args(files.iter().map(|file| file["path"].as_str().unwrap()));
    let output = text(&command.output().unwrap());
    let verdicts: Vec<String> = output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(verdicts.len(), files.len());

    // Each bar: how many, of how many, and which miss it.
    let mut bars: Vec<(&str, f64, usize, Vec<String>)> = Vec::new();
    let mut count = |bar: &'static str, least: f64, met: bool, label: &str| {
        let at = bars.iter().position(|(name, ..)| *name == bar).unwrap_or_else(|| {
            bars.push((bar, least, 0, Vec::new()));
            bars.len() - 1
        });
        bars[at].2 += 1;
        if !met {
            bars[at].3.push(label.to_owned());
        }
    };
    for (file, verdict) in files.iter().zip(&verdicts) {
        let (family, label) = (file["family"].as_str().unwrap(), format!("{}: {verdict}", file["path"]));
        let is = |words: &[&str]| words.contains(&verdict.as_str());
        let expected = file["scan"]["expected"].as_str();
        let fits = file["scan"]["acceptable"].as_array().is_some_and(|words| words.iter().any(|word| word == verdict));
        match (family, expected, file["verdict"].as_str().unwrap()) {
            ("hostile" | "lookalike", Some("dangerous"), _) => {
                count("dangerous files never clean", 1.0, !is(&["clean"]), &label);
                count("dangerous files named so", 0.97, is(&["dangerous"]) || fits && !is(&["clean"]), &label);
            }
            ("hostile" | "lookalike", Some("clean"), _) => {
                count("look-alikes not dangerous", 1.0, !is(&["dangerous"]), &label);
            }
            ("hostile" | "lookalike", Some(_), _) => {
                count("suspicious files named so", 0.9, fits, &label);
                count("suspicious files never clean", 1.0, fits || !is(&["clean"]), &label);
            }
            ("quirks" | "mutated" | "random" | "cpython_tests", _, "malformed" | "divergent") => {
                let said = is(&["malformed", "divergent", "suspicious", "dangerous"]);
                count("malformed and divergent streams said so", 0.99, said, &label);
            }
            ("quirks" | "mutated" | "random" | "cpython_tests" | "hostile" | "lookalike", ..) => {}
            (_, _, "clean") => {
                count("clean files not dangerous", 1.0, !is(&["dangerous", "code"]), &label);
                count("clean files not suspicious", 0.99, is(&["clean", "unknown"]), &label);
                count("clean files proved clean", 0.999, is(&["clean"]), &label);
            }
            (_, _, "code") => count("code files named so", 1.0, is(&["code", "dangerous"]), &label),
            _ => {}
        }
    }
    assert!(bars.len() >= 9, "{bars:?}");
    for (bar, least, all, missed) in bars {
        let share = (all - missed.len()) as f64 / all as f64;
        println!("{bar}: {} of {all}", all - missed.len());
        assert!(share >= least, "{bar}: {} of {all} miss it: {missed:#?}", missed.len());
    }
}
