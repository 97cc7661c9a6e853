//! Arguments that are kept: str, bytes, and the strings of Python 2.

use super::memory::Regions;
use super::node::{Node, Range, tag};
use super::{Done, Machine, Source, set, slide_down};
use crate::ErrorKind;
use crate::knobs::{PROTOCOL_0, PYTHON_2};
use crate::literal::escape;
use crate::literal::utf8;
use crate::options::Encoding;

impl Machine {
    pub(super) fn slice<'a>(&self, r: &'a Regions<'_>, source: Source<'a>) -> &'a [u8] {
        match source {
            Source::Input(bytes, _) | Source::Pushed(bytes) => bytes,
            Source::Stored(len) => r.bytes.get(self.bytes..self.bytes + len).unwrap_or_default(),
        }
    }

    /// Keeps the bytes of an argument from `skip`, `len` of them.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn keep(
        &mut self,
        r: &mut Regions<'_>,
        source: Source<'_>,
        skip: usize,
        len: usize,
    ) -> Result<Range, ErrorKind> {
        if let Source::Input(_, offset) = source {
            return Ok(Range { offset: offset + skip as u64, len: len as u64, stored: false });
        }
        self.keep_copy(r, source, skip, len)
    }

    pub(super) fn keep_copy(
        &mut self,
        r: &mut Regions<'_>,
        source: Source<'_>,
        skip: usize,
        len: usize,
    ) -> Result<Range, ErrorKind> {
        let at = self.bytes;
        match source {
            Source::Input(bytes, _) | Source::Pushed(bytes) => {
                let target = r.bytes.get_mut(at..at + len).ok_or(ErrorKind::BytesFull)?;
                for (target, source) in target.iter_mut().zip(bytes.get(skip..).unwrap_or_default()) {
                    *target = *source;
                }
            }
            Source::Stored(_) => {
                slide_down(r.bytes, at + skip, len, at);
            }
        }
        self.bytes = at + len;
        Ok(Range { offset: at as u64, len: len as u64, stored: true })
    }

    /// Decodes an argument into the byte region. `decode` is run twice: for
    /// the length, then for the bytes.
    pub(super) fn keep_decoded<T>(
        &mut self,
        r: &mut Regions<'_>,
        source: Source<'_>,
        decode: impl Fn(&[u8], &mut dyn FnMut(u8)) -> Result<T, ErrorKind>,
    ) -> Result<(Range, T), ErrorKind> {
        let mut len = 0;
        decode(self.slice(r, source), &mut |_| len += 1)?;
        // A stored argument lies where the result must go: decode behind it, then slide down.
        let raw = if let Source::Stored(n) = source { n } else { 0 };
        let at = self.bytes;
        let (head, tail) = r.bytes.split_at_mut_checked(at + raw).ok_or(ErrorKind::BytesFull)?;
        let text = match source {
            Source::Input(bytes, _) | Source::Pushed(bytes) => bytes,
            Source::Stored(_) => head.get(at..).unwrap_or_default(),
        };
        let target = tail.get_mut(..len).ok_or(ErrorKind::BytesFull)?;
        let mut slots = target.iter_mut();
        let result = decode(text, &mut |byte| {
            if let Some(slot) = slots.next() {
                *slot = byte;
            }
        })?;
        slide_down(r.bytes, at + raw, len, at);
        self.bytes = at + len;
        Ok((Range { offset: at as u64, len: len as u64, stored: true }, result))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn push_str(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 1)?;
        let bytes = self.slice(r, source);
        let len = bytes.len();
        let kind = if utf8::utf8_surrogatepass(bytes)? { tag::STR_SURROGATES } else { tag::STR };
        let range = self.keep(r, source, 0, len)?;
        self.push(r, Node::range(kind, range))
    }

    pub(super) fn push_bytes(&mut self, r: &mut Regions<'_>, source: Source<'_>, kind: u8) -> Done {
        self.room(r, 1)?;
        let len = self.slice(r, source).len();
        let range = self.keep(r, source, 0, len)?;
        self.push(r, Node::range(kind, range))
    }

    pub(super) fn push_byte_array(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        self.room(r, 3)?;
        let index = self.index()?;
        let len = self.slice(r, source).len();
        let range = self.keep(r, source, 0, len)?;
        set(r.nodes, self.arena, Node::header(tag::BYTE_ARRAY, 0, 1));
        set(r.nodes, self.arena + 1, Node::range(tag::BYTES, range));
        self.arena += 2;
        self.push(r, Node::reference(tag::BYTE_ARRAY, index))
    }

    pub(super) fn push_unicode(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        if !PROTOCOL_0 {
            return Err(ErrorKind::FeatureOff);
        }
        self.room(r, 1)?;
        let bytes = self.slice(r, source);
        if utf8::is_ascii(bytes) && !utf8::has(bytes, b'\\') {
            return self.push_bytes(r, source, tag::STR);
        }
        let (range, surrogates) = self.keep_decoded(r, source, |text, put| escape::raw_unicode(text, put))?;
        let kind = if surrogates { tag::STR_SURROGATES } else { tag::STR };
        self.push(r, Node::range(kind, range))
    }

    /// STRING: quotes, escapes, then the encoding.
    pub(super) fn push_quoted(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        if !PROTOCOL_0 || !PYTHON_2 {
            return Err(ErrorKind::FeatureOff);
        }
        self.room(r, 1)?;
        let inner = escape::unquote(self.slice(r, source))?;
        if !utf8::has(inner, b'\\') {
            let len = inner.len();
            return self.push_str8(r, source, 1, len);
        }
        if self.options.encoding == Encoding::Latin1 {
            // In one step: a second one could find the region full when the first has overwritten the text.
            let both = |text: &[u8], put: &mut dyn FnMut(u8)| {
                escape::unescape(escape::unquote(text)?, |byte| escape::latin1(&[byte], &mut *put))
            };
            let (range, ()) = self.keep_decoded(r, source, both)?;
            return self.push(r, Node::range(tag::STR, range));
        }
        let before = self.bytes;
        let (range, ()) = self.keep_decoded(r, source, |text, put| escape::unescape(escape::unquote(text)?, put))?;
        // Decoded text is stored: its encoding works on that.
        self.bytes = before;
        self.push_str8(r, Source::Stored(range.len as usize), 0, range.len as usize)
    }

    pub(super) fn push_str8(&mut self, r: &mut Regions<'_>, source: Source<'_>, skip: usize, len: usize) -> Done {
        if !PYTHON_2 {
            return Err(ErrorKind::FeatureOff);
        }
        self.room(r, 1)?;
        let bytes = self.slice(r, source).get(skip..skip + len).unwrap_or_default();
        let kind = match self.options.encoding {
            Encoding::Keep => tag::STR8,
            Encoding::Bytes => tag::BYTES,
            _ if utf8::is_ascii(bytes) => tag::STR,
            Encoding::Utf8 if core::str::from_utf8(bytes).is_ok() => tag::STR,
            Encoding::Latin1 => {
                let cut = |text: &[u8], put: &mut dyn FnMut(u8)| {
                    escape::latin1(text.get(skip..skip + len).unwrap_or_default(), put);
                    Ok(())
                };
                let (range, ()) = self.keep_decoded(r, source, cut)?;
                return self.push(r, Node::range(tag::STR, range));
            }
            _ => return Err(ErrorKind::BadEncoding),
        };
        let range = self.keep(r, source, skip, len)?;
        self.push(r, Node::range(kind, range))
    }
}
