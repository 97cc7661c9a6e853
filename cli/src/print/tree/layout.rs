//! Lines: what fits on one stands on one, the rest is indented.

use super::Options;
use super::palette::Role;
use super::scalar;
use super::view::{Content, Group, Label, Part, Piece, identity, view};
use pickle_core::{Document, Value};
use std::collections::HashMap;
use std::io::{self, Write};

/// Blanks a level.
const INDENT: usize = 2;
/// Levels that are indented; deeper ones stay there, or the blanks alone would be quadratic.
const MAX_INDENT: usize = 30;
/// Levels within one line.
const INLINE_DEPTH: usize = 16;
/// Columns that a key may take.
const KEY_WIDTH: usize = 60;

/// How often a value was met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    Never,
    Once,
    Often,
}

/// Text with its columns counted apart from the colours.
#[derive(Default)]
struct Line {
    text: String,
    columns: usize,
}

/// The text does not fit.
struct Overflow;

/// A group that is being printed over several lines.
struct Frame<'d> {
    group: Group<'d>,
    /// Parts printed so far.
    done: usize,
    /// What follows behind the closing bracket.
    rest: std::vec::IntoIter<Piece<'d>>,
    level: usize,
    depth: usize,
}

/// Prints one document.
pub struct Printer<'d, 'o> {
    options: &'o Options,
    out: &'o mut dyn Write,
    met: Vec<Met>,
    /// Numbers of the shared values that were printed.
    marks: HashMap<usize, usize>,
    line: Line,
    frames: Vec<Frame<'d>>,
}

impl<'d, 'o> Printer<'d, 'o> {
    /// A printer that has seen nothing yet.
    pub fn new(document: &Document<'_>, options: &'o Options, out: &'o mut dyn Write) -> Self {
        Printer {
            options,
            out,
            met: vec![Met::Never; document.id_limit()],
            marks: HashMap::new(),
            line: Line::default(),
            frames: Vec::new(),
        }
    }

    /// Finds the values that will be visible more than once.
    pub fn count(&mut self, root: Value<'d>) {
        let mut stack: Vec<(Box<dyn Iterator<Item = Part<'d>> + 'd>, usize)> = Vec::new();
        let whole = Part { label: Label::None, content: Content::Value(root) };
        stack.push((Box::new(std::iter::once(whole)), 0));
        while let Some((parts, depth)) = stack.last_mut() {
            let depth = *depth;
            let Some(part) = parts.next() else {
                stack.pop();
                continue;
            };
            if let Label::Key(key) = part.label {
                self.count_content(Content::Value(key), depth, &mut stack);
            }
            self.count_content(part.content, depth, &mut stack);
        }
    }

    fn count_content(
        &mut self,
        content: Content<'d>,
        depth: usize,
        stack: &mut Vec<(Box<dyn Iterator<Item = Part<'d>> + 'd>, usize)>,
    ) {
        let pieces = match content {
            Content::Value(value) => {
                if scalar::is_short(&value) {
                    return;
                }
                if let Some(met) = identity(&value).and_then(|id| self.met.get_mut(id)) {
                    if *met != Met::Never {
                        *met = Met::Often;
                        return;
                    }
                    *met = Met::Once;
                }
                view(value, 0)
            }
            Content::Pieces(pieces) => pieces,
        };
        for piece in pieces {
            match piece {
                Piece::Group(group) if depth < self.options.depth => {
                    stack.push((Box::new(group.parts.take(self.options.max_items)), depth + 1));
                }
                _ => {}
            }
        }
    }

    /// Prints a value and ends the line.
    pub fn print(&mut self, root: Value<'d>) -> io::Result<()> {
        self.content(Content::Value(root), 0, 0, 0)?;
        while !self.frames.is_empty() {
            self.step()?;
        }
        self.flush_line()
    }

    /// Prints the next part of the innermost group, or its end.
    fn step(&mut self) -> io::Result<()> {
        let max_items = self.options.max_items;
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let (level, depth) = (frame.level, frame.depth);
        let next = if frame.done < max_items { frame.group.parts.next() } else { None };
        let Some(part) = next else {
            let left = frame.group.len.saturating_sub(frame.done) as u64;
            let left = if frame.done >= max_items { left } else { 0 };
            let Some(mut frame) = self.frames.pop() else { return Ok(()) };
            if left != 0 {
                self.new_line(level)?;
                let text = more(left, frame.group.noun);
                put(&mut self.line, self.options, Role::Note, &text);
            }
            self.new_line(level - 1)?;
            put(&mut self.line, self.options, Role::Plain, frame.group.close);
            let rest: Vec<_> = frame.rest.by_ref().collect();
            return self.pieces(rest, level - 1, depth - 1, 1);
        };
        frame.done += 1;
        let (first, fill) = (frame.done == 1, frame.group.fill);
        // Short parts stand side by side.
        if fill {
            let mut text = Line::default();
            if self.inline_part(part, depth, usize::MAX, &mut text, 0).is_ok() {
                if first || self.line.columns + text.columns + 2 > self.options.width {
                    self.new_line(level)?;
                } else {
                    put(&mut self.line, self.options, Role::Plain, " ");
                }
                append(&mut self.line, &text);
                put(&mut self.line, self.options, Role::Plain, ",");
            }
            return Ok(());
        }
        self.new_line(level)?;
        let mut label = Line::default();
        self.label(&part.label, depth, &mut label);
        append(&mut self.line, &label);
        self.content(part.content, level, depth, 1)
    }

