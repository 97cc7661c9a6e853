//! The texts of errors: growing where there is an allocator, cut where there is none.

use core::fmt::{self, Write};

/// A step from a container to what it holds.
#[derive(Clone, Copy)]
pub(crate) enum Step<'s> {
    /// A key or attribute that is text.
    Name(&'s [u8]),
    /// A key that is a number, or an index.
    Index(i64),
    /// A key that is something else.
    Other,
}

/// A message.
#[derive(Default)]
pub(crate) struct Text {
    #[cfg(feature = "alloc")]
    text: alloc::string::String,
    #[cfg(not(feature = "alloc"))]
    text: heapless::String<80>,
}

impl Text {
    pub fn format(message: fmt::Arguments<'_>) -> Self {
        let mut text = Text::default();
        // A text that does not fit is cut: that is no failure.
        let _ = text.write_fmt(message);
        text
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for c in part.chars() {
            #[cfg(feature = "alloc")]
            self.text.push(c);
            #[cfg(not(feature = "alloc"))]
            self.text.push(c).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}

/// Bytes that a path may have.
#[cfg(feature = "alloc")]
const PATH: usize = 160;
#[cfg(not(feature = "alloc"))]
const PATH: usize = 80;

/// A path, built from its end while the error travels outwards. What does
/// not fit is lost at the inner end: the outer steps tell more.
#[derive(Default)]
pub(crate) struct Trail {
    /// `$` and the steps once there are any.
    text: heapless::String<PATH>,
    cut: bool,
}

impl Trail {
    pub fn as_str(&self) -> &str {
        if self.text.is_empty() { "$" } else { &self.text }
    }

    pub fn prepend(&mut self, step: Step<'_>) {
        let mut next = heapless::String::<PATH>::new();
        let old = self.text.strip_prefix('$').unwrap_or("");
        let whole = write_step(&mut next, step).is_ok();
        if !whole || self.cut || next.len() + old.len() > PATH {
            self.cut = true;
        }
        for c in old.trim_end_matches('…').chars() {
            let reserve = if self.cut { '…'.len_utf8() } else { 0 };
            if next.len() + c.len_utf8() + reserve > PATH || next.push(c).is_err() {
                break;
            }
        }
        if self.cut {
            let _ = next.push('…');
        }
        self.text = next;
    }
}

fn write_step(out: &mut heapless::String<PATH>, step: Step<'_>) -> fmt::Result {
    out.write_str("$")?;
    match step {
        Step::Index(index) => write!(out, "[{index}]"),
        Step::Other => out.write_str("[?]"),
        Step::Name(name) => match core::str::from_utf8(name) {
            Ok(name) if is_plain(name) => write!(out, ".{name}"),
            Ok(name) => write!(out, "[{name:?}]"),
            Err(_) => out.write_str("[?]"),
        },
    }
}

fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}
