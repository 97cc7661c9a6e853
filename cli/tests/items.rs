//! `pickle items`, `head` and `count`, as a user runs them.

#[path = "common/command.rs"]
mod command;

use command::pickle;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Rows of protocol 0, as texts in the memo: a list, APPEND by APPEND.
fn lines(count: usize) -> (Vec<u8>, String) {
    let (mut out, mut json) = (b"(lp0\n".to_vec(), String::new());
    for row in 0..count {
        out.extend(format!("Vrow {row:05}\np{}\na", row + 1).bytes());
        json.push_str(&format!("\"row {row:05}\"\n"));
    }
    (out, json)
}

#[test]
fn a_fetch_across_two_pieces_is_planned_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut file, mut json) = lines(20_000);
    // The last bytes of a piece of 256 KiB are `g80`.
    let border = file.len().next_multiple_of(256 << 10);
    let filler = border - file.len() - b"V\nag80".len();
    file.extend(format!("V{}\na", "x".repeat(filler)).bytes());
    json.push_str(&format!("\"{}\"\n", "x".repeat(filler)));
    file.extend(b"g8000\na.");
    json.push_str("\"row 07999\"\n");
    let pipe = pickle(&["items", "-"], folder.path(), Some(&file));
    assert!(String::from_utf8_lossy(&pipe.stderr).contains("memo entry 8000"), "{pipe:?}");
    for whole in [true, false] {
        let len = if whole { file.len() } else { file.len() - 1 };
        std::fs::write(folder.path().join("lines.pkl"), &file[..len]).expect("written");
        let run = pickle(&["items", "lines.pkl"], folder.path(), None);
        assert!(run.stdout == json.as_bytes(), "{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(run.status.success(), whole, "{}", String::from_utf8_lossy(&run.stderr));
    }
}

/// A list of dicts as CPython writes it in protocol 4: batches of 1000, names and texts in the memo.
fn rows(count: usize) -> (Vec<u8>, String) {
    let (mut out, mut json) = (b"\x80\x04]\x94".to_vec(), String::new());
    let mut memo = 1u32;
    for row in 0..count {
        if row % 1000 == 0 {
            out.push(b'(');
        }
        out.extend(b"}\x94(");
        memo += 1;
        for (n, name) in ["id", "place"].iter().enumerate() {
            if row == 0 {
                out.extend([0x8c, name.len() as u8]);
                out.extend(name.as_bytes());
                out.push(0x94);
                memo += 1;
            } else {
                out.extend([b'h', 2 + 2 * n as u8 - n as u8 * u8::from(n == 1)]);
            }
            if n == 0 {
                out.push(b'J');
                out.extend((row as u32).to_le_bytes());
            } else {
                let text = format!("p{row}");
                out.extend([0x8c, text.len() as u8]);
                out.extend(text.as_bytes());
                out.push(0x94);
                memo += 1;
            }
        }
        out.push(b'u');
        json.push_str(&format!("{{\"id\":{row},\"place\":\"p{row}\"}}\n"));
        if row % 1000 == 999 || row + 1 == count {
            out.push(b'e');
        }
    }
    assert!(memo as usize > count);
    out.push(b'.');
    (out, json)
}

#[test]
fn from_a_file_and_from_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pickle_bytes, json) = rows(5500);
    std::fs::write(folder.path().join("rows.pkl"), &pickle_bytes).expect("written");
    let file = pickle(&["items", "rows.pkl"], folder.path(), None);
    assert!(file.status.success(), "{}", String::from_utf8_lossy(&file.stderr));
    assert_eq!(String::from_utf8_lossy(&file.stdout), json);
    let pipe = pickle(&["items", "-"], folder.path(), Some(&pickle_bytes));
    assert!(pipe.status.success(), "{}", String::from_utf8_lossy(&pipe.stderr));
    assert_eq!(pipe.stdout, file.stdout);
    assert_eq!(pickle(&["count", "rows.pkl"], folder.path(), None).stdout, b"5500\n");
    let head = pickle(&["head", "-n", "2", "rows.pkl"], folder.path(), None);
    assert_eq!(head.stdout.iter().filter(|&&byte| byte == b'\n').count(), 2);
    assert!(json.as_bytes().starts_with(&head.stdout));
    // Two pickles in one file.
    let twice = [&pickle_bytes[..], &pickle_bytes].concat();
    assert_eq!(pickle(&["count", "-"], folder.path(), Some(&twice)).stdout, b"11000\n");
}

