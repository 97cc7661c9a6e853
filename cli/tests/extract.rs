//! `pickle extract`, as a user runs it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn pickle(args: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).output().expect("the command runs")
}

fn fails(args: &[&str], folder: &Path) -> String {
    let run = pickle(args, folder);
    assert!(matches!(run.status.code(), Some(1 | 2)), "{args:?}: {run:?}");
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn extracted(folder: &Path, args: &[&str], out: &str) -> Vec<u8> {
    let all: Vec<_> = ["extract"].iter().chain(args).chain(&["-o", out]).copied().collect();
    let run = pickle(&all, folder);
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    std::fs::read(folder.join(out)).expect("written")
}

#[test]
fn bytes_and_text_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // {'image': b'\x89PNG...' of 300 000 bytes, 'text': 'é', 'rows': [b'ab', bytearray(b'cd')]}
    let image: Vec<u8> = (0..300_000u32).map(|i| (i * 7) as u8).collect();
    let mut file = b"\x80\x05}\x94(\x8c\x05imageB".to_vec();
    file.extend((image.len() as u32).to_le_bytes());
    file.extend(&image);
    file.extend(b"\x8c\x04text\x8c\x02\xc3\xa9\x8c\x04rows](C\x02ab\x96\x02\0\0\0\0\0\0\0cdeu.");
    std::fs::write(folder.join("a.pkl"), &file).expect("written");
    assert_eq!(extracted(folder, &["a.pkl", "$.image"], "image"), image);
    assert_eq!(extracted(folder, &["a.pkl", "$.text"], "text"), "é".as_bytes());
    assert_eq!(extracted(folder, &["a.pkl", "$.rows[0]"], "row"), b"ab");
    assert_eq!(extracted(folder, &["a.pkl", "$.rows[1]"], "row"), b"cd");
    // Compressed: the same bytes.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&file).expect("packed");
    std::fs::write(folder.join("a.pkl.gz"), packer.finish().expect("packed")).expect("written");
    assert_eq!(extracted(folder, &["a.pkl.gz", "$.image"], "image"), image);
    assert!(fails(&["extract", "a.pkl", "$.none", "-o", "x"], folder).contains("there is no .none"));
    assert!(fails(&["extract", "a.pkl", "$.rows", "-o", "x"], folder).contains("a list"));
    assert!(fails(&["extract", "a.pkl", "$[", "-o", "x"], folder).contains("is no path"));
    assert!(fails(&["extract", "a.pkl", "-o", "x"], folder).contains(".safetensors"));
    assert!(!folder.join("x").exists());
    if Path::new("/dev/full").exists() {
        assert!(fails(&["extract", "a.pkl", "$.image", "-o", "/dev/full"], folder).contains("No space left"));
    }
}

/// `(offset, size, stride)` of a tensor over storage `key` of `class`, as torch writes it in protocol 2.
fn tensor(class: &str, key: &str, count: u8, offset: u8, size: &[u8], stride: &[u8]) -> Vec<u8> {
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let ints = |ints: &[u8]| {
        let mut out = b"(".to_vec();
        ints.iter().for_each(|&n| out.extend([b'K', n]));
        out.push(b't');
        out
    };
    let mut out = b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
    out.extend(text("storage"));
    out.extend(format!("ctorch\n{class}\n").bytes());
    out.extend(text(key));
    out.extend(text("cpu"));
    out.extend([b'K', count, b't', b'Q', b'K', offset]);
    out.extend(ints(size));
    out.extend(ints(stride));
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    out
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::STORE);
        zip.start_file(*name, options).expect("begun");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("finished").into_inner()
}

