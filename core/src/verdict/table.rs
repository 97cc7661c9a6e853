//! The tables of globals: sorted, front-coded, one file a library.
//!
//! A file is a number of blocks, the offset of each, and the blocks. A block
//! is up to sixteen rows: how many bytes of the key are those of the row
//! before, how many follow, these, and the effect. A key is the module, a NUL
//! and the name; the names `*`, `*f` and `*C` stand for every global of a module
//! and of those inside it, for those that begin with a small letter, and for all others.

use super::effects::Effect;
use core::cmp::Ordering;

/// Rows of a library.
#[derive(Clone, Copy, Debug)]
pub struct Table<'t> {
    bytes: &'t [u8],
}

macro_rules! tables {
    ($( $feature:literal $name:literal; )*) => {
        /// The tables that this build carries.
        pub(crate) static TABLES: &[(&str, Table<'static>)] = &[$(
            #[cfg(feature = $feature)]
            ($name, Table { bytes: include_bytes!(concat!("../../tables/", $name, ".bin")) }),
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

    fn compare(&self, other: &[u8]) -> Ordering {
        for (index, &byte) in other.iter().enumerate() {
            match self.at(index).map(|own| own.cmp(&byte)) {
                None => return Ordering::Less,
                Some(Ordering::Equal) => {}
                Some(different) => return different,
            }
        }
        if self.at(other.len()).is_some() { Ordering::Greater } else { Ordering::Equal }
    }
}

impl<'t> Table<'t> {
    /// A table of the caller's, such as a compiled policy. Bytes that are no table hold no rows.
    pub const fn new(bytes: &'t [u8]) -> Self {
        Table { bytes }
    }

    fn block(&self, index: usize) -> Option<&'t [u8]> {
        let place = 2 + index * 4;
        let offset = self.bytes.get(place..place + 4)?;
        let offset = u32::from_le_bytes(offset.try_into().ok()?) as usize;
        self.bytes.get(offset..)
    }

    fn find(&self, module: &[u8], name: &[u8]) -> Option<u8> {
        let key = Key(module, name);
        let blocks = usize::from(u16::from_le_bytes(self.bytes.get(..2)?.try_into().ok()?));
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low.midpoint(high);
            let block = self.block(middle)?;
            let first = block.get(2..2 + usize::from(*block.get(1)?))?;
            if key.compare(first) == Ordering::Less {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let mut rest = self.block(low.checked_sub(1)?)?;
        // How many bytes of the row before are those of the key.
        let mut same = 0;
        for _ in 0..16 {
            let (&[shared, len], tail) = rest.split_first_chunk()?;
            let (suffix, tail) = tail.split_at_checked(usize::from(len))?;
            let (&effect, tail) = tail.split_first()?;
            rest = tail;
            let shared = usize::from(shared);
            if shared > same {
                continue;
            }
            if shared < same {
                // Sorted: what shares less with the row before lies beyond the key.
                return None;
            }
            let equal = suffix.iter().enumerate().take_while(|&(at, &byte)| key.at(shared + at) == Some(byte)).count();
            same = shared + equal;
            if equal == suffix.len() && key.at(same).is_none() {
                return Some(effect);
            }
        }
        None
    }
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

impl Table<'_> {
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
