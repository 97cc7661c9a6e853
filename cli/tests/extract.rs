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
    assert!(fails(&["extract", "a.pkl", "$[", "-o", "x"], folder).contains("is not a valid path"));
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

/// A storage of shorts as a file of torch before 1.6: five pickles, then the number of items and the items.
fn legacy_storage(shorts: &[u16]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    file.extend([&b"\x80\x02("[..], &text("storage"), b"ctorch\nShortStorage\n", &text("77"), &text("cpu")].concat());
    file.extend(b"K");
    file.push(shorts.len() as u8);
    file.extend(b"NtQ.\x80\x02]");
    file.extend([&text("77")[..], b"a."].concat());
    file.extend((shorts.len() as u64).to_le_bytes());
    file.extend(shorts.iter().flat_map(|n| n.to_le_bytes()));
    file
}

/// `_rebuild_tensor_v2(_load_from_bytes(..), offset, size, stride, False, OrderedDict())`; `bytes` is the opcodes of the file.
fn packed_tensor(bytes: &[u8], offset: u8, size: &[u8], stride: &[u8]) -> Vec<u8> {
    let ints = |ints: &[u8]| [&b"("[..], &ints.iter().flat_map(|&n| [b'K', n]).collect::<Vec<_>>(), b"t"].concat();
    let mut out = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    out.extend([b"ctorch.storage\n_load_from_bytes\n", bytes, b"\x85R", &[b'K', offset]].concat());
    out.extend([ints(size), ints(stride), b"\x89ccollections\nOrderedDict\n)RtR".to_vec()].concat());
    out
}

/// The opcodes of bytes in protocol 3, and as protocols 0 to 2 spell them.
fn bytes_of(bytes: &[u8]) -> [Vec<u8>; 2] {
    let latin1: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    let old = [
        &b"c_codecs\nencode\nX"[..],
        &(latin1.len() as u32).to_le_bytes(),
        latin1.as_bytes(),
        b"X\x06\0\0\0latin1\x86R",
    ];
    [[&b"B"[..], &(bytes.len() as u32).to_le_bytes(), bytes].concat(), old.concat()]
}

#[test]
fn tensors_that_are_pickled_without_torch() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let file = legacy_storage(&[0, 1, 2, 3, 4, 0x1ff]);
    for (protocol, bytes) in [3, 2].into_iter().zip(bytes_of(&file)) {
        // {'net': {'w': .., 'view': .., 'last': ..}}, a view that is transposed and one that begins at an offset.
        let mut pickle = [&[0x80, protocol][..], b"}X\x03\0\0\0net}(X\x01\0\0\0w"].concat();
        pickle.extend(packed_tensor(&bytes, 0, &[2, 3], &[3, 1]));
        pickle.extend([b"X\x04\0\0\0view", &packed_tensor(&bytes, 0, &[3, 2], &[1, 3])[..]].concat());
        pickle.extend([b"X\x04\0\0\0last", &packed_tensor(&bytes, 5, &[], &[])[..]].concat());
        pickle.extend(b"us.");
        std::fs::write(folder.join("a.pkl"), pickle).expect("written");
        let little = |shorts: &[u16]| shorts.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
        let expected = [
            ("last", vec![], little(&[0x1ff])),
            ("view", vec![3, 2], little(&[0, 3, 1, 4, 2, 0x1ff])),
            ("w", vec![2, 3], little(&[0, 1, 2, 3, 4, 0x1ff])),
        ];
        let named = |before: &str| {
            let name = |name: &str| format!("{before}{name}");
            expected.clone().map(|(n, shape, data)| (name(n), "I16".to_owned(), shape, data)).to_vec()
        };
        assert_eq!(safetensors(&extracted(folder, &["a.pkl"], "a.safetensors")), named("net."));
        // Names are cut at the path.
        assert_eq!(safetensors(&extracted(folder, &["a.pkl", "$.net"], "a.safetensors")), named(""));
        // One by its path; what torch can read says the same; and so does the zip file of NumPy.
        let npy = extracted(folder, &["a.pkl", "$.net.view"], "view.npy");
        assert!(npy.starts_with(b"\x93NUMPY\x01\0v\0{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2), }"));
        assert_eq!(npy[128..], expected[1].2);
        extracted(folder, &["a.pkl", "$.net"], "a.pt");
        assert_eq!(safetensors(&extracted(folder, &["a.pt"], "b.safetensors")), named(""));
        let mut npz =
            zip::ZipArchive::new(std::io::Cursor::new(extracted(folder, &["a.pkl"], "a.npz"))).expect("a zip");
        let mut member = Vec::new();
        std::io::Read::read_to_end(&mut npz.by_name("net.view.npy").expect("there"), &mut member).expect("read");
        assert_eq!(member, npy);
        assert_eq!(npz.len(), 3);
    }
    // What is no file of torch, or cut off.
    for bytes in [&b"nothing"[..], &file[..file.len() - 1]] {
        let pickle = [b"\x80\x03", &packed_tensor(&bytes_of(bytes)[0], 0, &[6], &[1])[..], b"."].concat();
        std::fs::write(folder.join("bad.pkl"), pickle).expect("written");
        let text = fails(&["extract", "bad.pkl", "-o", "x.npz"], folder);
        assert!(text.contains("not a torch file") || text.contains("was cut off"), "{text}");
    }
    assert!(!folder.join("x.npz").exists());
}