/// Names, dtypes, shapes and bytes of a safetensors file, its rules checked: offsets without gaps and overlaps.
fn safetensors(file: &[u8]) -> Vec<(String, String, Vec<u64>, Vec<u8>)> {
    let (len, rest) = file.split_first_chunk::<8>().expect("a length");
    let (header, data) = rest.split_at(u64::from_le_bytes(*len) as usize);
    let header: serde_json::Value = serde_json::from_slice(header).expect("JSON");
    let mut found = Vec::new();
    let mut spans = Vec::new();
    for (name, entry) in header.as_object().expect("an object").iter().filter(|(name, _)| *name != "__metadata__") {
        let at = |i: usize| entry["data_offsets"][i].as_u64().expect("an offset") as usize;
        spans.push(at(0)..at(1));
        let shape = entry["shape"].as_array().expect("a shape").iter().map(|n| n.as_u64().expect("a number")).collect();
        found.push((
            name.clone(),
            entry["dtype"].as_str().expect("a dtype").into(),
            shape,
            data[at(0)..at(1)].to_vec(),
        ));
    }
    spans.sort_by_key(|span| span.start);
    let end = spans.iter().fold(0, |end, span| {
        assert_eq!(span.start, end);
        span.end
    });
    assert_eq!(end, data.len());
    found.sort();
    found
}

#[test]
fn tensors_of_a_pytorch_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shorts: Vec<u8> = (0..6u16).flat_map(|n| n.to_le_bytes()).collect();
    let mut pickle = b"\x80\x02}(X\x01\0\0\0a".to_vec();
    pickle.extend(tensor("ShortStorage", "0", 6, 0, &[2, 3], &[3, 1]));
    // A transposed view of the same storage, and its last row.
    pickle.extend(b"X\x01\0\0\0b");
    pickle.extend(tensor("ShortStorage", "0", 6, 0, &[3, 2], &[1, 3]));
    pickle.extend(b"X\x01\0\0\0c");
    pickle.extend(tensor("ShortStorage", "0", 6, 3, &[3], &[1]));
    pickle.extend(b"X\x01\0\0\0d](");
    pickle.extend(tensor("BoolStorage", "1", 1, 0, &[], &[]));
    pickle.extend(b"eu.");
    let members: &[(&str, &[u8])] = &[("m/data.pkl", &pickle), ("m/data/0", &shorts), ("m/data/1", &[1])];
    std::fs::write(folder.join("m.pt"), zip(members)).expect("written");
    let found = safetensors(&extracted(folder, &["m.pt"], "m.safetensors"));
    let bytes = |order: &[u16]| order.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    let expected = [
        ("a", "I16", vec![2, 3], bytes(&[0, 1, 2, 3, 4, 5])),
        ("b", "I16", vec![3, 2], bytes(&[0, 3, 1, 4, 2, 5])),
        ("c", "I16", vec![3], bytes(&[3, 4, 5])),
        ("d.0", "BOOL", vec![], vec![1]),
    ];
    assert_eq!(found, expected.map(|(name, dtype, shape, data)| (name.into(), dtype.into(), shape, data)));
    // A storage that is missing, and one that is too short.
    std::fs::write(folder.join("m.pt"), zip(&members[..2])).expect("written");
    assert!(fails(&["extract", "m.pt", "-o", "n.safetensors"], folder).contains("the storage 1 is missing"));
    let short: &[(&str, &[u8])] = &[("m/data.pkl", &pickle), ("m/data/0", &shorts[..11]), ("m/data/1", &[1])];
    std::fs::write(folder.join("m.pt"), zip(short)).expect("written");
    assert!(
        fails(&["extract", "m.pt", "-o", "n.safetensors"], folder).contains("has 11 bytes where a tensor needs 12")
    );
    assert!(!folder.join("n.safetensors").exists());
}

#[test]
fn a_few_bytes_do_not_fill_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // 255^5 bytes of one byte again and again.
    let mut pickle = b"\x80\x02".to_vec();
    pickle.extend(tensor("ByteStorage", "0", 1, 0, &[255; 5], &[0; 5]));
    pickle.push(b'.');
    std::fs::write(folder.join("m.pt"), zip(&[("m/data.pkl", &pickle), ("m/data/0", &[7])])).expect("written");
    assert!(fails(&["extract", "m.pt", "-o", "m.safetensors"], folder).contains("more than is believed"));
}
