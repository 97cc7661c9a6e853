//! Makes `pickle.h`: cbindgen's declarations, in sections that can be read from top to bottom.

use std::fmt::Write as _;
use std::path::Path;

/// Heading, what it is for, and the modules of `ffi/src` whose declarations it holds, in their order.
const SECTIONS: &[(&str, &str, &[&str])] = &[
    (
        "Basics",
        "Versions, statuses, errors, and the types that all sections use.",
        &["version", "status", "error", "memory", "value_type", "options", "document_type"],
    ),
    ("Simple", "One call reads a pickle, one more fetches a value from it.", &["document", "getters", "json"]),
    (
        "Explicit",
        "Everything a document holds: kinds, iteration, objects and how they were built, known types.",
        &["value", "iter", "known", "object"],
    ),
    (
        "Streaming",
        "Input in pieces of any size: whole pickles, or the items of one container in bounded memory.",
        &["reader", "plan", "items"],
    ),
    (
        "Tables",
        "Frames and series of pandas, arrays, dicts of columns: columns of cells, and of items where they lie.",
        &["cell", "column", "table"],
    ),
    ("Messages", "Messages of a known layout, into a struct.", &["message"]),
    (
        "Verdict",
        "What loading a pickle would do, and whether that is proved harmless. Nothing is loaded.",
        &["scan_report", "scan"],
    ),
    ("Writing", "Values one after another, to a buffer or a callback.", &["writer", "writer_known"]),
    ("Advanced", "Single opcodes, in constant memory.", &["decoder"]),
];

/// Declarations that stand before the rest of their module, where sections above need them.
const EARLY: &[(&str, &str)] = &[("pickle_value", "value_type"), ("pickle_doc", "document_type")];