/// An array of `<i2` with one axis, as NumPy pickles it.
fn shorts(items: &[u16]) -> Vec<u8> {
    let mut out = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01K".to_vec();
    out.push(items.len() as u8);
    out.extend(b"\x85cnumpy\ndtype\nX\x02\0\0\0i2\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89C");
    out.push(items.len() as u8 * 2);
    out.extend(items.iter().flat_map(|n| n.to_le_bytes()));
    out.extend(b"tb");
    out
}

#[test]
fn arrays_wherever_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    // An object that is made of a dict, with one that has attributes in it, twice the same.
    let inner =
        [b"cshop\nModel\n)\x81}(", &text("coef_")[..], &shorts(&[1, 2]), b"X\x01\0\0\0n", &shorts(&[]), b"ub"].concat();
    let pickle = [
        &b"\x80\x03}("[..],
        &text("G"),
        b"cnet\n_rebuild\n}(",
        &text("state"),
        &inner,
        b"q\x01",
        &text("rows"),
        b"](",
        &shorts(&[7]),
        b"K\x05eu\x85R",
        &text("again"),
        b"h\x01",
        b"u.",
    ]
    .concat();
    std::fs::write(folder.join("a.pkl"), pickle).expect("written");
    let run = pickle_of(folder, &["extract", "a.pkl", "-o", "a.safetensors"]);
    assert!(run.0, "{}", run.1);
    assert!(run.1.contains("again is the same object as G.state"), "{}", run.1);
    let found = safetensors(&std::fs::read(folder.join("a.safetensors")).expect("written"));
    let names: Vec<_> = found
        .iter()
        .map(|(name, dtype, shape, data)| (name.as_str(), dtype.as_str(), shape.clone(), data.len()))
        .collect();
    assert_eq!(
        names,
        [("G.rows.0", "I16", vec![1], 2), ("G.state.coef_", "I16", vec![2], 4), ("G.state.n", "I16", vec![0], 0)]
    );
    // What a format has no type for is left out, and that is an error when all is done.
    let rebuilt = |name: &str| [format!("ctorch._utils\n{name}\n").as_bytes(), b"K\x01\x85R"].concat();
    let pickle =
        [b"\x80\x03}(", &text("q")[..], &rebuilt("_rebuild_qtensor"), &text("a"), &shorts(&[1]), b"u."].concat();
    std::fs::write(folder.join("q.pkl"), pickle).expect("written");
    let run = pickle_of(folder, &["extract", "q.pkl", "-o", "q.npz"]);
    assert!(
        !run.0 && run.1.contains("q is left out: torch._utils._rebuild_qtensor does not make a plain tensor"),
        "{}",
        run.1
    );
    assert!(folder.join("q.npz").exists());
    assert!(fails(&["extract", "q.pkl", "$.q", "-o", "x.npy"], folder).contains("does not make a plain tensor"));
    // Nothing of the kind, and what needs a path.
    std::fs::write(folder.join("n.pkl"), b"\x80\x03}.").expect("written");
    assert!(fails(&["extract", "n.pkl", "-o", "x.npz"], folder).contains("there are no tensors or arrays"));
    assert!(fails(&["extract", "n.pkl", "$", "-o", "x"], folder).contains("a dict"));
    // The format by its name, to standard output.
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    let run = command.args(["extract", "a.pkl", "$.again", "--format", "npz", "-o", "-"]).current_dir(folder).output();
    let mut npz = zip::ZipArchive::new(std::io::Cursor::new(run.expect("it runs").stdout)).expect("a zip");
    assert!(npz.len() == 2 && npz.by_name("coef_.npy").is_ok() && npz.by_name("n.npy").is_ok());
}