#[test]
fn a_file_is_read_again_for_what_is_no_longer_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut pickle_bytes, mut json) = rows(20_000);
    pickle_bytes.truncate(pickle_bytes.len() - 2);
    // The place of row 7000 once more, long after: the list is entry 0, row 0 has four, every other row two.
    pickle_bytes.extend(b"}\x94(h\x02K\x01h\x03j");
    pickle_bytes.extend((6 + 2 * 6999u32).to_le_bytes());
    pickle_bytes.extend(b"ue.");
    json.push_str("{\"id\":1,\"place\":\"p7000\"}\n");
    let from_pipe = pickle(&["items", "-"], folder.path(), Some(&pickle_bytes));
    let text = String::from_utf8_lossy(&from_pipe.stderr).into_owned();
    assert!(text.contains("(memo entry 14004; from an uncompressed file"), "{text}");
    assert_eq!(from_pipe.status.code(), Some(1));
    // Another one follows it, so that the second reading must begin and end where the pickle does.
    pickle_bytes.extend(b"](K\x05K\x06e.");
    json.push_str("5\n6\n");
    std::fs::write(folder.path().join("late.pkl"), &pickle_bytes).expect("written");
    let run = pickle(&["items", "late.pkl"], folder.path(), None);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout), json);
    assert_eq!(pickle(&["count", "late.pkl"], folder.path(), None).stdout, b"20003\n");
    let tail = pickle(&["tail", "-n", "3", "late.pkl"], folder.path(), None).stdout;
    assert!(json.as_bytes().ends_with(&tail) && tail.starts_with(b"{\"id\":1,"), "{tail:?}");
}

#[test]
fn arrays_of_joblib_between_the_opcodes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = b"\x80\x03](".to_vec();
    let count = 2500;
    for n in 0..count {
        file.extend(
            b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(X\x05\0\0\0dtypecnumpy\ndtype\nX\x02\0\0\0u1\x85R",
        );
        file.extend(b"X\x05\0\0\0shapeK\x03\x85ub");
        // Bytes that would be opcodes.
        file.extend([b'.', n as u8, b'(']);
        if n % 1000 == 999 {
            file.extend(b"e(");
        }
    }
    file.extend(b"e.");
    std::fs::write(folder.path().join("arrays.joblib"), &file).expect("written");
    let whole = pickle(&["json", "--lines", "arrays.joblib"], folder.path(), None);
    let whole: Vec<serde_json::Value> = serde_json::from_slice(&whole.stdout).expect("JSON");
    assert_eq!(whole.len(), count);
    for args in [["items", "arrays.joblib"], ["items", "-"]] {
        let run = pickle(&args, folder.path(), Some(&file));
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let items = serde_json::Deserializer::from_slice(&run.stdout).into_iter::<serde_json::Value>();
        assert_eq!(items.collect::<Result<Vec<_>, _>>().expect("JSON"), whole);
    }
}

#[test]
fn a_cut_file_gives_what_came_before_and_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pickle_bytes, json) = rows(5500);
    let cut = &pickle_bytes[..pickle_bytes.len() - 1000];
    std::fs::write(folder.path().join("cut.pkl"), cut).expect("written");
    let run = pickle(&["items", "cut.pkl"], folder.path(), None);
    assert_eq!(run.status.code(), Some(1));
    assert!(json.as_bytes().starts_with(&run.stdout));
    assert_eq!(run.stdout.iter().filter(|&&byte| byte == b'\n').count(), 5000);
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(text.contains(&format!("at byte {}", cut.len())), "{text}");
    // A file has the same items.
    let run_to_file = pickle(&["items", "cut.pkl", "-o", "out.jsonl"], folder.path(), None);
    assert_eq!(run_to_file.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run_to_file.stderr).contains("out.jsonl"), "{run_to_file:?}");
    assert!(std::fs::read(folder.path().join("out.jsonl")).expect("it is there") == run.stdout);
}