/// The whole header.
pub fn text(crate_dir: &Path) -> String {
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml")).unwrap();
    let expanded = Path::new(env!("CARGO_TARGET_TMPDIR")).join("getters.rs");
    let getters = std::fs::read_to_string(crate_dir.join("src/getters.rs")).unwrap();
    let getters = ["conversions", "lookups"].map(|name| expand(&getters, name)).concat();
    std::fs::write(&expanded, &getters).unwrap();
    let bindings =
        cbindgen::Builder::new().with_crate(crate_dir).with_src(expanded).with_config(config).generate().unwrap();
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = without_safety(&String::from_utf8(text).unwrap());
    let text = text.replacen("#ifdef __cplusplus\nextern \"C\" {\n#endif // __cplusplus\n\n", "", 1);
    let (begin, end) = (
        text.find("// Raised by incompatible").expect("the first declaration"),
        text.rfind("#ifdef __cplusplus\n}").expect("the last lines"),
    );
    let mut header = text[..begin].to_string();
    header.push_str("#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    arrange(crate_dir, &getters, &text[begin..end], &mut header);
    header.push_str(&text[end..]);
    header
}

/// `# Safety` is for Rust's tools.
fn without_safety(text: &str) -> String {
    let mut kept = String::new();
    let mut in_safety = false;
    for line in text.lines() {
        in_safety = (in_safety || line.trim() == "// # Safety") && line.trim().starts_with("//");
        if in_safety {
            if kept.ends_with("//\n") {
                kept.truncate(kept.trim_end_matches("//\n").len());
            }
            continue;
        }
        kept.push_str(line.trim_end());
        kept.push('\n');
    }
    kept
}

/// Does what the compiler does with a macro of `getters.rs`: its body, once for each row of each call.
fn expand(source: &str, name: &str) -> String {
    let between = |text: &str, begin: &str, end: &str| -> String {
        let from = text.find(begin).unwrap_or_else(|| panic!("{begin:?} is missing")) + begin.len();
        text[from..from + text[from..].find(end).unwrap()].to_string()
    };
    let definition = between(source, &format!("macro_rules! {name} {{"), "\n}\n");
    let pattern = between(&definition, "($(", ";)*) => { $(");
    let body = between(&definition, ";)*) => { $(", "\n    )* };");
    let names: Vec<&str> =
        pattern.split(['$', ' ']).filter_map(|part| part.split_once(':')).map(|(name, _)| name).collect();
    let rows = between(source, &format!("\n{name}! {{\n"), "\n}\n");
    let mut out = String::new();
    for row in rows.split(';').map(str::trim).filter(|row| !row.is_empty()) {
        let (head, idents) = row.rsplit_once(':').unwrap();
        let mut parts = head.splitn(3, ',').map(str::trim).chain(idents.split_whitespace());
        let mut text = body.clone();
        for name in &names {
            let value = parts.next().unwrap_or_else(|| panic!("no {name} in {row}"));
            text = text.replace(&format!("${name}"), value);
        }
        assert!(parts.next().is_none() && !text.contains("$type"), "{row}: {text}");
        for line in text.lines() {
            // A literal, or several in `concat!`.
            match line.trim().strip_prefix("#[doc = ").and_then(|rest| rest.strip_suffix(']')) {
                Some(texts) => {
                    let texts = texts.strip_prefix("concat!(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(texts);
                    let text = texts.trim_matches('"').replace("\", \"", "").replace("\\\"", "\"");
                    writeln!(out, "/// {text}").unwrap();
                }
                None => writeln!(out, "{line}").unwrap(),
            }
        }
    }
    out
}

/// Puts each declaration into its section.
fn arrange(crate_dir: &Path, getters: &str, text: &str, header: &mut String) {
    let source = |module: &str| match module {
        "getters" => getters.to_string(),
        _ => std::fs::read_to_string(crate_dir.join(format!("src/{module}.rs"))).unwrap_or_default(),
    };
    let modules: Vec<&str> = SECTIONS.iter().flat_map(|(_, _, modules)| *modules).copied().collect();
    let sources: Vec<(&str, String)> = modules.iter().map(|module| (*module, source(module))).collect();
    let mut placed: Vec<(usize, usize, &str)> = Vec::new();
    for block in blocks(text) {
        let name = name_of(block).unwrap_or_else(|| panic!("what does this declare?\n{block}"));
        let early = EARLY.iter().find(|(early, _)| *early == name).map(|(_, module)| *module);
        let found = sources.iter().enumerate().find_map(|(n, (module, source))| match early {
            Some(early) => (early == *module).then_some((n, 0)),
            None => ["fn", "struct", "enum", "type", "const"]
                .iter()
                .find_map(|kind| {
                    position(source, &format!("pub {kind} {name}"))
                        .or_else(|| position(source, &format!("extern \"C\" {kind} {name}")))
                })
                .map(|at| (n, at)),
        });
        let (module, at) = found.unwrap_or_else(|| panic!("{name} is in no section"));
        placed.push((module, at, block));
    }
    placed.sort_by_key(|(module, at, _)| (*module, *at));
    for (title, purpose, of) in SECTIONS {
        let blocks: Vec<&str> =
            placed.iter().filter(|(module, ..)| of.contains(&modules[*module])).map(|(.., block)| *block).collect();
        if blocks.is_empty() {
            continue;
        }
        let rule = "=".repeat(108);
        writeln!(header, "\n/* {rule}\n * {title}. {purpose}\n * {rule} */").unwrap();
        for block in blocks {
            writeln!(header, "\n{block}").unwrap();
        }
    }
    header.push('\n');
}

/// Where a name stands as a whole word.
fn position(source: &str, wanted: &str) -> Option<usize> {
    source
        .match_indices(wanted)
        .find(|(at, _)| !source[at + wanted.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        .map(|(at, _)| at)
}

/// Declarations with their comments. An empty line ends one, outside of braces and conditions.
fn blocks(text: &str) -> Vec<&str> {
    let (mut found, mut begin, mut at, mut depth) = (Vec::new(), 0, 0, 0);
    for line in text.split_inclusive('\n') {
        depth += i32::from(line.contains('{')) - i32::from(line.starts_with('}'));
        at += line.len();
        if line.trim().is_empty() && depth == 0 {
            found.push(text[begin..at].trim());
            begin = at;
        }
    }
    found.push(text[begin..].trim());
    found.retain(|block| !block.is_empty());
    found
}

fn name_of(block: &str) -> Option<&str> {
    let line = block.lines().find(|line| !line.starts_with("//") && !line.starts_with("#if"))?;
    if let Some(rest) = line.strip_prefix("#define ") {
        return rest.split_whitespace().next();
    }
    if line.starts_with("enum ") || line.starts_with("typedef struct ") {
        return line.split_whitespace().find(|word| word.starts_with("pickle_"));
    }
    if line.starts_with("typedef ") {
        let from = line.find("(*")? + 2;
        return line[from..].split(')').next();
    }
    let before = line.split('(').next()?;
    before.split([' ', '*']).next_back()
}
