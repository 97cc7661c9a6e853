//! The caller's memory: three regions, fixed or growing.

use super::handover::Stream;
use super::node::Node;
use crate::ErrorKind;

/// The regions that an unpickler works in. The stack lies at the far end of
/// `nodes` and grows towards the values, so that one region serves both.
pub struct Regions<'r> {
    pub(crate) nodes: &'r mut [Node],
    pub(crate) memo: &'r mut [Node],
    pub(crate) bytes: &'r mut [u8],
    /// Items are handed over while the pickle is read.
    pub(crate) stream: Option<&'r mut Stream>,
    #[cfg(feature = "alloc")]
    pub(crate) sparse: Option<&'r mut alloc::collections::BTreeMap<u64, Node>>,
    /// Entries that `sparse` may have.
    #[cfg(feature = "alloc")]
    pub(crate) sparse_room: usize,
}

/// What a region that has become too small must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Which region: [`ErrorKind::NodesFull`], [`ErrorKind::MemoFull`] or [`ErrorKind::BytesFull`].
    pub kind: ErrorKind,
    /// Nodes, memo entries or bytes wanted in all.
    pub wanted: usize,
    /// Nodes at the far end that belong to the stack, and must stay at the far end.
    pub stack: usize,
}

/// Memory for an [`Unpickler`](crate::Unpickler): fixed ([`Storage`]) or
/// growing ([`Heap`](crate::Heap)). Sealed: only this crate implements it,
/// and what a reader does with it is not part of the interface.
///
/// See the example of [`Storage`].
pub trait Memory: sealed::Backing {}

/// Fixed memory of the caller's, given before reading starts.
///
/// - `nodes`: 16 bytes each. Every item of a container takes one, every
///   container one or two more; the stack needs its largest depth besides.
/// - `memo`: 16 bytes each, one a PUT or MEMOIZE. CPython writes one for every
///   container and string.
/// - `bytes`: pushed strings, and decoded escapes of protocol 0.
///
/// ```
/// use pickle_core::{ErrorKind, Node, Options, Storage, Unpickler};
///
/// let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 16], [Node::EMPTY; 2], [0; 16]);
/// let mut unpickler = Unpickler::new(Storage::new(&mut nodes, &mut memo, &mut bytes), Options::new());
/// assert_eq!(unpickler.load(b"](K\x01K\x02K\x03e.")?.root().len(), 3);
/// // Each of these twenty takes a node of the stack.
/// let error = unpickler.load(b"(NNNNNNNNNNNNNNNNNNNNt.").err();
/// assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::NodesFull));
/// # Ok::<_, pickle_core::Error>(())
/// ```
pub struct Storage<'m> {
    nodes: &'m mut [Node],
    memo: &'m mut [Node],
    bytes: &'m mut [u8],
}

impl<'m> Storage<'m> {
    /// Memory made of the caller's buffers.
    pub const fn new(nodes: &'m mut [Node], memo: &'m mut [Node], bytes: &'m mut [u8]) -> Self {
        Storage { nodes, memo, bytes }
    }
}

pub(crate) mod sealed {
    use super::{Regions, Shortage};
    use crate::{ErrorKind, Node};

    /// No crate but this one can name it.
    pub trait Backing {
        /// The regions as they are now.
        fn regions(&mut self) -> Regions<'_>;

        /// Nodes and bytes, to read.
        fn view(&self) -> (&[Node], &[u8]);

        /// Makes a region larger, its content kept.
        ///
        /// # Errors
        /// The kind of the region where that cannot be.
        fn grow(&mut self, shortage: Shortage) -> Result<(), ErrorKind>;

        /// Forgets what the memo held beyond its dense part.
        fn clear(&mut self) {}
    }
}

impl Memory for Storage<'_> {}

impl sealed::Backing for Storage<'_> {
    #[inline]
    fn regions(&mut self) -> Regions<'_> {
        Regions {
            nodes: self.nodes,
            memo: self.memo,
            bytes: self.bytes,
            stream: None,
            #[cfg(feature = "alloc")]
            sparse: None,
            #[cfg(feature = "alloc")]
            sparse_room: 0,
        }
    }

    fn view(&self) -> (&[Node], &[u8]) {
        (self.nodes, self.bytes)
    }

    fn grow(&mut self, shortage: Shortage) -> Result<(), ErrorKind> {
        Err(shortage.kind)
    }
}

