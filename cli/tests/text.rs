//! Pickles in text, and what is told of a file instead of being recognised.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// `{"_auth_user_id": 12, "cart": [1, 2]}` of protocol 2.
const SESSION: &[u8] = b"\x80\x02}q\0(X\r\0\0\0_auth_user_idq\x01K\x0cX\x04\0\0\0cartq\x02]q\x03(K\x01K\x02eu.";
const SESSION_JSON: &str = "{\"_auth_user_id\":12,\"cart\":[1,2]}\n";

fn pickle(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickle"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// From a file and from a stream.
#[track_caller]
fn check(arguments: &[&str], input: &[u8], want: &str) {
    let mut all = vec!["json", "-l", "-"];
    all.extend(arguments);
    assert_eq!(pickle(&all, input), (0, want.to_owned(), String::new()), "{}", input.escape_ascii());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, input).unwrap();
    all[2] = file.to_str().unwrap();
    assert_eq!(pickle(&all, b""), (0, want.to_owned(), String::new()), "{}", input.escape_ascii());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            b' '..=b'~' if byte != b'\\' && byte != b'"' && byte != b'\'' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect()
}

#[test]
fn what_clients_of_databases_print() {
    for text in [
        hex(SESSION),
        format!("{}\n{}\n", &hex(SESSION)[..60], &hex(SESSION)[60..]),
        format!("\\x{}\n", hex(SESSION)),
        format!("0x{}\n", hex(SESSION).to_uppercase()),
        format!("X'{}'", hex(SESSION)),
        format!("\"{}\"\n", escaped(SESSION)),
        format!("'{}'\n", escaped(SESSION)),
        format!("b'{}'\n", escaped(SESSION)),
        format!("bytearray(b'{}')\n", escaped(SESSION)),
        format!("1) \"{}\"\n", escaped(SESSION)),
        format!("{{\"value\": \"{}\"}}", escaped(SESSION).replace('\\', "\\\\")),
    ] {
        check(&[], text.as_bytes(), SESSION_JSON);
    }
    // JSON of a text that is the bytes, and of bytes as numbers.
    let characters: String = SESSION.iter().map(|&byte| char::from(byte)).collect();
    check(&[], serde_json::json!({"value": characters}).to_string().as_bytes(), SESSION_JSON);
    check(&[], serde_json::json!({"type": "Buffer", "data": SESSION}).to_string().as_bytes(), SESSION_JSON);
    let lines = format!("{{\"v\": \"{0}\"}}\n{{\"v\": \"{0}\"}}\n", hex(SESSION));
    check(&[], lines.as_bytes(), &SESSION_JSON.repeat(2));
}

#[test]
fn columns_of_tables() {
    let (one, two) = (&b"\x80\x04}\x94\x8c\x04rows\x94K\x03s."[..], &b"\x80\x04\x8c\x05plain\x94."[..]);
    let want = "{\"rows\":3}\n\"plain\"\n";
    let csv = format!("id,key,value\n1,return_value,\\x{}\n2,other,\\x{}\n", hex(one), hex(two));
    check(&[], csv.as_bytes(), want);
    let quoted = format!("id,key,value\n1,\"a, b\",\"b'{}'\"\n2,gr\u{fc}n,\"b'{}'\"\n", escaped(one), escaped(two));
    check(&[], quoted.as_bytes(), want);
    let psql = format!(" id | value \n----+-------\n  1 | \\x{}\n  2 | \\x{}\n", hex(one), hex(two));
    check(&[], psql.as_bytes(), want);
    let mysql = format!("+----+\n| id | v |\n+----+\n| 1 | 0x{} |\n| 2 | 0x{} |\n+----+\n", hex(one), hex(two));
    check(&[], mysql.as_bytes(), want);
    // By name.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.csv");
    std::fs::write(&file, &csv).unwrap();
    let member = format!("{}!2/value", file.display());
    assert_eq!(pickle(&["json", "-l", &member], b"").1, "\"plain\"\n");
    // What begins as a pickle and is none is told.
    let cut = format!("id,value\n1,\\x{}\n2,\\x{}\n", hex(one), hex(&two[..two.len() - 2]));
    let (code, out, error) = pickle(&["show", "-"], cut.as_bytes());
    assert_eq!(code, 1);
    assert!(out.contains("rows") && error.contains("2/value"), "{out}{error}");
}

