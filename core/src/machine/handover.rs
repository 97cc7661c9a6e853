//! How far a machine is that hands items over while it reads: state only, so that memory can carry it.

use super::node::NIL;

/// How far the hand-over is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The container may be found at any operation that fills one.
    Waiting,
    /// Items are handed over as they come.
    Open,
    /// The container has been filled.
    Closed,
    /// Nothing is handed over before the end.
    Whole,
}

/// Items that lie on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// Their container's place on the stack.
    pub at: usize,
    /// Nodes.
    pub count: usize,
    /// What they are to the container: a kind of `chunk`.
    pub kind: u8,
    /// There is a mark below them.
    pub(super) marked: bool,
}

/// Everything about the hand-over that an [`ItemReader`](crate::ItemReader) keeps.
#[derive(Debug)]
pub(crate) struct Stream {
    pub phase: Phase,
    /// Nodes that must be in use before it begins.
    pub min_nodes: usize,
    /// The least place on the stack that the container can have.
    pub depth: usize,
    /// Entries and bytes of the memo's cache.
    pub cache: (usize, usize),
    pub batch: Option<Batch>,
    /// The batch was looked at and is none.
    pub passed: bool,
    /// Where the operation that filled the batch stands in the stream.
    pub offset: u64,
    /// The memo entry of the last error.
    pub entry: Option<u64>,
    pub sink: u32,
    pub(super) sink_at: usize,
    pub(super) frozen: usize,
    /// Nothing has been dropped so far.
    pub(super) fresh: bool,
    /// Entries that had been put when something was last dropped.
    pub(super) put_before: u64,
    /// Memo entries from before, found by their index.
    pub(super) prefix: usize,
    /// Bytes below are used by values that stay; bytes of the cache lie between here and `byte_base`.
    pub(super) kept_floor: usize,
    pub(super) byte_base: usize,
    /// Entries that were kept when the cache was last cleared out.
    pub(super) settled: usize,
    /// Calls whose results POP drops.
    pub(super) dropped: Dropped,
}

/// Calls whose results POP drops: for what they do, unless the next opcode fetches a twin of the result. Small, for a reader of
/// items has its place in C.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped {
    /// Where the result lies that was dropped last, if that is still to be judged.
    pub object: u32,
    /// The number of that POP among the opcodes, its low bits, and its place in the stream.
    pub opcode: u32,
    pub at: u64,
    /// Where the first POP stands that dropped one for good.
    pub first: u64,
}

impl Dropped {
    const NONE: Dropped = Dropped { object: NIL, opcode: 0, at: u64::MAX, first: u64::MAX };

    pub fn is_open(&self) -> bool {
        self.object != NIL
    }

    /// It is dropped for good.
    pub fn settle(&mut self, is_twin: bool) {
        if self.is_open() && !is_twin {
            self.first = self.first.min(self.at);
        }
        self.object = NIL;
    }
}

impl Stream {
    pub const fn new(min_nodes: usize, cache: (usize, usize), depth: usize) -> Self {
        Stream {
            phase: Phase::Waiting,
            min_nodes,
            depth,
            cache,
            batch: None,
            passed: false,
            offset: 0,
            entry: None,
            sink: u32::MAX,
            sink_at: 0,
            frozen: 0,
            fresh: true,
            put_before: 0,
            prefix: 0,
            kept_floor: 0,
            byte_base: 0,
            settled: 0,
            dropped: Dropped::NONE,
        }
    }

    /// Where the first call stands whose result was dropped.
    #[cfg(feature = "dropped-calls")]
    pub fn dropped_call(&self) -> Option<u64> {
        let Dropped { at, first, .. } = self.dropped;
        let first = if self.dropped.is_open() { first.min(at) } else { first };
        Some(first).filter(|first| *first != u64::MAX)
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Whole)
    }
}