#[cfg(feature = "alloc")]
pub use heap::Heap;

#[cfg(feature = "alloc")]
mod heap {
    use super::sealed::Backing;
    use super::{Memory, Regions, Shortage};
    use crate::{ErrorKind, Node};
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    /// Growing memory. It keeps what it has grown to, so reading one pickle
    /// after another into the same `Heap` allocates nothing after the largest.
    ///
    /// ```
    /// use pickle_core::{ErrorKind, Heap, Options, Unpickler};
    ///
    /// let mut unpickler = Unpickler::new(Heap::with_limit(4096), Options::new());
    /// assert_eq!(unpickler.load(b"](K\x01K\x02e.")?.root().len(), 2);
    /// let many = [&b"("[..], &[b'N'; 1000], b"l."].concat();
    /// assert!(unpickler.load(&many).err().is_some_and(|error| error.kind() == ErrorKind::NodesFull));
    /// assert!(unpickler.into_memory().size() <= 4096);
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    #[derive(Default)]
    pub struct Heap {
        nodes: Vec<Node>,
        memo: Vec<Node>,
        bytes: Vec<u8>,
        sparse: BTreeMap<u64, Node>,
        limit: Option<usize>,
    }

    /// Regions grow by this many entries at a time, so that new memory is
    /// still in the cache when it is first used.
    const STEP: usize = 1 << 15;

    /// Bytes that an entry of the sparse memo takes in the tree, at most about.
    const SPARSE_ENTRY: usize = 64;

    impl Heap {
        /// Memory that grows as the pickle asks for it; nothing is allocated yet.
        pub fn new() -> Self {
            Heap::default()
        }

        /// Refuses to grow any region beyond `bytes` bytes. The memo is two:
        /// what lies far beyond the entries before it goes to a tree.
        pub fn with_limit(bytes: usize) -> Self {
            Heap { limit: Some(bytes), ..Heap::default() }
        }

        /// Bytes that the regions take now.
        pub fn size(&self) -> usize {
            (self.nodes.capacity() + self.memo.capacity()) * size_of::<Node>()
                + self.bytes.capacity()
                + self.sparse.len() * SPARSE_ENTRY
        }
    }

    /// Makes room for `wanted` entries; returns the old length.
    fn extend<T: Clone + Default>(
        region: &mut Vec<T>,
        wanted: usize,
        step: usize,
        limit: Option<usize>,
    ) -> Result<usize, ()> {
        let old = region.len();
        let limit = limit.map_or(usize::MAX, |limit| limit / size_of::<T>());
        if wanted > limit {
            return Err(());
        }
        let len = wanted.max(old + old.min(step)).max(64).min(limit);
        if len > region.capacity() {
            let more = len.max(old * 2).min(limit) - old;
            region.try_reserve_exact(more).map_err(|_| ())?;
        }
        region.resize(len, T::default());
        Ok(old)
    }

    impl Memory for Heap {}

    impl Backing for Heap {
        #[inline]
        fn regions(&mut self) -> Regions<'_> {
            Regions {
                nodes: &mut self.nodes,
                memo: &mut self.memo,
                bytes: &mut self.bytes,
                stream: None,
                sparse: Some(&mut self.sparse),
                sparse_room: self.limit.map_or(usize::MAX, |limit| limit / SPARSE_ENTRY),
            }
        }

        fn view(&self) -> (&[Node], &[u8]) {
            (&self.nodes, &self.bytes)
        }

        fn grow(&mut self, Shortage { kind, wanted, stack }: Shortage) -> Result<(), ErrorKind> {
            match kind {
                ErrorKind::NodesFull => {
                    // The stack moves; a region that grows at least as fast keeps that linear.
                    let old = extend(&mut self.nodes, wanted, STEP.max(stack * 2), self.limit).map_err(|()| kind)?;
                    let new = self.nodes.len();
                    self.nodes.copy_within(old - stack..old, new - stack);
                }
                ErrorKind::MemoFull => {
                    extend(&mut self.memo, wanted, STEP, self.limit).map_err(|()| kind)?;
                }
                _ => {
                    extend(&mut self.bytes, wanted, STEP * 16, self.limit).map_err(|()| kind)?;
                }
            }
            Ok(())
        }

        fn clear(&mut self) {
            self.sparse.clear();
        }
    }
}
