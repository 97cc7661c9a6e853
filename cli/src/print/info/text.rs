//! The facts, for people.

use super::{Facts, Report};
use crate::survey::globals::Global;
use crate::survey::guess::root_text;
use crate::survey::info::Info;
use pickle_core::Opcode;
use std::io::{self, Write};

/// Opcodes that are named; the rest is counted.
const TOP_OPCODES: usize = 8;
/// Globals that are listed; the rest is counted.
const TOP_GLOBALS: usize = 30;
/// Columns that are named; the rest is counted.
const TOP_COLUMNS: usize = 40;
/// Pickles that have a line of their own.
const TOP_PICKLES: usize = 10;
/// Characters of a name that are shown.
const TEXT_MAX: usize = 240;
/// Columns of what is said; the labels stand before.
const WIDTH: usize = 86;
/// Columns of the labels.
const LABELS: usize = 12;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Writes the report on one file.
///
/// # Errors
/// What `out` says.
pub fn write(report: &Report<'_>, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Text { out, color };
    let all = &report.all;
    let painted = text.paint(BOLD, &visible(report.name));
    writeln!(text.out, "{painted}")?;
    if let Some(guess) = &report.guess {
        text.line("seems", &visible(&guess.what))?;
        text.line("because", &visible(&guess.evidence))?;
        if let Some(writer) = guess.writer {
            text.line("written by", writer)?;
        }
    }
    text.line("size", &sizes(report))?;
    if let Some(facts) = &report.facts {
        text.facts(facts)?;
    }
    if report.count == 0 {
        if report.trailing != 0 {
            text.line("trailing", &format!("{} behind the array", bytes(report.trailing)))?;
        }
        return Ok(());
    }
    if report.count > 1 {
        let memo = if report.shared_memo { "; one memo lives through them" } else { "" };
        text.line("pickles", &format!("{}{memo}", number(report.count)))?;
    }
    if report.trailing != 0 {
        let behind = if report.count == 1 { "the pickle" } else { "the last pickle" };
        text.line("trailing", &format!("{} behind {behind}", bytes(report.trailing)))?;
    }
    text.line("protocol", &protocols(report))?;
    text.common(all)?;
    text.globals(&all.globals)?;
    if let Some(nested) = &all.nested {
        text.line("nested", &format!("{} in arrays of objects", count(all.nested_count, "pickle")))?;
        text.line("", &opcodes(nested))?;
        text.globals(&nested.globals)?;
    }
    if report.count > 1 {
        text.pickles(report)?;
    } else {
        text.line("value", &value(all))?;
    }
    Ok(())
}

struct Text<'o> {
    out: &'o mut dyn Write,
    color: bool,
}

impl Text<'_> {
    fn paint(&self, paint: &str, text: &str) -> String {
        if self.color { format!("{paint}{text}{PLAIN}") } else { text.to_owned() }
    }

    /// A label and what is said, in lines of their own where it is long.
    fn line(&mut self, label: &str, said: &str) -> io::Result<()> {
        let mut label = format!("  {label:<LABELS$}");
        for line in wrapped(said) {
            writeln!(self.out, "{}{line}", self.paint(DIM, &label))?;
            label = " ".repeat(LABELS + 2);
        }
        Ok(())
    }

    fn facts(&mut self, facts: &Facts) -> io::Result<()> {
        match facts {
            Facts::Array(array) => {
                let axes: Vec<_> = array.shape.iter().map(|axis| number(*axis)).collect();
                let order = if array.fortran { ", in Fortran order" } else { "" };
                let size = array.bytes.map_or_else(String::new, |size| format!(", {}", bytes(size)));
                self.line("array", &visible(&format!("{} ({}){size}{order}", array.dtype, axes.join(" × "))))
            }
            Facts::Table(table) => {
                let mut said =
                    format!("{} × {}", count(table.rows, "row"), count(table.columns.len() as u64, "column"));
                if let Some(memory) = table.memory {
                    said.push_str(&format!(", {} in memory without what objects take", bytes(memory)));
                }
                self.line("table", &said)?;
                let shown = |all: &[(String, String)]| {
                    let shown = all.iter().take(TOP_COLUMNS).map(|(name, dtype)| match name.as_str() {
                        "" => visible(dtype),
                        name => format!("{} {}", visible(name), visible(dtype)),
                    });
                    let mut shown: Vec<_> = shown.collect();
                    if let Some(more) = all.len().checked_sub(TOP_COLUMNS).filter(|more| *more != 0) {
                        shown.push(format!("and {more} more"));
                    }
                    shown.join(", ")
                };
                if !table.columns.is_empty() {
                    self.line("columns", &shown(&table.columns))?;
                }
                if !table.index.is_empty() {
                    self.line("index", &shown(&table.index))?;
                }
                Ok(())
            }
        }
    }

    fn common(&mut self, info: &Info) -> io::Result<()> {
        self.line("opcodes", &opcodes(info))?;
        let mut payload = Vec::new();
        if info.str_bytes != 0 {
            payload.push(format!("{} in strs", bytes(info.str_bytes)));
        }
        if info.bytes_bytes != 0 {
            payload.push(format!("{} in bytes", bytes(info.bytes_bytes)));
        }
        if info.arrays != 0 {
            payload.push(format!("{} in {} between the opcodes", bytes(info.array_bytes), count(info.arrays, "array")));
        }
        if !payload.is_empty() {
            self.line("payload", &payload.join(", "))?;
        }
        if info.frames != 0 {
            self.line("frames", &number(info.frames))?;
        }
        let memo = match info.max_memo_index {
            None => "empty".to_owned(),
            Some(max) => format!("{}, highest index {}", entries(info.memo_size), number(max)),
        };
        self.line("memo", &memo)?;
        let mut stack = format!("at most {} and {}", count(info.max_stack, "value"), count(info.max_marks, "mark"));
        if info.leftover_stack != 0 {
            stack += &format!("; {} left below the result", number(info.leftover_stack));
        }
        self.line("stack", &stack)?;
        if info.persids != 0 {
            self.line("external", &format!("{} to objects outside", count(info.persids, "persistent id")))?;
        }
        if info.buffers != 0 {
            self.line("buffers", &format!("{} out of band", number(info.buffers)))?;
        }
        if !info.ext_codes.is_empty() {
            let mut codes: Vec<_> = info.ext_codes.iter().take(TOP_GLOBALS).map(i64::to_string).collect();
            if codes.len() < info.ext_codes.len() {
                codes.push(format!("{} more", info.ext_codes.len() - codes.len()));
            }
            self.line("extensions", &codes.join(", "))?;
        }
        Ok(())
    }

    fn globals(&mut self, globals: &[Global]) -> io::Result<()> {
        if globals.is_empty() {
            return self.line("globals", "none");
        }
        let shown = globals.get(..TOP_GLOBALS).unwrap_or(globals);
        let names: Vec<_> = shown.iter().map(|global| visible(&global.path())).collect();
        let width = names.iter().map(|name| name.chars().count()).filter(|len| *len <= 60).max().unwrap_or(0);
        let mut label = "globals";
        for (name, global) in names.iter().zip(shown) {
            let label_text = self.paint(DIM, &format!("  {label:<LABELS$}"));
            match global.count {
                1 => writeln!(self.out, "{label_text}{name}")?,
                n => writeln!(self.out, "{label_text}{name:<width$}  {} times", number(n))?,
            }
            label = "";
        }
        match globals.len() - shown.len() {
            0 => Ok(()),
            more => self.line("", &format!("and {} more", number(more as u64))),
        }
    }

    fn pickles(&mut self, report: &Report<'_>) -> io::Result<()> {
        let mut label = "each";
        for (i, info) in report.pickles.iter().take(TOP_PICKLES).enumerate() {
            let what = value(info);
            self.line(label, &format!("{}: {}, {what}", i + 1, bytes(info.length)))?;
            label = "";
        }
        match report.count.saturating_sub(TOP_PICKLES as u64) {
            0 => Ok(()),
            more => self.line("", &format!("and {} more", number(more))),
        }
    }
}

