//! `pickle index` and what reads by its plans: the same items as without, from any place, by any number of threads.

#[path = "common/command.rs"]
mod command;

use command::pickle;
use std::path::Path;
use std::process::Output;

/// Standard output of a command that ends well.
fn good(args: &[&str], folder: &Path) -> String {
    let output = pickle(args, folder, None);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend([0x8c, text.len() as u8]);
    out.extend(text.as_bytes());
    out.push(0x94);
}

/// A list of dicts as CPython writes it in protocol 4: batches of 1000, names in the memo, and a str that rows share
/// with others far away.
fn rows(count: usize) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94".to_vec();
    // The list is entry 0, the first dict 1, its keys 2 and 3.
    let mut memo = 1_u32;
    let mut shared = Vec::new();
    for row in 0..count {
        if row % 1000 == 0 {
            out.push(b'(');
        }
        out.extend(b"}\x94(");
        memo += 1;
        for (number, key) in ["id", "name"].into_iter().enumerate() {
            if row == 0 {
                text(&mut out, key);
                memo += 1;
            } else {
                out.extend([b'h', 2 + number as u8]);
            }
            if number == 0 {
                out.push(b'J');
                out.extend((row as u32).to_le_bytes());
            } else if row % 7 == 0 && row > 100 {
                let entry: u32 = shared[row * 31 % shared.len()];
                out.push(b'j');
                out.extend(entry.to_le_bytes());
            } else {
                text(&mut out, &format!("name {row}"));
                shared.push(memo);
                memo += 1;
            }
        }
        out.push(b'u');
        if row % 1000 == 999 || row + 1 == count {
            out.push(b'e');
        }
    }
    out.push(b'.');
    out
}

fn lines(all: &str, from: usize, count: usize) -> String {
    all.lines().skip(from).take(count).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_plan_gives_the_items_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    for count in [0, 1, 255, 999, 1000, 1001, 65_536] {
        let name = format!("rows{count}.pkl");
        std::fs::write(here.join(&name), rows(count)).expect("written");
        let all = good(&["items", &name], here);
        assert_eq!(all.lines().count(), count);
        let said = good(&["index", &name, "--every", "20000"], here);
        let items = format!("{count} item{}, ", if count == 1 { "" } else { "s" });
        assert!(said.starts_with(&items), "{said}");
        assert!(here.join(format!("{name}.pkx")).is_file());
        assert_eq!(good(&["items", &name], here), all);
        assert_eq!(good(&["count", &name], here), format!("{count}\n"));
        for jobs in ["1", "2", "3", "16"] {
            assert!(good(&["items", &name, "--jobs", jobs], here) == all, "{count} {jobs}");
            assert_eq!(good(&["count", &name, "-j", jobs], here), format!("{count}\n"));
        }
        for (from, some) in [(0, 1), (0, 5), (count / 2, 3), (count.saturating_sub(1), 2), (count, 1), (12, 1500)] {
            let args = ["items", &name, "--from", &from.to_string(), "--count", &some.to_string()];
            assert_eq!(good(&args, here), lines(&all, from, some), "{args:?}");
        }
        assert_eq!(good(&["head", "-n", "3", &name], here), lines(&all, 0, 3));
        assert_eq!(good(&["tail", "-n", "3", &name], here), lines(&all, count.saturating_sub(3), 3));
        if count > 0 {
            let last = format!("$[{}].id", count - 1);
            assert_eq!(good(&["get", &name, &last], here), format!("{}\n", count - 1));
        }
        let beyond = pickle(&["get", &name, &format!("$[{count}].id")], here, None);
        assert_eq!(beyond.status.code(), Some(1), "{}", errors(&beyond));
    }
}