#[test]
fn output_to_a_file_and_to_a_full_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pickle_bytes, json) = rows(3000);
    std::fs::write(folder.path().join("rows.pkl"), pickle_bytes).expect("written");
    let run = pickle(&["items", "rows.pkl", "-o", "out.jsonl"], folder.path(), None);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("out.jsonl")).expect("there"), json);
    if Path::new("/dev/full").exists() {
        let run = pickle(&["items", "rows.pkl", "-o", "/dev/full"], folder.path(), None);
        assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    }
}

#[test]
fn a_path_and_a_dict() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = b"}(X\x01\0\0\0aK\x01X\x04\0\0\0rows](K\x02}X\x01\0\0\0xNseu.";
    let run = pickle(&["items", "--path", "$.rows", "-"], folder.path(), Some(input));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "2\n{\"x\":null}\n");
    let run = pickle(&["items", "-"], folder.path(), Some(input));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "[\"a\",1]\n[\"rows\",[2,{\"x\":null}]]\n");
}

fn succeeds(args: &[&str], folder: &Path) -> String {
    let run = pickle(args, folder, None);
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

#[test]
fn tables_and_messagepack() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("rows.pkl"), rows(3).0).expect("written");
    assert_eq!(succeeds(&["items", "-f", "csv", "rows.pkl"], folder), "id,place\n0,p0\n1,p1\n2,p2\n");
    let packed = pickle(&["items", "-f", "msgpack", "rows.pkl"], folder, None).stdout;
    assert!(packed.starts_with(b"\x82\xa2id\x00\xa5place\xa2p0\x82\xa2id\x01"), "{packed:?}");
    // [(1, 'a,b', None), (2.5, ['x'], True)]
    let tuples = b"](K\x01X\x03\0\0\0a,bN\x87G\x40\x04\0\0\0\0\0\0](X\x01\0\0\0xe\x88\x87e.";
    std::fs::write(folder.join("tuples.pkl"), tuples).expect("written");
    assert_eq!(succeeds(&["items", "-f", "csv", "tuples.pkl"], folder), "1,\"a,b\",\n2.5,\"[\"\"x\"\"]\",true\n");
    // [{'a': 1}, {'b': 2}]
    std::fs::write(folder.join("mixed.pkl"), b"](}X\x01\0\0\0aK\x01s}X\x01\0\0\0bK\x02se.").expect("written");
    let run = pickle(&["items", "-f", "csv", "mixed.pkl"], folder, None);
    assert_eq!((run.status.code(), &run.stdout[..]), (Some(0), &b"a,b\n1,\n,2\n"[..]));
}

#[test]
fn one_value_and_the_last_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("rows.pkl"), rows(2500).0).expect("written");
    assert_eq!(succeeds(&["get", "rows.pkl", "$[1234].place"], folder), "\"p1234\"\n");
    assert_eq!(succeeds(&["get", "rows.pkl", "$[-1].id"], folder), "2499\n");
    assert_eq!(succeeds(&["tail", "-n", "2", "rows.pkl"], folder).lines().count(), 2);
    assert!(succeeds(&["tail", "-n", "1", "rows.pkl"], folder).contains("\"id\":2499"));
    for missing in ["$[2500]", "$[3].none", "$.none"] {
        let run = pickle(&["get", "rows.pkl", missing], folder, None);
        assert_eq!(run.status.code(), Some(1), "{missing}");
        assert!(String::from_utf8_lossy(&run.stderr).contains("there is no "), "{missing}");
    }
}

