//! The tables of globals: sorted, front-coded, with a byte for each of the pairs of bytes that are frequent.
//!
//! A file is the number of pairs and the pairs, the number of blocks (two bytes), where each begins behind these numbers
//! (three bytes), and the blocks. Bytes of texts from 0x80 on stand for a pair, whose halves may be such bytes in turn.
//! A block is up to 32 rows. A row is a byte with three numbers, and what they call for:
//!
//! - bit 7: the effect is another than that of the row before, and comes at the end;
//! - bits 4 to 6: how many bytes of the name are those of the row before, in the same module; 7: a byte follows that
//!   says how many bytes of the whole key are;
//! - bits 0 to 3: how many bytes of text follow; 15: a byte follows that says so;
//! - the rest of the key: a key is the module, a NUL and the name.
//!
//! The names `*`, `*f` and `*C` stand for every global of a module and of those inside it, for those that begin with a
//! small letter, and for all others.

use super::effects::Effect;
use core::cmp::Ordering;

/// Rows of a library.
///
/// See the example of [`GlobalRows`](super::GlobalRows).
#[derive(Clone, Copy, Debug)]
pub struct GlobalTable<'t> {
    bytes: &'t [u8],
}

macro_rules! tables {
    ($( $feature:literal $name:literal; )*) => {
        /// The tables that this build carries.
        pub(crate) static TABLES: &[(&str, GlobalTable<'static>)] = &[$(
            #[cfg(feature = $feature)]
            ($name, GlobalTable { bytes: include_bytes!(concat!("../../tables/", $name, ".bin")) }),
        )*];
    };
}

tables! {
    "verdict" "std";
    "verdict-numpy" "numpy";
    "verdict-pandas" "pandas";
    "verdict-sklearn" "sklearn";
    "verdict-torch" "torch";
    "verdict-more" "more";
}

/// What the tables say of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub effect: Effect,
    /// A row of its own, as against one for a whole module.
    pub exact: bool,
}

/// A key that is compared piece by piece.
#[derive(Clone, Copy)]
struct Key<'k>(&'k [u8], &'k [u8]);

impl Key<'_> {
    fn at(&self, index: usize) -> Option<u8> {
        match index.checked_sub(self.0.len()) {
            None => self.0.get(index).copied(),
            Some(0) => Some(0),
            Some(more) => self.1.get(more - 1).copied(),
        }
    }
}

/// Rows of a block.
pub(crate) const BLOCK: usize = 32;
/// Bytes of a key; longer ones are in no table.
const KEY: usize = 255;
/// Pairs in pairs.
const PAIRS_DEEP: usize = 16;

/// A place in a block, on the way to a key.
struct Block<'t> {
    pairs: &'t [[u8; 2]],
    rest: &'t [u8],
    /// How many bytes of the row before are those of the key that is looked for.
    same: usize,
    /// Where the name of the row before begins.
    name_at: usize,
    effect: u8,
}

impl Block<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// Reads a row: how the key compares with it.
    fn next(&mut self, key: Key<'_>) -> Option<Ordering> {
        let head = self.byte()?;
        let shared = match head >> 4 & 7 {
            7 => usize::from(self.byte()?),
            names => self.name_at + usize::from(names),
        };
        let len = match head & 15 {
            15 => self.byte()?,
            len => len,
        };
        let (text, rest) = self.rest.split_at_checked(usize::from(len))?;
        self.rest = rest;
        // Where the row before shares more with this one than with the key, the key lies beyond both; where it shares
        // less, before this one.
        let mut order = match shared.cmp(&self.same) {
            Ordering::Less => Some(Ordering::Less),
            Ordering::Equal => None,
            Ordering::Greater => Some(Ordering::Greater),
        };
        let mut at = shared;
        for &code in text {
            // Halves that are still to come.
            let (mut open, mut deep) = ([code; PAIRS_DEEP], 1usize);
            while let Some(code) = deep.checked_sub(1).and_then(|deep| open.get(deep)).copied() {
                deep -= 1;
                if let Some(&[left, right]) = code.checked_sub(0x80).and_then(|pair| self.pairs.get(usize::from(pair)))
                {
                    // A half is an older pair, if it is one: this ends.
                    if left >= code || right >= code {
                        return None;
                    }
                    *open.get_mut(deep..)?.first_chunk_mut()? = [right, left];
                    deep += 2;
                    continue;
                }
                if code == 0 {
                    self.name_at = at + 1;
                }
                if order.is_none() {
                    match key.at(at).map(|own| own.cmp(&code)) {
                        None => order = Some(Ordering::Less),
                        Some(Ordering::Equal) => self.same = at + 1,
                        Some(different) => order = Some(different),
                    }
                }
                at += 1;
                if at > KEY {
                    return None;
                }
            }
        }
        if head & 0x80 != 0 {
            self.effect = self.byte()?;
        }
        Some(order.unwrap_or(if key.at(at).is_some() { Ordering::Greater } else { Ordering::Equal }))
    }
}

