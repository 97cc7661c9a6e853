//! What databases of keys and values have in common: names for the values, and which of them are pickles.

use super::{Data, Member};
use crate::input::Part;
use std::fmt::Write as _;

/// The name of the member that reports damage.
pub(super) const DAMAGED: &str = "(damaged)";

/// The records of a database, and what was wrong on the way.
#[derive(Default)]
pub(super) struct Keyed {
    records: Vec<Record>,
    damage: Option<&'static str>,
}

/// A key and its value.
pub(super) struct Record {
    key: Vec<u8>,
    data: Data,
}

impl Record {
    /// A value as it lies in the file.
    pub fn stored(key: Vec<u8>, value: Part) -> Self {
        Record { key, data: Data::Stored(value) }
    }

    /// A value that was put together from several places.
    pub fn gathered(key: Vec<u8>, value: Vec<u8>) -> Self {
        Record { key, data: Data::Memory(value) }
    }
}

impl Keyed {
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Something cannot be read; what comes first is reported.
    pub fn damage(&mut self, what: &'static str) {
        self.damage.get_or_insert(what);
    }

    /// A member for each record, named by its key. Damage is a member of its own that cannot be opened, so
    /// that a reader of all of them gets it.
    pub fn into_members(self) -> Vec<Member> {
        let mut members: Vec<_> =
            self.records.into_iter().map(|Record { key, data }| Member { name: name(&key), data }).collect();
        if let Some(damage) = self.damage {
            members.push(self::damaged(damage));
        }
        members
    }
}

/// The member that reports damage.
pub(super) fn damaged(what: &str) -> Member {
    let text = format!("the file is damaged, and something is missing: {what}");
    Member { name: DAMAGED.into(), data: Data::Unreadable(text) }
}

/// A key as a name that can be typed: text as it is, bytes that are no text, and `!`, as `\x..`.
pub(super) fn name(key: &[u8]) -> String {
    let mut name = String::new();
    for chunk in key.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '!' | '\\' => _ = write!(name, "\\x{:02x}", c as u32),
                c if c.is_control() => _ = write!(name, "\\x{:02x}", c as u32),
                c => name.push(c),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(name, "\\x{byte:02x}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn keys_become_names() {
        assert_eq!(name(b"user:1"), "user:1");
        assert_eq!(name("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
        assert_eq!(name(b"a!b\\\xff\0"), "a\\x21b\\x5c\\xff\\x00");
    }
}