    /// Prints something from here on; `after` columns must stay free behind it.
    fn content(&mut self, content: Content<'d>, level: usize, depth: usize, after: usize) -> io::Result<()> {
        let pieces = match content {
            Content::Value(value) => {
                let room = self.options.width.saturating_sub(self.line.columns + after);
                let mut text = Line::default();
                let marked = self.marks.len();
                if self.inline_value(value, depth, room, &mut text, 0).is_ok() {
                    append(&mut self.line, &text);
                    return self.end(after);
                }
                self.unmark(marked);
                let mut text = Line::default();
                let known = self.mark(&value, &mut text);
                append(&mut self.line, &text);
                if known {
                    return self.end(after);
                }
                view(value, self.options.max_text)
            }
            Content::Pieces(pieces) => pieces,
        };
        self.pieces(pieces, level, depth, after)
    }

    /// Prints pieces, the groups among them over several lines.
    fn pieces(&mut self, pieces: Vec<Piece<'d>>, level: usize, depth: usize, after: usize) -> io::Result<()> {
        let mut pieces = pieces.into_iter();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(role, text) => put(&mut self.line, self.options, role, &text),
                Piece::Group(group) => {
                    put(&mut self.line, self.options, Role::Plain, group.open);
                    if group.len == 0 || depth >= self.options.depth {
                        let text = elided(&group);
                        put(&mut self.line, self.options, Role::Note, &text);
                        put(&mut self.line, self.options, Role::Plain, group.close);
                        continue;
                    }
                    // Behind an outermost value there is no comma.
                    let frame = Frame { group, done: 0, rest: pieces, level: level + 1, depth: depth + 1 };
                    self.frames.push(frame);
                    return Ok(());
                }
            }
        }
        self.end(after)
    }

    /// A comma behind a part; nothing behind the whole.
    fn end(&mut self, after: usize) -> io::Result<()> {
        if after != 0 && !self.frames.is_empty() {
            put(&mut self.line, self.options, Role::Plain, ",");
        }
        Ok(())
    }

    /// Writes the mark of a shared value; true if that is all there is to write.
    fn mark(&mut self, value: &Value<'d>, line: &mut Line) -> bool {
        let Some(id) = identity(value).filter(|&id| self.met.get(id) == Some(&Met::Often)) else { return false };
        if let Some(number) = self.marks.get(&id) {
            put(line, self.options, Role::Mark, &format!("*{number}"));
            return true;
        }
        let number = self.marks.len() + 1;
        self.marks.insert(id, number);
        put(line, self.options, Role::Mark, &format!("&{number} "));
        false
    }

    /// Takes back the marks that a text got which is not printed.
    fn unmark(&mut self, keep: usize) {
        if self.marks.len() > keep {
            self.marks.retain(|_, number| *number <= keep);
        }
    }

    fn inline_value(
        &mut self,
        value: Value<'d>,
        depth: usize,
        room: usize,
        line: &mut Line,
        level: usize,
    ) -> Result<(), Overflow> {
        if self.mark(&value, line) {
            return if line.columns > room { Err(Overflow) } else { Ok(()) };
        }
        self.inline_pieces(view(value, self.options.max_text), depth, room, line, level)
    }

    fn inline_pieces(
        &mut self,
        pieces: Vec<Piece<'d>>,
        depth: usize,
        room: usize,
        line: &mut Line,
        level: usize,
    ) -> Result<(), Overflow> {
        let has_groups = pieces.iter().any(|piece| matches!(piece, Piece::Group(group) if group.len != 0));
        for piece in pieces {
            match piece {
                Piece::Text(role, text) => put(line, self.options, role, &text),
                Piece::Group(group) => self.inline_group(group, depth, room, line, level)?,
            }
            // What has no parts cannot be broken, so it may stick out.
            if line.columns > room && (has_groups || level != 0) {
                return Err(Overflow);
            }
        }
        Ok(())
    }

    fn inline_group(
        &mut self,
        mut group: Group<'d>,
        depth: usize,
        room: usize,
        line: &mut Line,
        level: usize,
    ) -> Result<(), Overflow> {
        put(line, self.options, Role::Plain, group.open);
        if group.len == 0 || depth >= self.options.depth {
            put(line, self.options, Role::Note, &elided(&group));
            put(line, self.options, Role::Plain, group.close);
            return Ok(());
        }
        if level >= INLINE_DEPTH {
            return Err(Overflow);
        }
        let mut done = 0;
        for part in group.parts.by_ref().take(self.options.max_items) {
            if done != 0 {
                put(line, self.options, Role::Plain, ", ");
            }
            self.inline_part(part, depth + 1, room, line, level + 1)?;
            if line.columns > room {
                return Err(Overflow);
            }
            done += 1;
        }
        let left = if done >= self.options.max_items { group.len.saturating_sub(done) } else { 0 };
        if left != 0 {
            let text = more(left as u64, group.noun);
            put(line, self.options, Role::Note, &if done == 0 { text } else { format!(", {text}") });
        }
        if group.tuple && group.len == 1 && done == 1 {
            put(line, self.options, Role::Plain, ",");
        }
        put(line, self.options, Role::Plain, group.close);
        Ok(())
    }

    fn inline_part(
        &mut self,
        part: Part<'d>,
        depth: usize,
        room: usize,
        line: &mut Line,
        level: usize,
    ) -> Result<(), Overflow> {
        self.label(&part.label, depth, line);
        match part.content {
            Content::Value(value) => self.inline_value(value, depth, room, line, level),
            Content::Pieces(pieces) => self.inline_pieces(pieces, depth, room, line, level),
        }
    }

    fn label(&mut self, label: &Label<'d>, depth: usize, line: &mut Line) {
        match label {
            Label::None => {}
            Label::Key(key) => {
                let mut text = Line::default();
                let marked = self.marks.len();
                let fits = self.inline_value(*key, depth, KEY_WIDTH, &mut text, 1).is_ok();
                if fits {
                    append(line, &text);
                } else {
                    // Too long for a line: its beginning says which it is.
                    self.unmark(marked);
                    let mut pieces = view(*key, KEY_WIDTH / 2).into_iter();
                    while let Some(Piece::Text(role, text)) = pieces.next() {
                        put(line, self.options, role, &text);
                    }
                    if let Kind::Container = kind(key) {
                        put(line, self.options, Role::Note, "(...)");
                    }
                }
                put(line, self.options, Role::Plain, ": ");
            }
            Label::Attribute(name) => {
                put(line, self.options, Role::Key, &format!(".{name}"));
                put(line, self.options, Role::Plain, " = ");
            }
            Label::Keyword(name) => {
                put(line, self.options, Role::Key, name);
                put(line, self.options, Role::Plain, "=");
            }
            Label::Column(name) => {
                put(line, self.options, Role::Key, &scalar::bare_text(name.as_bytes()));
                put(line, self.options, Role::Plain, ": ");
            }
            Label::Word(word) => put(line, self.options, Role::Note, word),
        }
    }

    fn new_line(&mut self, level: usize) -> io::Result<()> {
        self.flush_line()?;
        let indent = level.min(MAX_INDENT) * INDENT;
        put(&mut self.line, self.options, Role::Plain, &" ".repeat(indent));
        Ok(())
    }

    fn flush_line(&mut self) -> io::Result<()> {
        self.line.text.push('\n');
        self.out.write_all(self.line.text.as_bytes())?;
        self.line.text.clear();
        self.line.columns = 0;
        Ok(())
    }
}

/// Whether a key has parts.
enum Kind {
    Container,
    Scalar,
}

fn kind(value: &Value<'_>) -> Kind {
    if value.id().is_some() { Kind::Container } else { Kind::Scalar }
}

fn put(line: &mut Line, options: &Options, role: Role, text: &str) {
    if text.is_empty() {
        return;
    }
    let style = options.palette.style(role);
    if style.is_plain() {
        line.text.push_str(text);
    } else {
        line.text.push_str(&format!("{style}{text}{style:#}"));
    }
    line.columns += text.chars().count();
}

fn append(line: &mut Line, text: &Line) {
    line.text.push_str(&text.text);
    line.columns += text.columns;
}

fn plural(count: u64, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "entry") => format!("{} entries", scalar::grouped(count)),
        _ => scalar::counted(count, noun),
    }
}

fn more(count: u64, noun: &str) -> String {
    let all = plural(count, noun);
    match all.rsplit_once(' ') {
        Some((number, noun)) => format!("... {number} more {noun}"),
        None => all,
    }
}

fn elided(group: &Group<'_>) -> String {
    if group.len == 0 { String::new() } else { format!("... {}", plural(group.len as u64, group.noun)) }
}
