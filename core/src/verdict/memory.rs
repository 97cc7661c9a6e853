//! The memory of a judge: slices of the caller's.

use super::names::Named;
use super::value::Slot;

/// An entry of the memo that lies beyond its dense part.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Clone, Copy, Debug, Default)]
pub struct FarSlot {
    /// Index plus one; 0 where the entry is free.
    pub(crate) key: u64,
    pub(crate) value: Slot,
}

/// What a judge works in. Where a part runs out, the report says so and is not complete.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Debug)]
pub struct Buffers<'m> {
    /// One a value that is open at the same time.
    pub stack: &'m mut [Slot],
    /// One a memo entry. Entries beyond them are kept in `far` if they are more than plain data.
    pub memo: &'m mut [Slot],
    /// Entries of the memo beyond `memo`.
    pub far: &'m mut [FarSlot],
    /// One a global with a name of its own; a third stays free.
    pub globals: &'m mut [Named],
    /// The names of globals.
    pub names: &'m mut [u8],
    /// A ring of the last short strings.
    pub text: &'m mut [u8],
    /// A ring of the items of the last tuples.
    pub parts: &'m mut [Slot],
}

/// Memory on the heap.
///
/// ```
/// use pickle_core::verdict::{Judge, Verdict, Workspace};
///
/// // For 64 values that are open at the same time, and 16 memo entries: used again for each file.
/// let mut workspace = Workspace::new(64, 16);
/// for pickle in [&b"\x80\x04]K\x01a."[..], b"\x80\x04N."] {
///     assert_eq!(Judge::judge(workspace.memory(), pickle).verdict, Verdict::Clean);
/// }
/// let deep = [&b"]"[..]; 100].concat();
/// assert!(!Judge::judge(workspace.memory(), &deep).complete);
/// ```
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub struct Workspace {
    stack: alloc::vec::Vec<Slot>,
    memo: alloc::vec::Vec<Slot>,
    far: alloc::vec::Vec<FarSlot>,
    globals: alloc::vec::Vec<Named>,
    names: alloc::vec::Vec<u8>,
    text: alloc::vec::Vec<u8>,
    parts: alloc::vec::Vec<Slot>,
}

#[cfg(feature = "alloc")]
impl Default for Workspace {
    /// 8 MiB: enough for a stack of a quarter of a million values, 512 Ki memo entries and 8 Ki globals.
    fn default() -> Self {
        Workspace::new(256 * 1024, 512 * 1024)
    }
}

#[cfg(feature = "alloc")]
impl Workspace {
    /// Memory for so many open values and so many memo entries.
    pub fn new(stack: usize, memo: usize) -> Self {
        use alloc::vec;
        Workspace {
            stack: vec![Slot::default(); stack],
            memo: vec![Slot::default(); memo],
            far: vec![FarSlot::default(); 16 * 1024],
            globals: vec![Named::default(); 12 * 1024],
            names: vec![0; 384 * 1024],
            text: vec![0; 512 * 1024],
            parts: vec![Slot::default(); 8 * 1024],
        }
    }

    /// The memory for one judge; what an earlier one left in it does not matter.
    pub fn memory(&mut self) -> Buffers<'_> {
        Buffers {
            stack: &mut self.stack,
            memo: &mut self.memo,
            far: &mut self.far,
            globals: &mut self.globals,
            names: &mut self.names,
            text: &mut self.text,
            parts: &mut self.parts,
        }
    }
}
