//! Bytes that were copied once, for all columns that lie in them.

use crate::view::known::Octets;

/// How many are remembered: the columns of a block follow each other, and a masked one lies in two arrays.
const LAST: usize = 4;

/// Copies that were made of the bytes of arrays, for [`Values::with_bytes`](super::Values::with_bytes): an array of two
/// axes that a pickle has as text is copied once, and not once a column.
///
/// ```
/// use pickle_core::known::Octets;
/// use pickle_core::table::Copies;
///
/// let (octets, mut copies, mut made) = (Octets::raw(b"\x01\x02"), Copies::new(), 0);
/// for _ in 0..2 {
///     let copy = copies.get(octets, |_| {
///         made += 1;
///         &[1, 2]
///     });
///     assert_eq!(copy, [1, 2]);
/// }
/// assert_eq!(made, 1);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Copies<'d> {
    last: [Option<(Octets<'d>, &'d [u8])>; LAST],
    next: usize,
}

impl<'d> Copies<'d> {
    /// None was made yet.
    pub fn new() -> Self {
        Copies::default()
    }

    /// The copy of these bytes; `copy` makes it, if it is not one of the last four.
    pub fn get(&mut self, octets: Octets<'d>, copy: impl FnOnce(Octets<'d>) -> &'d [u8]) -> &'d [u8] {
        if let Some((_, made)) = self.last.iter().flatten().find(|(of, _)| of.is_same(&octets)) {
            return made;
        }
        let made = copy(octets);
        if let Some(slot) = self.last.get_mut(self.next) {
            *slot = Some((octets, made));
        }
        self.next = (self.next + 1) % LAST;
        made
    }
}