#[test]
fn text_that_is_no_pickle_stays_so() {
    for text in ["id,name\n1,a\n", "hello, world\n", "0123456789abcdef0123456789abcdef\n", "'quoted'\n", "=80"] {
        let (code, out, error) = pickle(&["json", "-"], text.as_bytes());
        assert_eq!((code, out.as_str()), (1, ""), "{text}: {error}");
    }
    // Pickles of protocol 0 that look like tables.
    check(&[], b"(lp0\nVa,0x80,b\np1\naV\\u005cx80|1\np2\na.", "[\"a,0x80,b\",\"\\\\x80|1\"]\n");
}

#[test]
fn told_where_and_how() {
    let pickles = b"I1\n.I2\n.";
    let framed = |length: &[u8], count: usize| [length, b"K\x07."].concat().repeat(count);
    check(&["--offset", "6"], b"HEADERI1\n.", "1\n");
    check(&["--offset", "0x4"], pickles, "2\n");
    check(&["--length", "4"], pickles, "1\n");
    for (size, length) in [
        ("1", &b"\x03"[..]),
        ("2be", b"\0\x03"),
        ("2le", b"\x03\0"),
        ("4be", b"\0\0\0\x03"),
        ("4le", b"\x03\0\0\0"),
        ("8be", b"\0\0\0\0\0\0\0\x03"),
        ("8le", b"\x03\0\0\0\0\0\0\0"),
    ] {
        check(&["--framed", size], &framed(length, 3), "7\n7\n7\n");
        let cut = framed(length, 2);
        let (code, out, _) = pickle(&["json", "-l", "--framed", size, "-"], &cut[..cut.len() - 1]);
        assert_eq!((code, out.lines().next()), (1, Some("7")), "{size}");
    }
    let long = [&b"\x80\x02X\0\x01\x01\0"[..], &[b'x'; 65_792], b"q\0."].concat();
    let want = format!("\"{}\"\n", "x".repeat(65_792));
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflate.write_all(&long).unwrap();
    let deflated = deflate.finish().unwrap();
    check(&["--decompress", "deflate"], &deflated, &want);
    check(&["--decompress", "deflate", "--offset", "3"], &[b"abc", deflated.as_slice()].concat(), &want);
    let block = lz4_flex::block::compress(&long);
    check(&["--decompress", "lz4-raw"], &block, &want);
    check(&["--decompress", "lz4-block"], &lz4_flex::block::compress_prepend_size(&long), &want);
    check(&["--decompress", "snappy-raw"], &snap::raw::Encoder::new().compress_vec(&long).unwrap(), &want);
    let zstd = zstd::encode_all(long.as_slice(), 1).unwrap();
    check(&["--decompress", "zstd-raw"], &zstd[4..], &want);
    check(&["--decompress", "zstd,deflate"], &zstd::encode_all(deflated.as_slice(), 1).unwrap(), &want);
    // Raw LZMA as an .lzma file has it behind its 13 bytes.
    let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    lzma.write_all(&long).unwrap();
    let lzma = lzma.finish().unwrap();
    check(&["--decompress", "lzma"], &lzma, &want);
    check(&["--decompress", "lzma-raw"], &lzma[13..], &want);
    // Damage is an error, and so is what is not there.
    for (arguments, input) in [
        (&["--decompress", "deflate"][..], &deflated[..deflated.len() / 2]),
        (&["--decompress", "lz4-raw"], &block[..block.len() / 2]),
        (&["--decompress", "snappy-raw"], b"\xff\xff\xff\xff\x0f"),
        (&["--decompress", "gzip"], b"I1\n."),
        (&["--offset", "9"], b"I1\n."),
        (&["--host", "sqlite"], b"I1\n."),
        (&["--host", "text"], b"I1\n."),
    ] {
        let mut all = vec!["json", "-"];
        all.extend(arguments);
        let (code, out, error) = pickle(&all, input);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?} {error}");
    }
    assert_eq!(pickle(&["json", "-", "--host", "floppy"], b"").0, 2);
    assert_eq!(pickle(&["json", "-", "--offset", "x"], b"").0, 2);
}