#[test]
fn without_a_plan_from_and_count_pass_over_items() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("rows.pkl"), rows(5000)).expect("written");
    let all = good(&["items", "rows.pkl"], here);
    assert_eq!(good(&["items", "--from", "4321", "--count", "7", "rows.pkl"], here), lines(&all, 4321, 7));
    assert_eq!(good(&["items", "--from", "4990", "rows.pkl"], here), lines(&all, 4990, 10));
    assert_eq!(good(&["items", "--count", "0", "rows.pkl"], here), "");
    let piped = pickle(&["items", "--from", "10", "--count", "2", "-"], here, Some(&rows(100)));
    assert_eq!(String::from_utf8_lossy(&piped.stdout), lines(&all, 10, 2));
    let table = good(&["items", "-f", "csv", "--from", "3", "--count", "2", "rows.pkl"], here);
    assert_eq!(table, "id,name\n3,name 3\n4,name 4\n");
    good(&["index", "rows.pkl"], here);
    assert_eq!(good(&["items", "-f", "csv", "--from", "3", "--count", "2", "rows.pkl"], here), table);
    let packed = good(&["items", "-f", "csv", "rows.pkl"], here);
    assert_eq!(packed.lines().count(), 5001);
}

#[test]
fn threads_without_a_plan_make_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("rows.pkl"), rows(200_000)).expect("written");
    let all = good(&["items", "rows.pkl"], here);
    assert!(good(&["items", "-j", "3", "rows.pkl"], here) == all);
    assert_eq!(good(&["count", "-j", "3", "rows.pkl"], here), "200000\n");
    assert!(!here.join("rows.pkl.pkx").exists());
}

#[test]
fn containers_at_paths_logs_and_several_pickles() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    // {"meta": {}, "rows": [...], "tail": 1}
    let list = rows(3000);
    let list = list[2..list.len() - 1].to_vec();
    let mut file = b"\x80\x04}(\x8c\x04meta}\x8c\x04rows".to_vec();
    file.extend(&list);
    file.extend(b"\x8c\x04tailK\x01u.");
    std::fs::write(here.join("run.pkl"), &file).expect("written");
    let all = good(&["items", "-p", "$.rows", "run.pkl"], here);
    good(&["index", "-p", "$.rows", "run.pkl", "--every", "10000", "-o", "run.rows.pkx"], here);
    let by_plan = ["items", "--index", "run.rows.pkx", "-p", "$.rows", "run.pkl"];
    assert_eq!(good(&by_plan, here), all);
    let other = pickle(&["items", "--index", "run.rows.pkx", "run.pkl"], here, None);
    assert!(other.status.code() == Some(1) && errors(&other).contains("it is a plan of $.rows, not of $"));
    // Several lists, and a log of dicts.
    let several = [rows(1500), rows(3), rows(2500)].concat();
    std::fs::write(here.join("several.pkl"), several).expect("written");
    let all = good(&["items", "several.pkl"], here);
    good(&["index", "several.pkl", "--every", "10000"], here);
    assert_eq!(good(&["items", "several.pkl"], here), all);
    assert_eq!(good(&["items", "--from", "1499", "--count", "6", "several.pkl"], here), lines(&all, 1499, 6));
    let log: Vec<u8> = (0..5000_u32).flat_map(|n| format!("(dp0\nVn{n}\np1\nI{n}\ns.").into_bytes()).collect();
    std::fs::write(here.join("log.pkl"), log).expect("written");
    let all = good(&["items", "log.pkl"], here);
    assert_eq!(good(&["index", "log.pkl", "--every", "1000"], here).split(',').next(), Some("5000 items"));
    assert_eq!(good(&["items", "log.pkl", "-j", "3"], here), all);
    assert_eq!(good(&["items", "--from", "4321", "--count", "2", "log.pkl"], here), lines(&all, 4321, 2));
    assert_eq!(good(&["tail", "-n", "1", "log.pkl"], here), lines(&all, 4999, 1));
}

