//! Ints and floats, binary and as text.

use super::memory::Regions;
use super::node::{Node, tag};
use super::{Done, Machine, Source};
use crate::ErrorKind;
use crate::knobs::{BIG_INTS, PROTOCOL_0};
use crate::literal::float;
use crate::literal::int;
use crate::literal::int::TextInt;

impl Machine {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn push_long(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        if let Some(value) = int::from_twos_complement(self.slice(r, source)) {
            return self.push(r, Node::long(value));
        }
        if !BIG_INTS {
            return Err(ErrorKind::FeatureOff);
        }
        self.push_bytes(r, source, tag::BIG_INT)
    }

    pub(super) fn push_int_text(&mut self, r: &mut Regions<'_>, source: Source<'_>, is_long: bool) -> Done {
        if !PROTOCOL_0 {
            return Err(ErrorKind::FeatureOff);
        }
        self.room(r, 1)?;
        let line = self.slice(r, source);
        let (value, number) = match is_long {
            true => int::long(line, self.options.text_ints)?,
            false => (int::int(line, self.options.text_ints)?, line),
        };
        let len = number.len();
        match value {
            TextInt::Bool(value) => self.push(r, Node::atom(if value { tag::TRUE } else { tag::FALSE })),
            TextInt::Small(value) => self.push(r, if is_long { Node::long(value) } else { Node::int(value) }),
            TextInt::Big if !BIG_INTS => Err(ErrorKind::FeatureOff),
            TextInt::Big => {
                let range = self.keep(r, source, 0, len)?;
                self.push(r, Node::range(tag::INT_TEXT, range))
            }
        }
    }

    pub(super) fn push_float_text(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        if !PROTOCOL_0 {
            return Err(ErrorKind::FeatureOff);
        }
        match float::from_text(self.slice(r, source))? {
            Some(value) => self.push(r, Node::float(value.to_bits())),
            None => self.push_bytes(r, source, tag::FLOAT_TEXT),
        }
    }
}