#[test]
fn told_what_it_is() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let shelf = data.join("shelf.gdbm");
    let shelf = shelf.to_str().unwrap();
    let (code, shown, _) = pickle(&["show", "--host", "gdbm", shelf], b"");
    assert_eq!((code, shown), (0, pickle(&["show", shelf], b"").1));
    assert_eq!(pickle(&["show", "--host", "pickle", shelf], b"").0, 1);
    // A database that does not begin at the first byte.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("moved");
    std::fs::write(&file, [b"garbage", std::fs::read(data.join("app.sqlite")).unwrap().as_slice()].concat()).unwrap();
    let moved = pickle(&["show", "--offset", "7", file.to_str().unwrap()], b"");
    let plain = pickle(&["show", data.join("app.sqlite").to_str().unwrap()], b"");
    assert_eq!((moved.0, plain.0), (0, 0), "{}", moved.2);
    assert_eq!(moved.1.lines().count(), plain.1.lines().count());
}

/// What `redis-cli --csv` prints of a list of pickles of protocols 0 to 2 and of one that has quotes and backslashes in it.
#[test]
fn strings_of_redis_in_a_line() {
    let first = r#""(dp0\nVa\np1\nVit's \"x\"\\u000a\np3\ns.""#;
    let second = r#""\x80\x02]q\x00(K\x01X\x06\x00\x00\x00it's \"q\x01e.""#;
    let values = ["{\"a\":\"it's \\\"x\\\"\\n\"}\n", "[1,\"it's \\\"\"]\n"];
    let line = format!("{first},{second}\n");
    check(&[], line.as_bytes(), &values.concat());
    check(&["--member", "1/2"], line.as_bytes(), values[1]);
    check(&[], format!("{line}{line}").as_bytes(), &values.concat().repeat(2));
}

/// A table of psql with `bytea_output = escape`: pickles of protocols 0 and 1 begin with plain characters.
#[test]
fn escapes_behind_plain_characters() {
    let rows = [
        r"(dp0\012Va\012p1\012I1\012s.",
        r"}q\000X\001\000\000\000aq\001K\002s.",
        r"\200\002}q\000X\001\000\000\000aq\001K\003s.",
    ];
    let values = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
    let rows: Vec<String> = rows.iter().enumerate().map(|(id, row)| format!("  {id} | {row} | x\n")).collect();
    let table = format!(" id | data | note\n----+------+------\n{}", rows.concat());
    check(&["--host", "text"], table.as_bytes(), values);
}

#[test]
fn tables_quoted_throughout_have_names() {
    let hex = hex(SESSION);
    let table = format!("\"id\",\"data\"\n\"1\",\"\\x{hex}\"\n\"2\",\"0x{hex}\"\n");
    check(&["--member", "2/data"], table.as_bytes(), SESSION_JSON);
    check(&[], table.as_bytes(), &SESSION_JSON.repeat(2));
}

