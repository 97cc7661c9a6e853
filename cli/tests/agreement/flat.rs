//! The flat form that Kotlin and Swift read: the writer of `bindings/uniffi`, and a reader of no more than what a value is.

#[allow(dead_code, clippy::all, clippy::pedantic, reason = "tested where it stands, and a part of it is used")]
#[path = "../../../bindings/uniffi/src/flat/mod.rs"]
mod form;

use form::known::KnownKind;
use form::{change, tag};
use pickle_core::Value;

/// Levels that are read.
const DEPTH: u32 = 200;

/// What the flat form says of a value.
#[derive(Debug, Default)]
pub struct Flat {
    pub tag: u8,
    /// The bytes of a text or of a number.
    pub bytes: Vec<u8>,
    /// Items; of a dict keys.
    pub len: u64,
    /// What an object is known to be: the kind, and so many values.
    pub known: Option<(u8, u64)>,
    /// Attributes that are no entries of the state.
    pub attributes: Option<u64>,
    /// Bytes and texts among the values of what it is known to be.
    pub texts: Vec<Vec<u8>>,
    pub unknown: bool,
}

impl Flat {
    /// What the flat form says of a value; `None` where it is deeper than is read here.
    pub fn of(value: Value<'_>) -> Option<Flat> {
        let bytes = form::write::Parts::default().encode(&value.document(), DEPTH).ok()?.to_vec();
        assert_eq!(bytes.first(), Some(&form::VERSION));
        let mut reader = Reader { rest: &bytes[1..], ..Reader::default() };
        let root = reader.value();
        assert!(reader.rest.is_empty(), "{} bytes of the flat form are left over", reader.rest.len());
        Some(root)
    }

    /// It is known to be this.
    pub fn is(&self, kind: KnownKind) -> bool {
        self.known.is_some_and(|(known, _)| known == kind as u8)
    }
}

pub use form::known::KnownKind as Known;

pub mod tags {
    pub use super::tag::*;
}

#[derive(Default)]
struct Reader<'f> {
    rest: &'f [u8],
    texts: Vec<(u8, Vec<u8>)>,
    keys: Vec<u64>,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes(1)[0]
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = rest;
        bytes.to_vec()
    }

    fn number(&mut self) -> u64 {
        let (mut n, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return n;
            }
            shift += 7;
        }
    }

    fn values(&mut self, count: u64) {
        (0..count).for_each(|_| drop(self.value()));
    }

    fn value(&mut self) -> Flat {
        let mut flat = Flat { tag: self.byte(), ..Flat::default() };
        match flat.tag {
            tag::NONE | tag::FALSE | tag::TRUE | tag::EMPTY_TUPLE => {}
            tag::INT8 => flat.bytes = self.bytes(1),
            tag::INT32 => flat.bytes = self.bytes(4),
            tag::INT64 | tag::FLOAT => flat.bytes = self.bytes(8),
            tag::EXTENSION => flat.len = self.number(),
            tag::BUFFER => {
                flat.len = self.number();
                self.byte();
            }
            tag::BIG_INT | tag::ASCII | tag::STR | tag::SURROGATES | tag::STR8 | tag::BYTES => {
                let len = self.number() as usize;
                flat.bytes = self.bytes(len);
                self.texts.push((flat.tag, flat.bytes.clone()));
            }
            tag::GLOBAL => {
                let (module, name) = (self.value(), self.value());
                flat.bytes = [module.bytes, b" ".to_vec(), name.bytes].concat();
                self.texts.push((flat.tag, flat.bytes.clone()));
            }
            tag::TEXT_AGAIN => {
                let number = self.number() as usize;
                (flat.tag, flat.bytes) = self.texts[number].clone();
            }
            tag::NODE_AGAIN => flat.len = self.number(),
            tag::LIST | tag::TUPLE | tag::SET | tag::FROZEN_SET => {
                flat.len = self.number();
                self.values(flat.len);
            }
            tag::DICT => {
                flat.len = self.number();
                self.values(2 * flat.len);
            }
            tag::DICT_NEW_KEYS => {
                flat.len = self.number();
                self.keys.push(flat.len);
                self.values(2 * flat.len);
            }
            tag::DICT_KEYS_AGAIN => {
                let number = self.number() as usize;
                flat.len = self.keys[number];
                self.values(flat.len);
            }
            tag::BYTE_ARRAY => flat.bytes = self.value().bytes,
            tag::READ_ONLY => flat.bytes = self.value().bytes,
            tag::OBJECT => self.object(&mut flat),
            other => panic!("{other} is no tag"),
        }
        flat
    }

    fn object(&mut self, flat: &mut Flat) {
        // REDUCE and NEWOBJ, NEWOBJ_EX, OBJ and INST have so many parts.
        let parts = match self.byte() {
            2 => 3,
            5 | 6 => 1,
            _ => 2,
        };
        self.values(parts);
        loop {
            match self.byte() {
                change::END => return,
                change::APPEND | change::ADD => {
                    let count = self.number();
                    self.values(count);
                }
                change::SET_ITEM => {
                    let count = self.number();
                    self.values(2 * count);
                }
                change::BUILD | change::NESTED | change::CLASS => self.values(1),
                change::RAW => {
                    self.number();
                    self.values(1);
                }
                change::KNOWN => {
                    let (kind, count) = (self.byte(), self.number());
                    flat.known = Some((kind, count));
                    for _ in 0..count {
                        let part = self.value();
                        flat.texts.push(part.bytes);
                    }
                }
                change::ATTRIBUTES => {
                    let count = self.number();
                    flat.attributes = Some(count);
                    self.values(2 * count);
                }
                change::UNKNOWN => {
                    self.byte();
                    flat.unknown = true;
                }
                other => panic!("{other} is no change"),
            }
        }
    }
}