#[test]
fn a_file_that_is_cut_is_planned_up_to_the_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let file = rows(20_500);
    std::fs::write(here.join("cut.pkl"), &file[..file.len() - 5000]).expect("written");
    let before = pickle(&["items", "cut.pkl"], here, None);
    assert_eq!(before.status.code(), Some(1));
    let made = pickle(&["index", "cut.pkl", "--every", "20000"], here, None);
    assert_eq!(made.status.code(), Some(1));
    assert!(errors(&made).contains("the plan is one of what comes before the fault"), "{}", errors(&made));
    assert!(String::from_utf8_lossy(&made.stdout).starts_with("20000 items"), "{made:?}");
    for jobs in ["1", "3"] {
        let after = pickle(&["items", "-j", jobs, "cut.pkl"], here, None);
        assert!(after.stdout == before.stdout && after.status.code() == Some(1), "{}", errors(&after));
        assert_eq!(errors(&after), errors(&before));
    }
    let middle = good(&["items", "--from", "19990", "--count", "5", "cut.pkl"], here);
    assert_eq!(middle, lines(&String::from_utf8_lossy(&before.stdout), 19_990, 5));
    assert_eq!(pickle(&["count", "cut.pkl"], here, None).status.code(), Some(1));
}

#[test]
fn plans_of_other_files_are_refused_or_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("rows.pkl"), rows(5000)).expect("written");
    good(&["index", "rows.pkl", "--every", "10000"], here);
    // Another file of the same length.
    let mut other = rows(5000);
    let at = other.len() - 100;
    other[at] ^= 1;
    std::fs::write(here.join("rows.pkl"), &other).expect("written");
    let all = good(&["items", "rows.pkl"], here);
    let run = pickle(&["items", "--from", "10", "--count", "2", "rows.pkl"], here, None);
    assert!(run.status.success() && errors(&run).contains("not used"), "{}", errors(&run));
    assert_eq!(String::from_utf8_lossy(&run.stdout), lines(&all, 10, 2));
    let asked = pickle(&["items", "--index", "rows.pkl.pkx", "rows.pkl"], here, None);
    assert!(asked.status.code() == Some(1) && asked.stdout.is_empty(), "{}", errors(&asked));
    // A plan of which any byte is another.
    good(&["index", "rows.pkl", "--every", "10000"], here);
    let plan = std::fs::read(here.join("rows.pkl.pkx")).expect("it was made");
    for at in (0..plan.len()).step_by(7) {
        let mut edited = plan.clone();
        edited[at] ^= 0x10;
        std::fs::write(here.join("rows.pkl.pkx"), &edited).expect("written");
        let run = pickle(&["items", "--from", "10", "--count", "2", "rows.pkl"], here, None);
        assert!(run.status.code() == Some(1) && run.stdout.is_empty(), "{at}: {}", errors(&run));
    }
    std::fs::write(here.join("rows.pkl.pkx"), &plan[..plan.len() / 2]).expect("written");
    assert_eq!(pickle(&["count", "rows.pkl"], here, None).status.code(), Some(1));
}

#[test]
fn what_cannot_be_split_is_read_from_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    // A tuple of 10,000 numbers.
    let tuple: Vec<u8> = [&b"("[..], &b"K\x01".repeat(10_000), b"t."].concat();
    std::fs::write(here.join("tuple.pkl"), tuple).expect("written");
    good(&["index", "tuple.pkl"], here);
    assert_eq!(good(&["count", "tuple.pkl"], here), "10000\n");
    // An item that is changed later.
    let mut changed = b"](]q\x01".to_vec();
    changed.extend(b"K\x01".repeat(5000));
    changed.extend(b"e(h\x01K\x05ae(K\x02e.");
    std::fs::write(here.join("changed.pkl"), changed).expect("written");
    let made = pickle(&["index", "changed.pkl"], here, None);
    assert!(made.status.success() && errors(&made).contains("an item is changed after it was put in"), "{made:?}");
    let packed = pickle(&["index", "-"], here, Some(&rows(10)));
    assert_eq!(packed.status.code(), Some(1));
}