#[test]
fn split_and_joined_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let log = [rows(2).0, rows(3).0, b"N.".to_vec()];
    std::fs::write(folder.join("log.pkl"), log.concat()).expect("written");
    succeeds(&["split", "log.pkl", "-o", "log-{}.pkl"], folder);
    for (n, expected) in log.iter().enumerate() {
        assert_eq!(&std::fs::read(folder.join(format!("log-{}.pkl", n + 1))).expect("there"), expected);
    }
    succeeds(&["cat", "log-1.pkl", "log-2.pkl", "log-3.pkl", "-o", "again.pkl"], folder);
    assert_eq!(std::fs::read(folder.join("again.pkl")).expect("there"), log.concat());
    // An output may be one of the inputs.
    succeeds(&["cat", "log-3.pkl", "log-3.pkl", "-o", "log-3.pkl"], folder);
    assert_eq!(std::fs::read(folder.join("log-3.pkl")).expect("there"), b"N.N.");
    // A cut pickle, and one that needs the memo of another.
    std::fs::write(folder.join("cut.pkl"), &log[0][..20]).expect("written");
    std::fs::write(folder.join("shared.pkl"), b"]q\0.h\0.").expect("written");
    for (bad, message) in [("cut.pkl", "at byte 20"), ("shared.pkl", "needs the memo of one before it")] {
        let run = pickle(&["cat", "log-1.pkl", bad, "-o", "again.pkl"], folder, None);
        assert_eq!(run.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&run.stderr).contains(message), "{run:?}");
        assert_eq!(std::fs::read(folder.join("again.pkl")).expect("there"), log.concat(), "as it was");
    }
    // The items, two pickles a file.
    succeeds(&["split", "--items", "-n", "2", "log-2.pkl", "-o", "item-{}.pkl"], folder);
    assert_eq!(succeeds(&["json", "--lines", "item-2.pkl"], folder), "{\"id\":2,\"place\":\"p2\"}\n");
    assert!(!folder.join("item-3.pkl").exists());
}

#[test]
fn after_a_bad_record_when_asked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // The process died while it wrote the second record; the next appended.
    let (one, two) = (rows(2).0, rows(3).0);
    let log = [&one[..], &two[..two.len() - 9], &one[..]].concat();
    std::fs::write(folder.join("log.pkl"), &log).expect("written");
    let run = pickle(&["items", "log.pkl"], folder, None);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(run.stdout, rows(2).1.as_bytes());
    let run = pickle(&["items", "--resync", "log.pkl", "-o", "out"], folder, None);
    assert_eq!(run.status.code(), Some(1), "it is never silent");
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    let (start, next) = (one.len(), one.len() + two.len() - 9);
    assert!(text.contains(&format!("bytes {start} to {next} were left out")), "{text}");
    assert_eq!(std::fs::read_to_string(folder.join("out")).expect("there"), rows(2).1.repeat(2));
    let run = pickle(&["count", "--resync", "-"], folder, Some(&log));
    assert_eq!((run.status.code(), &run.stdout[..]), (Some(1), &b"4\n"[..]));
    // Of a long pickle, items came out before the fault: only the rest of it was left out.
    let (long, cut) = (rows(5000), rows(5000).0.len() - 9);
    std::fs::write(folder.join("long.pkl"), [&long.0[..cut], &one[..]].concat()).expect("written");
    let run = pickle(&["items", "--resync", "long.pkl"], folder, None);
    assert_eq!(run.status.code(), Some(1));
    let (out, text) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(out.lines().count() > 1000 && out.ends_with(&rows(2).1), "{text}");
    assert!(long.1.starts_with(out.strip_suffix(&rows(2).1).expect("both")), "{text}");
    assert!(text.contains("of the pickle at byte 0, the items that are whole before byte"), "{text}");
    assert!(
        text.contains(&format!("going on with the pickle at byte {cut}")) && !text.contains("bytes 0 to"),
        "{text}"
    );
}

#[test]
fn lengths_in_front_and_compression() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (one, json) = rows(3);
    let mut framed = Vec::new();
    for _ in 0..3 {
        framed.extend((one.len() as u32).to_be_bytes());
        framed.extend(&one);
    }
    std::fs::write(folder.join("socket.bin"), &framed).expect("written");
    assert_eq!(succeeds(&["items", "socket.bin"], folder), json.repeat(3));
    succeeds(&["cat", "socket.bin", "-o", "plain.pkl"], folder);
    assert_eq!(std::fs::read(folder.join("plain.pkl")).expect("there"), one.repeat(3));
    let run = pickle(&["items", "-"], folder, Some(&framed[..framed.len() - 1]));
    assert_eq!((run.status.code(), run.stdout), (Some(1), json.repeat(2).into_bytes()));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&rows(5500).0).expect("packed");
    let packed = packer.finish().expect("packed");
    let run = pickle(&["items", "-"], folder, Some(&packed));
    assert_eq!(run.stdout, rows(5500).1.into_bytes());
    let run = pickle(&["items", "-"], folder, Some(&packed[..packed.len() - 20]));
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(run.stdout.iter().filter(|&&byte| byte == b'\n').count(), 5000);
    assert!(String::from_utf8_lossy(&run.stderr).contains("gzip data ends early"));
}

