//! Rows of a caller's own: what a policy allows, trusts and denies, as a table for [`Judge::with_policy`].
//!
//! [`Judge::with_policy`]: super::Judge::with_policy

use super::table::BLOCK;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What a policy says of a global.
///
/// ```
/// use pickle_core::verdict::{Judge, GlobalEffect, GlobalRows, GlobalTable, Verdict, Workspace};
///
/// let mut rows = GlobalRows::default();
/// assert!(rows.insert("collections", "OrderedDict", GlobalEffect::Denied));
/// let (mut workspace, table) = (Workspace::new(64, 64), rows.to_table());
/// let mut judge = Judge::with_policy(workspace.memory(), Some(GlobalTable::new(&table)));
/// judge.feed(b"ccollections\nOrderedDict\n)R.", &mut ());
/// assert!(judge.finish(&mut ()).verdict > Verdict::Clean);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GlobalEffect {
    /// A class, or a callable that is harmless: calls, state, hashing and items.
    New,
    /// A function that is harmless whatever its arguments are.
    Pure,
    /// Harmless to hold, not to call.
    Held,
    /// Denied: it counts as a sink.
    Denied,
}

impl GlobalEffect {
    const fn byte(self) -> u8 {
        match self {
            GlobalEffect::New => 0x7f,
            GlobalEffect::Pure => 0x01,
            GlobalEffect::Held => 0x02,
            GlobalEffect::Denied => 0x80,
        }
    }

    const fn of(byte: u8) -> GlobalEffect {
        match byte {
            0x01 => GlobalEffect::Pure,
            0x02 => GlobalEffect::Held,
            0x80 => GlobalEffect::Denied,
            _ => GlobalEffect::New,
        }
    }
}

/// A row of a policy.
///
/// See the example of [`GlobalRows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GlobalRow<'r> {
    /// The module, in UTF-8; empty for every module.
    pub module: &'r [u8],
    /// The name in it, or `*`, `*C`.
    pub name: &'r [u8],
    /// What is said of them.
    pub effect: GlobalEffect,
}

/// Rows of a policy. The name `*` stands for every global of one module, `*C` for the classes of a module and of those
/// inside it; the module `ext` holds extension codes.
///
/// ```
/// use pickle_core::verdict::{Judge, GlobalRows, GlobalTable, Verdict, Workspace};
/// let mut rows = GlobalRows::default();
/// assert!(rows.allow("myapp.Thing") && !rows.allow("Thing"));
/// let (mut workspace, table) = (Workspace::new(64, 64), rows.to_table());
/// let mut judge = Judge::with_policy(workspace.memory(), Some(GlobalTable::new(&table)));
/// judge.feed(b"cmyapp\nThing\n)R.", &mut ());
/// assert_eq!(judge.finish(&mut ()).verdict, Verdict::Clean);
/// ```
#[derive(Clone, Debug, Default)]
pub struct GlobalRows(BTreeMap<Vec<u8>, u8>);

impl GlobalRows {
    /// Adds a row; false where the name is empty, or both are longer than 254 bytes together.
    pub fn insert(&mut self, module: &str, name: &str, row: GlobalEffect) -> bool {
        let key = [module.as_bytes(), &[0], name.as_bytes()].concat();
        let fits = key.len() <= 255 && !name.is_empty();
        if fits {
            self.0.insert(key, row.byte());
        }
        fits
    }

    /// Allows what is written `MODULE.NAME`, `MODULE:NAME` where the name has dots, `MODULE.*`, or `ext:CODE`; false
    /// where it is written otherwise.
    pub fn allow(&mut self, text: &str) -> bool {
        let found = match text.strip_prefix("ext:") {
            Some(code) => Some(("ext", code)),
            None => text.split_once(':').or_else(|| text.rsplit_once('.')),
        };
        found.is_some_and(|(module, name)| !module.is_empty() && self.insert(module, name, GlobalEffect::New))
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every row in order.
    ///
    /// ```
    /// use pickle_core::verdict::{GlobalEffect, GlobalRows};
    /// let mut rows = GlobalRows::default();
    /// rows.insert("myapp", "read", GlobalEffect::Denied);
    /// assert!(rows.iter().all(|row| row.name == b"read" && row.effect == GlobalEffect::Denied));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = GlobalRow<'_>> {
        self.0.iter().filter_map(|(key, byte)| {
            let at = key.iter().position(|byte| *byte == 0)?;
            Some(GlobalRow { module: key.get(..at)?, name: key.get(at + 1..)?, effect: GlobalEffect::of(*byte) })
        })
    }

    /// The table. Rows beyond 64 Ki blocks of 32 have no room, and are left out.
    pub fn to_table(&self) -> Vec<u8> {
        let all: Vec<_> = self.0.iter().take(BLOCK * usize::from(u16::MAX)).collect();
        let (mut offsets, mut body) = (Vec::new(), Vec::new());
        for block in all.chunks(BLOCK) {
            offsets.push(body.len());
            let mut before: &[u8] = &[];
            for (key, effect) in block {
                // The reader counts on as much being shared as can be.
                let shared = before.iter().zip(key.iter()).take_while(|(a, b)| a == b).count();
                let suffix = key.get(shared..).unwrap_or_default();
                body.push(0xff);
                body.extend([shared, suffix.len()].map(|len| u8::try_from(len).unwrap_or(u8::MAX)));
                body.extend_from_slice(suffix);
                body.push(**effect);
                before = key;
            }
        }
        // No pairs: names of a caller's own need not be ASCII.
        let mut out = alloc::vec![0];
        out.extend(u16::try_from(offsets.len()).unwrap_or(u16::MAX).to_le_bytes());
        for offset in offsets {
            out.extend(u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes().iter().take(3));
        }
        out.extend(body);
        out
    }
}