impl<'t> GlobalTable<'t> {
    /// A table of the caller's, such as a compiled policy. Bytes that are no table hold no rows: see
    /// [`GlobalTable::is_whole`].
    pub const fn new(bytes: &'t [u8]) -> Self {
        GlobalTable { bytes }
    }

    /// The bytes are a table, from the first to the last. What is not may have lost rows that deny. One that was cut
    /// between two of its last 32 rows is a table, too.
    ///
    /// ```
    /// use pickle_core::verdict::{GlobalEffect, GlobalRows, GlobalTable};
    ///
    /// let mut rows = GlobalRows::default();
    /// rows.insert("ctypes", "*", GlobalEffect::Denied);
    /// let table = rows.to_table();
    /// assert!(GlobalTable::new(&table).is_whole());
    /// assert!(!GlobalTable::new(&table[..table.len() - 1]).is_whole());
    /// assert!(!GlobalTable::new(b"version = 1").is_whole());
    /// ```
    pub fn is_whole(&self) -> bool {
        self.walk().is_some()
    }

    fn walk(&self) -> Option<()> {
        let (pairs, offsets, body) = self.parts()?;
        let mut end = 0;
        for (index, offset) in offsets.iter().enumerate() {
            if place(offset) != end {
                return None;
            }
            end = offsets.get(index + 1).map_or(body.len(), place);
            let mut rows = Block { pairs, rest: body.get(place(offset)..end)?, same: 0, name_at: 0, effect: 0 };
            rows.next(Key(b"", b""))?;
            for _ in 1..BLOCK {
                if !rows.rest.is_empty() {
                    rows.next(Key(b"", b""))?;
                }
            }
            if !rows.rest.is_empty() {
                return None;
            }
        }
        if end == body.len() { Some(()) } else { None }
    }

    /// The pairs, where the blocks begin, and the blocks.
    #[allow(clippy::type_complexity)]
    fn parts(&self) -> Option<(&'t [[u8; 2]], &'t [[u8; 3]], &'t [u8])> {
        let (&count, rest) = self.bytes.split_first()?;
        let (pairs, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let (offsets, body) = rest.split_at_checked(3 * usize::from(u16::from_le_bytes(*count)))?;
        Some((pairs.as_chunks::<2>().0, offsets.as_chunks::<3>().0, body))
    }

    fn find(&self, module: &[u8], name: &[u8]) -> Option<u8> {
        let key = Key(module, name);
        let (pairs, offsets, body) = self.parts()?;
        let block =
            |offset: &[u8; 3]| Some(Block { pairs, rest: body.get(place(offset)..)?, same: 0, name_at: 0, effect: 0 });
        // The last block whose first row is not beyond the key.
        let beyond = |offset: &[u8; 3]| block(offset).and_then(|mut rows| rows.next(key)) == Some(Ordering::Less);
        let at = offsets.partition_point(|offset| !beyond(offset));
        let mut rows = block(offsets.get(at.checked_sub(1)?)?)?;
        for _ in 0..BLOCK {
            match rows.next(key)? {
                Ordering::Less => return None,
                Ordering::Equal => return Some(rows.effect),
                Ordering::Greater => {}
            }
        }
        None
    }
}

fn place(&[a, b, c]: &[u8; 3]) -> usize {
    u32::from_le_bytes([a, b, c, 0]) as usize
}

fn exact(module: &[u8], name: &[u8]) -> Option<u8> {
    TABLES.iter().find_map(|(_, table)| table.find(module, name))
}

/// The name of the table that lists a global, or the last one.
pub(crate) fn group(module: &[u8], name: &[u8]) -> &'static str {
    let listed = TABLES.iter().find(|(_, table)| table.row(module, name).is_some()).or(TABLES.last());
    listed.map_or("", |(group, _)| group)
}

