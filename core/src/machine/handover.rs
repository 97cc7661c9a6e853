//! How far a machine is that hands items over while it reads: state only, so that memory can carry it.

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
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Whole)
    }
}