/// Pickles that stand anywhere in a text, each by its line.
#[test]
fn pickles_in_statements_and_prose() {
    let (digits, twice) = (hex(SESSION), format!("{SESSION_JSON}{SESSION_JSON}"));
    let base64 = "gAJ9cQAoWA0AAABfYXV0aF91c2VyX2lkcQFLDFgEAAAAY2FydHECXXEDKEsBSwJldS4=";
    let once = [
        format!("-- a dump\nBEGIN TRANSACTION;\nINSERT INTO t VALUES(1,X'{}');\nCOMMIT;\n", digits.to_uppercase()),
        format!("INSERT INTO public.t VALUES (1, 'a,b', '\\x{digits}');\n"),
        format!("COPY public.t (id, data) FROM stdin;\n1\t\\\\x{digits}\n\\.\n"),
        format!("*************************** 1. row ***************************\n  id: 1\ndata: 0x{digits}\n"),
        format!("data\n0x{digits}\n"),
        format!("2024-01-01 12:00:00 INFO payload=b'{}' took 3 ms\n", escaped(SESSION)),
        format!("2024-01-01 12:00:00 INFO payload={base64} took 3 ms\n"),
        format!("a: !!binary |\n  {}\n  {}\nb: 1\n", &base64[..60], &base64[60..]),
    ];
    for text in once {
        check(&[], text.as_bytes(), SESSION_JSON);
    }
    check(&[], format!("INSERT INTO t VALUES (1,0x{digits}),(2,'it''s',0x{digits});\n").as_bytes(), &twice);
    // Bytes as they are, in the escapes of mysqldump.
    let mut raw = b"INSERT INTO `t` VALUES (1,_binary '".to_vec();
    for &byte in SESSION {
        match byte {
            0 => raw.extend(b"\\0"),
            b'\n' => raw.extend(b"\\n"),
            b'\r' => raw.extend(b"\\r"),
            b'\'' | b'"' | b'\\' => raw.extend([b'\\', byte]),
            _ => raw.push(byte),
        }
    }
    raw.extend(b"');\n");
    check(&[], &raw, SESSION_JSON);
    let file = format!("a line\nx X'{digits}' X'{digits}'\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.sql");
    std::fs::write(&path, file).unwrap();
    let member = format!("{}!2/2", path.display());
    assert_eq!(pickle(&["get", &member, "$.cart", "-i", "0"], b"").1, "[1,2]\n");
    for text in ["plain prose, with 'quotes' and 8004 in it\n", "commit 4e2e0123456789abcdef0123456789abcdef0123\n"] {
        let (code, out, error) = pickle(&["json", "-l", "-"], text.as_bytes());
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(error.contains("not a pickle"), "{error}");
    }
    // A pickle of protocol 0 with the text of another in it is that pickle.
    let own = format!("(dp0\nVa\np1\nVX'{digits}'\np2\ns.");
    check(&[], own.as_bytes(), &format!("{{\"a\":\"X'{digits}'\"}}\n"));
}

/// The batch mode of mysql: bytes as they are, but for four of them.
#[test]
fn what_mysql_prints_in_batches() {
    let rows = [b"\x80\x02}X\x03\0\0\0a\t\\X\x04\0\0\0\n12\0s.".to_vec(), SESSION.to_vec()];
    let want = format!("{{\"a\\t\\\\\":\"\\n12\\u0000\"}}\n{SESSION_JSON}");
    let batch = |bytes: &[u8]| -> Vec<u8> {
        let escape = |&byte: &u8| match byte {
            0 => b"\\0".to_vec(),
            b'\n' => b"\\n".to_vec(),
            b'\t' => b"\\t".to_vec(),
            b'\\' => b"\\\\".to_vec(),
            _ => vec![byte],
        };
        bytes.iter().flat_map(escape).collect()
    };
    let [first, second] = rows.map(|row| batch(&row));
    let line = |id: &[u8], cell: &[u8]| [id, cell, b"\n"].concat();
    let table = [&b"id\tdata\n"[..], &line(b"7\t", &first), &line(b"8\t", &second)].concat();
    check(&[], &table, &want);
    check(&[], &table[b"id\tdata\n".len()..], &want);
    check(&[], &[&b"data\n"[..], &line(b"", &first), &line(b"", &second)].concat(), &want);
    check(&[], &[line(b"", &first), line(b"", &second)].concat(), &want);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch.tsv");
    std::fs::write(&path, table).unwrap();
    let member = format!("{}!2/data", path.display());
    assert_eq!(pickle(&["get", &member, "$.cart", "-i", "0"], b"").1, "[1,2]\n");
}