/// What the tables say of a module and a name.
pub(crate) fn find(module: &[u8], name: &[u8]) -> Option<Found> {
    find_by(module, name, exact)
}

impl GlobalTable<'_> {
    /// What this table says of a module and a name.
    pub(crate) fn row(&self, module: &[u8], name: &[u8]) -> Option<Found> {
        find_by(module, name, |module, name| self.find(module, name))
    }
}

fn find_by(module: &[u8], name: &[u8], exact: impl Fn(&[u8], &[u8]) -> Option<u8>) -> Option<Found> {
    if let Some(byte) = exact(module, name) {
        return Some(Found { effect: Effect::of_row(byte), exact: true });
    }
    let first = name.iter().find(|byte| **byte != b'_');
    let kind: &[u8] = if first.is_some_and(u8::is_ascii_lowercase) { b"*f" } else { b"*C" };
    let mut package = Some(module);
    while let Some(module) = package {
        if let Some(byte) = exact(module, b"*").or_else(|| exact(module, kind)) {
            return Some(Found { effect: Effect::of_row(byte), exact: false });
        }
        package = module.iter().rposition(|byte| *byte == b'.').and_then(|dot| module.get(..dot));
    }
    None
}

/// A module that the tables know as a whole: its name is followed through other modules.
pub(crate) fn is_sink_module(module: &[u8]) -> bool {
    exact(module, b"*").is_some_and(|byte| matches!(Effect::of_row(byte), Effect::Sink(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str, u8)> {
        let mut module = "";
        text.lines().filter_map(move |line| {
            let mut columns = line.split('\t');
            let (own, name, effect) = (columns.next()?, columns.next()?, columns.next()?);
            module = if own.is_empty() { module } else { own };
            Some((module, name, u8::from_str_radix(effect, 16).ok()?))
        })
    }

    // Minutes under Miri, and nothing there that the test below does not do.
    #[test]
    #[cfg_attr(miri, ignore)]
    fn every_row_is_found_and_nothing_beside() {
        let texts = [
            ("std", include_str!("../../tables/std.tsv")),
            #[cfg(feature = "verdict-more")]
            ("more", include_str!("../../tables/more.tsv")),
        ];
        for (name, text) in texts {
            let table = TABLES.iter().find(|(table, _)| *table == name).map(|(_, table)| table).unwrap();
            let all: alloc::collections::BTreeSet<_> = rows(text).map(|(module, name, _)| (module, name)).collect();
            assert!(all.len() > 1000, "{name}");
            for (module, name, effect) in rows(text) {
                assert_eq!(table.find(module.as_bytes(), name.as_bytes()), Some(effect), "{module}.{name}");
                for other in [alloc::format!("{name}x"), name[..name.len() - 1].into(), alloc::format!("x{name}")] {
                    let listed = all.contains(&(module, other.as_str()));
                    assert_eq!(table.find(module.as_bytes(), other.as_bytes()).is_some(), listed, "{module}.{other}");
                }
                let module = alloc::format!("{module}.x");
                let listed = all.contains(&(module.as_str(), name));
                assert_eq!(table.find(module.as_bytes(), name.as_bytes()).is_some(), listed, "{module}.{name}");
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore)]
    fn tables_are_whole_and_no_part_of_one_is() {
        assert!(TABLES.iter().all(|(_, table)| table.is_whole()));
        let (_, GlobalTable { bytes }) = TABLES.first().unwrap();
        let whole: alloc::vec::Vec<_> =
            (0..bytes.len()).filter(|&len| GlobalTable::new(&bytes[..len]).is_whole()).collect();
        // Between rows of the last block.
        assert!(whole.len() < BLOCK && whole.iter().all(|len| bytes.len() - len < 1024), "{whole:?}");
    }

    #[test]
    fn bytes_that_are_no_table_end() {
        for seed in 0..2000u32 {
            let mut state = seed.wrapping_mul(2_654_435_761) | 1;
            let mut bytes = [0u8; 96];
            for byte in &mut bytes {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                *byte = if seed % 2 == 0 { state as u8 } else { (state % 5) as u8 };
            }
            let table = GlobalTable::new(&bytes[..(seed as usize) % 97]);
            let _ = (table.find(b"os", b"system"), table.is_whole());
        }
    }
}
