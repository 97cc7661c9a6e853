//! Items that are copied out of their reader, for another thread.

use super::{Found, From, Item, ItemReader, Role};
use crate::machine::memory::sealed::Backing;
use crate::{Document, Error, Memory, Node, Usage};
use alloc::vec::Vec;

/// Nodes, and bytes, that a batch copies at most: 4 MiB of each.
const MOST: (usize, usize) = (1 << 18, 1 << 22);

/// Items that were ready together, with all that they refer to. It borrows nothing, so another thread can work on it
/// while the reader goes on; its memory is used again for the next.
///
/// ```
/// use pickle_core::{Batch, Found, Heap, ItemOptions, ItemReader};
///
/// // pickle.dumps([1, 2, 3])
/// let (mut input, mut batch) = (&b"\x80\x04](K\x01K\x02K\x03e."[..], Batch::new());
/// let mut reader = ItemReader::new(Heap::new(), ItemOptions::new().min_nodes(0));
/// assert_eq!(reader.feed_batch(&mut input, &mut batch)?, Found::Item);
/// let sum = std::thread::spawn(move || batch.items().filter_map(|item| item.value().as_i64()).sum::<i64>());
/// assert_eq!(sum.join().unwrap(), 6);
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    nodes: Vec<Node>,
    bytes: Vec<u8>,
    items: Vec<(Role, Node, Node)>,
    first: u64,
}

impl Batch {
    /// One with no items; nothing is allocated yet.
    pub const fn new() -> Self {
        Batch { nodes: Vec::new(), bytes: Vec::new(), items: Vec::new(), first: 0 }
    }

    /// How many items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// No items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items, in their order.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        (self.first..).zip(&self.items).map(|(index, &(role, key, value))| {
            let document = Document::new(&self.nodes, &self.bytes, &[], value);
            Item { document, index, role, key, value }
        })
    }
}

impl<M: Memory> ItemReader<'_, M> {
    /// [`ItemReader::feed`], and then as many items as are ready are copied to `batch`. Where that would be too much
    /// (beyond 4 MiB), or items lie in what is held, the batch stays empty and there is one item: [`ItemReader::item`].
    ///
    /// # Errors
    /// As [`ItemReader::feed`].
    pub fn feed_batch(&mut self, input: &mut &[u8], batch: &mut Batch) -> Result<Found, Error> {
        batch.items.clear();
        let found = self.feed(input)?;
        let Usage { nodes, bytes } = self.unpickler.used();
        let From::Stack(_) = self.from else { return Ok(found) };
        if found != Found::Item || nodes > MOST.0 || bytes > MOST.1 {
            return Ok(found);
        }
        batch.first = self.count - 1;
        let (all_nodes, all_bytes) = self.unpickler.memory.view();
        let copied = copy(&mut batch.nodes, all_nodes.get(..nodes))
            .and_then(|()| copy(&mut batch.bytes, all_bytes.get(..bytes)));
        if copied.is_none() {
            return Ok(found);
        }
        batch.items.extend(self.current);
        while let From::Stack(done) = self.from
            && self.take_stack(done)
        {
            self.count += 1;
            batch.items.extend(self.current);
        }
        Ok(found)
    }
}

/// `None` where there is no memory for it.
fn copy<T: Copy>(to: &mut Vec<T>, from: Option<&[T]>) -> Option<()> {
    let from = from?;
    to.clear();
    to.try_reserve(from.len()).ok()?;
    to.extend_from_slice(from);
    Some(())
}