#[test]
fn arrays_of_objects_keep_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let head = b"\x80\x03}X\x01\0\0\0acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R";
    let dtype = b"cnumpy\ndtype\nX\x02\0\0\0O8\x89\x88\x87R(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb";
    for (fortran, order) in [(b'\x88', "True"), (b'\x89', "False")] {
        let pickle = [&head[..], b"(K\x01K\x02K\x02\x86", dtype, &[fortran], b"](K\x01NK\x02\x88etbs."].concat();
        std::fs::write(folder.join("a.pkl"), pickle).expect("written");
        let run = pickle_of(folder, &["extract", "a.pkl", "-o", "a.npz"]);
        assert!(run.0, "{}", run.1);
        let npz = std::fs::read(folder.join("a.npz")).expect("written");
        let mut npz = zip::ZipArchive::new(std::io::Cursor::new(npz)).expect("a zip");
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut npz.by_name("a.npy").expect("there"), &mut text).expect("read");
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains(&format!("'fortran_order': {order}")), "{text}");
    }
}

/// Whether it went well, and what it said.
fn pickle_of(folder: &Path, args: &[&str]) -> (bool, String) {
    let run = pickle(args, folder);
    (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
}

/// A `.safetensors` file.
fn safetensors_file(header: &serde_json::Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn safetensors_the_other_way_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let header = serde_json::json!({
        "__metadata__": {"format": "pt"},
        "conv.weight": {"dtype": "I16", "shape": [2, 3], "data_offsets": [0, 12]},
        "half": {"dtype": "BF16", "shape": [2], "data_offsets": [12, 16]},
        "none": {"dtype": "F32", "shape": [0, 4], "data_offsets": [16, 16]},
        "one": {"dtype": "BOOL", "shape": [], "data_offsets": [16, 17]},
    });
    let data: Vec<u8> = (0..17).collect();
    let file = safetensors_file(&header, &data);
    std::fs::write(folder.join("m.safetensors"), &file).expect("written");
    let all = safetensors(&file);
    extracted(folder, &["m.safetensors"], "m.pt");
    assert_eq!(safetensors(&extracted(folder, &["m.pt"], "again.safetensors")), all);
    // Compressed, too, and one tensor by its name.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&file).expect("packed");
    std::fs::write(folder.join("m.safetensors.gz"), packer.finish().expect("packed")).expect("written");
    let npy = extracted(folder, &["m.safetensors.gz", "$['conv.weight']"], "w.npy");
    assert!(npy.starts_with(b"\x93NUMPY\x01\0v\0{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }"));
    assert_eq!(npy[128..], data[..12]);
    // NumPy has no bfloat16: the rest is there, and the exit code says that it is not all.
    let (well, said) = pickle_of(folder, &["extract", "m.safetensors", "-o", "m.pkl"]);
    assert!(!well && said.contains("half is left out"), "{said}");
    assert_eq!(extracted(folder, &["m.pkl", "$['conv.weight']"], "v.npy"), npy);
    assert!(fails(&["extract", "m.safetensors", "$.nothing", "-o", "x.npy"], folder).contains("there is no tensor at"));
    assert!(
        fails(&["extract", "m.safetensors", "$[0]", "-o", "x.npy"], folder).contains("is not the name of a tensor")
    );
    // Headers that lie.
    let wrong = |key: &str, value: serde_json::Value| {
        let mut header = header.clone();
        header["conv.weight"][key] = value;
        safetensors_file(&header, &data)
    };
    for bad in [
        wrong("shape", serde_json::json!([2, 4])),
        wrong("shape", serde_json::json!([u64::MAX, u64::MAX])),
        wrong("shape", serde_json::json!([-1])),
        wrong("data_offsets", serde_json::json!([12, 0])),
        wrong("data_offsets", serde_json::json!([10, 22])),
        wrong("data_offsets", serde_json::json!([0])),
        wrong("dtype", serde_json::json!(7)),
        file[..file.len() - 1].to_vec(),
        file[..40].to_vec(),
        [&[0xff; 4][..], &[0; 4], b"{\"a"].concat(),
    ] {
        std::fs::write(folder.join("bad.safetensors"), bad).expect("written");
        fails(&["extract", "bad.safetensors", "-o", "x.pt"], folder);
        assert!(!folder.join("x.pt").exists());
    }
}

/// A `.npy` file.
fn npy(descr: &str, fortran: &str, shape: &str, items: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), items].concat()
}