/// Five pickles of protocol 0, 2 or 4, of lengths that fill the last characters of base64 or do not.
fn several(protocol: u8) -> (Vec<Vec<u8>>, String) {
    let pickles = (0..5u8).map(|n| {
        let name = "x".repeat(n.into());
        let (two, four) = (&b"\x80\x02}q\0(X\x02\0\0\0idq\x01K"[..], &b"\x80\x04}\x94(\x8c\x02id\x94K"[..]);
        match protocol {
            0 => format!("(dp0\nVid\np1\nI{n}\nsVname\np2\nV{name}\np3\ns.").into_bytes(),
            2 => [two, &[n], b"X\x04\0\0\0nameq\x02X", &[n], b"\0\0\0", name.as_bytes(), b"q\x03u."].concat(),
            _ => [four, &[n], b"\x8c\x04name\x94\x8c", &[n], name.as_bytes(), b"\x94u."].concat(),
        }
    });
    let json = (0..5).map(|n| format!("{{\"id\":{n},\"name\":\"{}\"}}\n", "x".repeat(n)));
    (pickles.collect(), json.collect())
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn settings_markup_and_lists_of_python() {
    for protocol in [0, 2, 4] {
        let (pickles, want) = several(protocol);
        let each = |line: &dyn Fn(usize, &[u8]) -> String| -> String {
            pickles.iter().enumerate().map(|(n, pickle)| line(n, pickle)).collect()
        };
        let unpadded = |pickle: &[u8]| base64(pickle).trim_end_matches('=').replace('+', "-").replace('/', "_");
        let texts = [
            each(&|_, it| base64(it) + "\n"),
            each(&|_, it| base64(it) + "\r\n"),
            each(&|_, it| unpadded(it) + "\n"),
            each(&|n, it| format!("KEY{n}={}\n", base64(it))),
            "[section]\n".to_owned() + &each(&|n, it| format!("key{n} = {}\n", unpadded(it))),
            "items:\n".to_owned() + &each(&|n, it| format!("- id: {n}\n  data: \"{}\"\n", base64(it))),
            "items:\n".to_owned() + &each(&|n, it| format!("- id: {n}\n  data: '{}'\n", hex(it))),
            "<rows>".to_owned() + &each(&|n, it| format!("<row id=\"{n}\">{}</row>\n", base64(it))) + "</rows>",
            each(&|n, it| format!("[2024-01-01 10:00:0{n}] INFO task={} done\n", base64(it))),
            format!("[{}]\n", pickles.iter().map(|it| format!("b'{}'", escaped(it))).collect::<Vec<_>>().join(", ")),
            format!("{{{}}}\n", each(&|n, it| format!("'k{n}': b'{}', ", escaped(it)))),
        ];
        for text in texts {
            check(&[], text.as_bytes(), &want);
        }
        // Characters and numbers that are bytes.
        let characters = pickles.iter().map(|it| it.iter().map(|&byte| char::from(byte)).collect::<String>());
        check(&[], serde_json::json!({ "rows": characters.collect::<Vec<_>>() }).to_string().as_bytes(), &want);
        check(&[], serde_json::json!({ "rows": pickles }).to_string().as_bytes(), &want);
        // Each compressed for itself.
        let zlib = |bytes: &[u8]| {
            let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            zlib.write_all(bytes).unwrap();
            base64(&zlib.finish().unwrap())
        };
        check(&[], each(&|_, it| zlib(it) + "\n").as_bytes(), &want);
    }
    for text in ["[section]\nkey = value\n", "{'a': b'x'}\n", "<p>gAR</p>\n", "[\"(dp0\", \"(.\", [40, 41, 46]]\n"] {
        let (code, out, error) = pickle(&["json", "-"], text.as_bytes());
        assert_eq!((code, out.as_str()), (1, ""), "{text}: {error}");
    }
}

/// A line of JSON that is cut off or no JSON is an error, and those around it are read.
#[test]
fn lines_of_json_that_are_damaged() {
    let (pickles, want) = several(4);
    let line = |n: usize| format!("{{\"data\": \"{}\"}}\n", base64(&pickles[n]));
    let lines: Vec<&str> = want.split_inclusive('\n').collect();
    let text = [line(0), "oops\n".into(), line(1), line(2)[..20].to_owned()].concat();
    let (code, out, error) = pickle(&["json", "-l", "-"], text.as_bytes());
    assert_eq!((code, out), (1, lines[..2].concat()), "{error}");
    assert!(error.contains("line 2") && error.contains("line 4") && error.contains("not JSON"), "{error}");
}

/// What follows a pickle is padding only if all of it is.
#[test]
fn what_follows_pickles_of_a_stream() {
    for (rest, code) in [(&b"\n"[..], 0), (b"\n\0 \0\n", 0), (b"\0\0", 0), (b"\nfoo", 1), (b" K", 1), (b"\0x", 1)] {
        for verb in ["json", "items", "count", "show", "du"] {
            let (found, _, error) = pickle(&[verb, "-"], &[&b"\x80\x02]K\x01a."[..], rest].concat());
            assert_eq!(found, code, "{verb} {}: {error}", rest.escape_ascii());
        }
    }
}
