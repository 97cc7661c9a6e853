//! The globals of a stream: each name once, with what the tables say of it.

use super::copy::copy;
use super::effects::Effect;
use super::rules::{Capability, Verdict};

/// A global of the stream.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Place of the module in the names; the name follows it.
    pub(crate) at: u32,
    pub(crate) module_len: u16,
    pub(crate) name_len: u16,
    /// Place of the module in the ring of text when it was named.
    pub(crate) module_at: u32,
    pub(crate) effect: Effect,
    pub(crate) verdict: Verdict,
    pub(crate) capability: Capability,
    /// What was told of it: see [`told`].
    pub(crate) told: u8,
    /// The rules of names that changed between Python 2 and 3, and with protocol 4, that were in force.
    pub(crate) era: u8,
    pub(crate) count: u32,
    pub(crate) first: u64,
}

/// What was told of a global, and what was done with it.
pub(crate) mod told {
    pub const CALLED: u8 = 1;
    pub const BUILT: u8 = 2;
    pub const WAS_CALLED: u8 = 4;
    pub const WAS_MADE: u8 = 8;
    pub const HASHED: u8 = 16;
    pub const ITEMS: u8 = 32;
    pub const THROUGH: u8 = 64;
}

impl Default for Named {
    fn default() -> Self {
        Named {
            at: 0,
            module_len: 0,
            name_len: 0,
            module_at: 0,
            effect: Effect::Unlisted,
            verdict: Verdict::Clean,
            capability: Capability::None,
            told: 0,
            era: 0,
            count: 0,
            first: 0,
        }
    }
}

/// The globals and their names, found by a hash.
pub(crate) struct Names<'m> {
    rows: &'m mut [Named],
    text: &'m mut [u8],
    used: usize,
    count: usize,
}

/// Rows that are looked at for one name: who makes names collide finds a limit, not quadratic time.
const PROBES: usize = 64;

impl<'m> Names<'m> {
    pub fn new(rows: &'m mut [Named], text: &'m mut [u8]) -> Self {
        rows.fill(Named::default());
        Names { rows, text, used: 0, count: 0 }
    }

    pub fn get(&self, id: u32) -> Named {
        self.rows.get(id as usize).copied().unwrap_or_default()
    }

    pub fn row(&mut self, id: u32) -> Option<&mut Named> {
        self.rows.get_mut(id as usize)
    }

    /// Module and name.
    pub fn text(&self, id: u32) -> (&[u8], &[u8]) {
        let row = self.get(id);
        let at = row.at as usize;
        let middle = at + usize::from(row.module_len);
        let module = self.text.get(at..middle).unwrap_or_default();
        (module, self.text.get(middle..middle + usize::from(row.name_len)).unwrap_or_default())
    }

    /// The row of a name, and whether it is new; `None` where there is no room.
    pub fn intern(&mut self, module: &[u8], name: &[u8], era: u8) -> Option<(u32, bool)> {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(era);
        for byte in module.iter().chain(&[0]).chain(name) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let len = self.rows.len();
        let start = usize::try_from(hash ^ (hash >> 32)).unwrap_or(hash as u32 as usize);
        for probe in 0..PROBES.min(len) {
            let id = start.wrapping_add(probe) % len.max(1);
            let row = self.rows.get(id)?;
            if row.count == 0 {
                let room = self.count < len - len / 4;
                let (module_len, name_len) = (u16::try_from(module.len()).ok()?, u16::try_from(name.len()).ok()?);
                let middle = self.used + module.len();
                let end = middle + name.len();
                if !room || end > self.text.len() {
                    return None;
                }
                copy(self.text.get_mut(self.used..middle)?, module);
                copy(self.text.get_mut(middle..end)?, name);
                let at = u32::try_from(self.used).ok()?;
                *self.rows.get_mut(id)? = Named { at, module_len, name_len, era, count: 1, ..Named::default() };
                self.used = end;
                self.count += 1;
                return Some((id as u32, true));
            }
            if row.era == era && self.text(id as u32) == (module, name) {
                let row = self.rows.get_mut(id)?;
                row.count = row.count.saturating_add(1);
                return Some((id as u32, false));
            }
        }
        None
    }

    /// A module whose text has left the ring, by its place there.
    pub fn module_of(&self, module_at: u32) -> Option<&[u8]> {
        let id = self.rows.iter().position(|row| row.count != 0 && row.module_at == module_at)?;
        Some(self.text(id as u32).0)
    }

    /// The rows that are in use.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows.iter().enumerate().filter(|(_, row)| row.count != 0).map(|(id, _)| id as u32)
    }
}