#[test]
fn npz_the_other_way_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cases");
    // Objects of both kinds of memo: by number and by counting.
    let objects = ["objarray_p2.pkl", "objarray_p4.pkl"].map(|name| std::fs::read(cases.join(name)).expect("there"));
    let bytes: Vec<u8> = (0..48).collect();
    let members = [
        ("shorts.npy", npy("'<i2'", "False", "(4, 6)", &bytes)),
        ("fortran.npy", npy("'>i8'", "True", "(2, 3)", &bytes)),
        ("text.npy", npy("'<U3'", "False", "(2,)", &[0; 24])),
        ("records.npy", npy("[('a', '<i4'), ('b', '|S4')]", "False", "(6,)", &bytes)),
        ("none.npy", npy("'<f8'", "False", "(0,)", &[])),
        ("single.npy", npy("'|u1'", "False", "()", &[7])),
        ("o2.npy", npy("'|O'", "False", "(1,)", &objects[0])),
        ("o4.npy", npy("'|O'", "False", "(1,)", &objects[1])),
        ("o2 again.npy", npy("'|O'", "False", "(1,)", &objects[0])),
    ];
    let as_zip: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    std::fs::write(folder.join("a.npz"), zip(&as_zip)).expect("written");
    extracted(folder, &["a.npz"], "a.pkl");
    let json = |args: &[&str]| {
        let run = pickle(args, folder);
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).into_owned()
    };
    assert_eq!(json(&["count", "a.pkl"]), "9\n");
    for (name, _) in &members {
        let key = name.strip_suffix(".npy").expect("a name");
        let (member, path) = (format!("a.npz!{name}"), format!("$[\"{key}\"]"));
        assert_eq!(json(&["get", "a.pkl", &path]), json(&["get", &member, "$"]), "{name}");
    }
    // Back again, each is what it was; and one array alone is no dict.
    let mut again = zip::ZipArchive::new(std::io::Cursor::new(extracted(folder, &["a.pkl"], "b.npz"))).expect("a zip");
    assert_eq!(again.len(), 9);
    for name in ["shorts.npy", "fortran.npy", "records.npy", "single.npy"] {
        let mut member = Vec::new();
        std::io::Read::read_to_end(&mut again.by_name(name).expect("there"), &mut member).expect("read");
        let items = &member[128..];
        assert!(members.iter().any(|(have, bytes)| *have == name && bytes.ends_with(items)), "{name}");
    }
    std::fs::write(folder.join("f.npy"), &members[1].1).expect("written");
    extracted(folder, &["f.npy"], "f.pkl");
    assert_eq!(json(&["get", "f.pkl", "$"]), json(&["get", "f.npy", "$"]));
    // Numbers go to torch's formats as well. A member that is cut off is an error.
    extracted(folder, &["a.npz", "$.shorts"], "s.safetensors");
    let cut = npy("'<i2'", "False", "(4, 6)", &bytes[1..]);
    std::fs::write(folder.join("c.npz"), zip(&[("x.npy", &cut)])).expect("written");
    assert!(fails(&["extract", "c.npz", "-o", "c.pkl"], folder).contains("47 bytes of items"));
}

/// The names of what is in a deep value are not written out: they would take the square of its levels.
#[cfg(target_os = "linux")]
#[test]
fn deep_values_take_memory_by_their_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let levels = 100_000;
    let lists = [b"\x80\x04".to_vec(), b"]".repeat(levels), b"a".repeat(levels - 1), b".".to_vec()].concat();
    let objects =
        [b"\x80\x02".to_vec(), b"cm\nC\n".repeat(levels), b"N".to_vec(), b"\x85R".repeat(levels), b".".to_vec()];
    for file in [lists, objects.concat()] {
        std::fs::write(folder.path().join("deep.pkl"), file).expect("written");
        let run = Command::new("sh")
            .args(["-c", "ulimit -v 2000000; exec \"$0\" extract deep.pkl -o out.npz", env!("CARGO_BIN_EXE_pickle")])
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.code() == Some(1) && said.contains("there are no tensors or arrays in it"), "{run:?}");
    }
}
