//! The map of a file as one page: it loads nothing, and works without a network.

use crate::survey::sizes::{Branch, Names};
use serde_json::{Value, json};
use std::io::{self, Write};

const PAGE: &str = include_str!("page.html");
/// Where the file's name and its tree go.
const PLACE: &str = "/*DATA*/";
/// Values smaller than this part of all are not drawn one by one.
const SMALLEST: u64 = 20_000;

/// Writes the page.
pub(crate) fn write(file: &str, total: &Branch, names: &Names, out: &mut dyn Write) -> io::Result<()> {
    let smallest = total.bytes() / SMALLEST;
    let data = json!({"file": file, "tree": tree("$", total, names, smallest)});
    // Inside a script only `</` ends it.
    let data = data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let (before, after) = PAGE.split_once(PLACE).unwrap_or((PAGE, ""));
    out.write_all(before.as_bytes())?;
    out.write_all(data.as_bytes())?;
    out.write_all(after.as_bytes())
}

/// Name, bytes, values, kind, children, the largest first. The depth of the tree is bounded.
fn tree(name: &str, branch: &Branch, names: &Names, smallest: u64) -> Value {
    let mut children: Vec<_> = branch.children().filter(|(_, child)| child.bytes() > smallest).collect();
    children.sort_by_key(|(_, child)| std::cmp::Reverse(child.bytes()));
    let children: Vec<_> =
        children.into_iter().map(|(step, child)| tree(names.step(step), child, names, smallest)).collect();
    json!([name, branch.bytes(), branch.count(), names.kind(branch.kind()), children])
}