#[test]
fn where_the_bytes_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // {'image': 5000 bytes, 'rows': [(1, 'ab'), (2, 'cd')]}
    let mut file = b"\x80\x04}(\x8c\x05imageB\x88\x13\0\0".to_vec();
    file.resize(file.len() + 5000, b'x');
    file.extend(b"\x8c\x04rows](K\x01\x8c\x02ab\x86K\x02\x8c\x02cd\x86eu.");
    std::fs::write(folder.join("a.pkl"), &file).expect("written");
    let text = succeeds(&["du", "a.pkl"], folder);
    let line = |path: &str| {
        let found = text.lines().find(|line| line.split_whitespace().nth(3) == Some(path));
        let words: Vec<_> = found.unwrap_or_else(|| panic!("{path}: {text}")).split_whitespace().collect();
        (words[0].parse::<usize>().expect("bytes"), words[2].parse::<usize>().expect("values"))
    };
    assert_eq!(line("$"), (file.len(), 1));
    assert_eq!(line("$.image"), (5000 + 5 + 7, 1));
    assert_eq!(line("$.rows[*]"), (14, 2));
    assert_eq!(line("$.rows[*][1]"), (8, 2));
    succeeds(&["du", "a.pkl", "--html", "a.html"], folder);
    let page = std::fs::read_to_string(folder.join("a.html")).expect("there");
    assert!(page.contains("[\"$\",") && page.contains("\".image\",5012,1,\"bytes\""), "{page}");
    assert!(!page.contains("http"), "nothing is loaded");
    // What was counted before a cut is told.
    std::fs::write(folder.join("cut.pkl"), &file[..file.len() - 3]).expect("written");
    let run = pickle(&["du", "cut.pkl"], folder, None);
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stdout).contains(&(file.len() - 3).to_string()), "{run:?}");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_and_an_unreadable_input() {
    use std::io::Read;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("rows.pkl"), rows(50_000).0).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    command.args(["items", "rows.pkl"]).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0; 100]).expect("the first lines");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "as with head: {output:?}");
    // Its first page can be opened and not be read.
    if Path::new("/proc/self/mem").exists() {
        for command in [&["items"][..], &["du"], &["count"], &["cat", "-o", "out"], &["split", "-o", "out{}"]] {
            let args: Vec<_> = command.iter().chain(&["/proc/self/mem"]).copied().collect();
            let run = pickle(&args, folder, None);
            assert_eq!(run.status.code(), Some(1), "{run:?}");
            assert!(String::from_utf8_lossy(&run.stderr).starts_with("pickle: /proc/self/mem: "), "{run:?}");
        }
        assert_eq!(std::fs::read_dir(folder).expect("readable").count(), 1);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_half_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    command.args(["items", "-", "-o", "out.jsonl"]).current_dir(folder).stdin(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = rows(20_000).0;
    stdin.write_all(&bytes[..bytes.len() - 10]).expect("written");
    let files = || std::fs::read_dir(folder).expect("readable").count();
    let begun = std::time::Instant::now();
    while files() == 0 && begun.elapsed().as_secs() < 30 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(files(), 1, "the file in the making");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop(stdin);
    assert_eq!(files(), 0);
}

/// `{"meta": {...}, "rows": [...]}` with `count` rows of a dict each, as CPython writes it.
fn run_of_rows(meta: &[u8], count: usize) -> (Vec<u8>, String) {
    let (mut out, mut json) = ([b"\x80\x02}(X\x04\0\0\0meta", meta, b"X\x04\0\0\0rows]"].concat(), String::new());
    for first in (0..count).step_by(1000) {
        out.push(b'(');
        for row in first..count.min(first + 1000) {
            out.extend(b"}X\x02\0\0\0idJ");
            out.extend((row as u32).to_le_bytes());
            out.push(b's');
            json.push_str(&format!("{{\"id\":{row}}}\n"));
        }
        out.push(b'e');
    }
    out.extend(b"u.");
    (out, json)
}

#[test]
fn rows_behind_what_may_take_them_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // {}, {"v": 1}, [], an object.
    for (meta, doubt) in [(&b"}"[..], true), (b"}X\x01\0\0\0vK\x01s", false), (b"]", false), (b"cm\nC\n)\x81", true)] {
        let (file, json) = run_of_rows(meta, 300_000);
        std::fs::write(folder.join("run.pkl"), &file).expect("written");
        let run = pickle(&["items", "-p", "$.rows", "run.pkl"], folder, None);
        assert!(run.status.success() && run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
        assert!(run.stdout == json.as_bytes());
        let pipe = pickle(&["items", "-p", "$.rows", "-"], folder, Some(&file));
        assert!(pipe.status.success() && pipe.stdout == json.as_bytes());
        let text = String::from_utf8_lossy(&pipe.stderr);
        assert_eq!(text.contains("$.rows is read whole into memory"), doubt, "{text}");
        assert_eq!(succeeds(&["count", "-p", "$.rows", "run.pkl"], folder), "300000\n");
        assert_eq!(succeeds(&["head", "-n", "1", "-p", "$.rows", "run.pkl"], folder), "{\"id\":0}\n");
        assert_eq!(succeeds(&["tail", "-n", "1", "-p", "$.rows", "run.pkl"], folder), "{\"id\":299999}\n");
        assert_eq!(succeeds(&["get", "run.pkl", "$.rows[299999].id"], folder), "299999\n");
    }
    // A tuple of two lists: neither is the outermost container.
    let list = [&b"]"[..], &[&b"("[..], &b"K\x01".repeat(1000), b"e"].concat().repeat(9)].concat();
    let tuple = [&b"\x80\x02"[..], &list, &list, b"\x86."].concat();
    std::fs::write(folder.join("tuple.pkl"), &tuple).expect("written");
    assert_eq!(succeeds(&["count", "tuple.pkl"], folder), "2\n");
    assert_eq!(succeeds(&["count", "-p", "$[1]", "tuple.pkl"], folder), "9000\n");
}

#[test]
fn a_path_to_nothing_is_told_by_every_verb() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("run.pkl"), run_of_rows(b"}", 3).0).expect("written");
    std::fs::write(folder.join("big.pkl"), run_of_rows(b"}", 30_000).0).expect("written");
    for file in ["run.pkl", "big.pkl"] {
        for path in ["$.nothing", "$.rows[-99999]", "$.meta.x", "$.rows[0].id.more", "$.rows[0].nothing"] {
            for verb in [&["items", "-p"][..], &["head", "-p"], &["tail", "-p"], &["count", "-p"], &["get"], &["table"]]
            {
                let mut args = verb.to_vec();
                // The file stands before the path where that is no option.
                if verb.len() == 1 {
                    args.extend([file, path])
                } else {
                    args.extend([path, file])
                }
                let run = pickle(&args, folder, None);
                let text = String::from_utf8_lossy(&run.stderr).into_owned();
                assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0), "{args:?}: {text}");
                assert!(text.contains("there is no"), "{args:?}: {text}");
            }
        }
    }
}