#[test]
fn a_sample_is_the_same_from_files_pipes_and_plans() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("rows.pkl"), rows(3000)).expect("written");
    let all = good(&["items", "rows.pkl"], here);
    for count in ["0", "1", "17", "2999", "3000", "4000"] {
        let args = ["sample", "-n", count, "--seed", "5"];
        let from_file = good(&[&args[..], &["rows.pkl"]].concat(), here);
        let wanted = count.parse::<usize>().expect("a number").min(3000);
        assert_eq!(from_file.lines().count(), wanted);
        let mut rest = all.lines();
        assert!(from_file.lines().all(|line| rest.any(|other| other == line)), "in the order of the file");
        let piped = pickle(&[&args[..], &["-"]].concat(), here, Some(&rows(3000)));
        assert_eq!(String::from_utf8_lossy(&piped.stdout), from_file);
        good(&["index", "rows.pkl", "--every", "10000"], here);
        assert_eq!(good(&[&args[..], &["rows.pkl"]].concat(), here), from_file);
        std::fs::remove_file(here.join("rows.pkl.pkx")).expect("it was there");
    }
    let two = [5, 6].map(|seed| good(&["sample", "--seed", &seed.to_string(), "rows.pkl"], here));
    assert_ne!(two[0], two[1]);
}

/// Protocol 5 and array.array: no part of the pickle is an item, and yet there are rows.
#[test]
fn rows_of_arrays_need_no_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes: Vec<u8> = (0..600_000_i64).flat_map(i64::to_le_bytes).collect();
    let head: &[u8] = b"\x80\x05cnumpy._core.numeric\n_frombuffer\n(B";
    let numpy = |bytes: &[u8]| {
        let rows = (bytes.len() / 8) as u32;
        let len = (bytes.len() as u32).to_le_bytes();
        [head, &len[..], bytes, b"cnumpy\ndtype\n(Vi8\ntRJ", &rows.to_le_bytes(), b"\x85VC\ntR"].concat()
    };
    let large = numpy(&bytes);
    let array = b"carray\narray\n(Vi\n(lp0\nI0\naI1\naI2\natR".to_vec();
    for (name, value, rows) in [("numpy", numpy(&bytes[..24]), 3), ("array", array, 3), ("large", large, 600_000)] {
        std::fs::write(folder.path().join(name), [&value[..], b"."].concat()).expect("written");
        let inner = format!("{name}-inner");
        std::fs::write(folder.path().join(&inner), [b"}Va\n", &value[..], b"s."].concat()).expect("written");
        for (file, path) in [(name, "$"), (&inner, "$.a")] {
            let index = pickle(&["index", file, "-p", path], folder.path(), None);
            assert_eq!(index.status.code(), Some(1), "{name} {path}");
            assert!(errors(&index).contains("is an array or table, whose rows need no plan"), "{}", errors(&index));
            for jobs in ["1", "4"] {
                let counted = good(&["count", file, "-p", path, "-j", jobs], folder.path());
                assert_eq!(counted.trim_end(), rows.to_string(), "{name} {path} {jobs}");
                let from = good(&["items", file, "-p", path, "-j", jobs, "--from", "1", "--count", "2"], folder.path());
                assert_eq!(from, "1\n2\n", "{name} {path} {jobs}");
            }
        }
    }
}

#[test]
fn what_has_no_plan_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    write("4be", b"\0\0\0\x02N.\0\0\0\x02N.");
    write("4le", b"\x02\0\0\0N.\x02\0\0\0N.");
    write("1", b"\x02N.");
    write("zlib", b"x\x9c\xf3\xd3\x03\0\0\xcc\0}");
    for (args, why) in [
        (&["index", "4be"][..], "lengths in front"),
        (&["index", "4le"], "lengths in front"),
        (&["index", "1", "--framed", "1"], "lengths in front"),
        (&["index", "zlib"], "it is compressed"),
    ] {
        let output = pickle(args, folder.path(), None);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(errors(&output).contains(why), "{args:?}: {}", errors(&output));
    }
}