fn value(info: &Info) -> String {
    visible(&root_text(info))
}

fn sizes(report: &Report<'_>) -> String {
    let size = report.size.map_or_else(|| "a stream".to_owned(), bytes);
    if report.layers.is_empty() {
        return match report.size {
            Some(_) => size,
            None => format!("{}, a stream", bytes(report.unpacked)),
        };
    }
    let names: Vec<_> = report.layers.iter().map(|layer| layer.name()).collect();
    format!("{size}; {} unpacked from {}", bytes(report.unpacked), names.join(", then "))
}

fn protocols(report: &Report<'_>) -> String {
    let mut named: Vec<_> = report.pickles.iter().map(|info| info.proto_opcode).collect();
    named.sort_unstable();
    named.dedup();
    let needed = report.all.min_protocol;
    match named.as_slice() {
        [None] => format!("{needed} by its opcodes, no PROTO"),
        [Some(protocol)] if *protocol == needed => protocol.to_string(),
        [Some(protocol)] => format!("{protocol} by its PROTO, but opcodes of {needed}"),
        several => {
            let names = several.iter().map(|protocol| protocol.map_or("none".into(), |p| p.to_string()));
            format!("{} by their PROTOs, opcodes up to {needed}", names.collect::<Vec<_>>().join(", "))
        }
    }
}

fn opcodes(info: &Info) -> String {
    let mut counts: Vec<(Opcode, u64)> = info.opcodes.iter().map(|(opcode, count)| (*opcode, *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut parts: Vec<_> = counts
        .iter()
        .take(TOP_OPCODES)
        .map(|(opcode, count)| format!("{} {}", opcode.name(), number(*count)))
        .collect();
    if counts.len() > TOP_OPCODES {
        parts.push(format!("{} other kinds", counts.len() - TOP_OPCODES));
    }
    format!("{}: {}", number(info.opcode_count), parts.join(", "))
}

fn entries(n: u64) -> String {
    if n == 1 { "1 entry".into() } else { format!("{} entries", number(n)) }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {what}s", number(n)) }
}

/// Digits in threes.
fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i != 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes, in larger units too where there are many.
fn bytes(n: u64) -> String {
    let large = |unit: f64, name: &str| format!("{:.1} {name} ({} bytes)", n as f64 / unit, number(n));
    match n {
        1 => "1 byte".into(),
        0..10_000 => format!("{n} bytes"),
        10_000..1_000_000 => large(1e3, "kB"),
        1_000_000..1_000_000_000 => large(1e6, "MB"),
        _ => large(1e9, "GB"),
    }
}

/// Names come from the file: no control characters, and not without end.
fn visible(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(TEXT_MAX) {
        match c {
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.extend(c.escape_unicode())
            }
            c => out.push(c),
        }
    }
    if text.chars().nth(TEXT_MAX).is_some() {
        out.push('…');
    }
    out
}

/// Lines of at most [`WIDTH`] columns, where there are blanks to cut at.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