/// The items of the first of several containers must not pass for all.
#[test]
fn a_path_to_several_containers_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("run.pkl"), run_of_rows(b"}", 3).0).expect("written");
    for path in ["$.rows[*]", "$.rows[0:2]", "$..id"] {
        for verb in [&["items", "-p"][..], &["head", "-p"], &["tail", "-p"], &["count", "-p"], &["index", "-p"]] {
            let args: Vec<_> = verb.iter().copied().chain([path, "run.pkl"]).collect();
            let run = pickle(&args, folder, None);
            let text = String::from_utf8_lossy(&run.stderr).into_owned();
            assert_eq!((run.status.code(), run.stdout.len()), (Some(2), 0), "{args:?}: {text}");
            assert!(text.contains("may lead to several values"), "{args:?}: {text}");
        }
    }
}

/// Whoever writes slowly: a line comes out as soon as its value is there.
#[cfg(unix)]
#[test]
fn lines_of_a_live_pipe() {
    use std::io::{BufRead, BufReader};
    // Records of a log, and the batches of one list.
    let record = b"\x80\x02}X\x01\0\0\0aK\x01s.";
    for args in [&["items", "-"][..], &["json", "-l", "-"], &["items", "-p", "$", "-"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
        let (mut stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut lines = BufReader::new(stdout).lines();
        // Whether one dict is a record is known when the next begins.
        stdin.write_all(record).expect("written");
        for _ in 0..5 {
            stdin.write_all(record).expect("written");
            assert_eq!(lines.next().expect("a line").expect("text"), "{\"a\":1}", "{args:?}");
        }
        drop(stdin);
        assert_eq!(lines.count(), 1, "{args:?}");
        assert!(child.wait().expect("it ends").success());
    }
}

#[test]
fn a_log_of_dicts_counts_pickles() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let record = |n: u8| [b"\x80\x02}(X\x01\0\0\0aK", &[n][..], b"X\x01\0\0\0bNu."].concat();
    for count in [2, 3, 255, 256] {
        let log: Vec<u8> = (0..count).flat_map(|n| record((n % 200) as u8)).collect();
        std::fs::write(folder.join("log.pkl"), &log).expect("written");
        for (name, input) in [("log.pkl", None), ("-", Some(&log[..]))] {
            let lines = |args: &[&str]| String::from_utf8(pickle(args, folder, input).stdout).expect("text");
            assert_eq!(lines(&["count", name]), format!("{count}\n"));
            let last = |n: usize| format!("{{\"a\":{},\"b\":null}}\n", n % 200);
            assert_eq!(lines(&["tail", "-n", "2", name]), last(count - 2) + &last(count - 1));
            assert_eq!(lines(&["head", "-n", "1", name]), last(0));
        }
    }
}

/// Items that lie in what is held: one costs what it is, not what all are.
#[test]
fn rows_with_objects_in_a_tuple() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let count = 100_000;
    let mut file = b"\x80\x02(".to_vec();
    for _ in 0..count {
        // A tuple of a date, which is no plain value.
        file.extend(b"cdatetime\ndate\nU\x04\x07\xe8\x02\x1d\x85R\x85");
    }
    file.extend(b"t.");
    std::fs::write(folder.join("dates.pkl"), &file).expect("written");
    let begun = std::time::Instant::now();
    assert!(succeeds(&["items", "dates.pkl"], folder) == "[\"2024-02-29\"]\n".repeat(count));
    // Quadratic time would be many minutes.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn items_that_are_held_are_handed_over_without_reading_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut pickle = b"\x80\x02(".to_vec();
    (0..50_000u16).for_each(|int| pickle.extend([b'M', int as u8, (int >> 8) as u8]));
    pickle.extend(b"t.");
    std::fs::write(folder.path().join("tuple.pkl"), &pickle).expect("written");
    let begin = std::time::Instant::now();
    let run = pickle_lines(&["items", "tuple.pkl"], folder.path());
    assert_eq!((run.first().map(String::as_str), run.len()), (Some("0"), 50_000));
    // A piece of 256 KiB was cleared for each of them: that took a minute.
    assert!(begin.elapsed() < std::time::Duration::from_secs(30), "{:?}", begin.elapsed());
}

fn pickle_lines(args: &[&str], folder: &Path) -> Vec<String> {
    let run = pickle(args, folder, None);
    assert!(run.status.success(), "{run:?}");
    String::from_utf8_lossy(&run.stdout).lines().map(str::to_owned).collect()
}

/// Protocols 0 to 3 make a set by a call, which is a container all the same where other pickles follow.
#[test]
fn a_set_in_front_of_other_pickles() {
    let folder = tempfile::tempdir().unwrap();
    let sets = b"\x80\x02c__builtin__\nset\n](K\x01K\x02e\x85R.\x80\x02]K\x03a.";
    std::fs::write(folder.path().join("sets.pkl"), sets).unwrap();
    assert_eq!(pickle_lines(&["items", "sets.pkl"], folder.path()), ["1", "2", "3"]);
    assert_eq!(pickle_lines(&["items", "--jobs", "0", "sets.pkl"], folder.path()), ["1", "2", "3"]);
    assert_eq!(pickle_lines(&["items", "--from", "1", "--count", "1", "sets.pkl"], folder.path()), ["2"]);
    assert_eq!(pickle_lines(&["count", "sets.pkl"], folder.path()), ["3"]);
}
