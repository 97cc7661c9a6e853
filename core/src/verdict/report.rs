//! What a judge tells: findings and events while it reads, a summary at the end.

use super::rules::{Capability, Rule, Verdict};
use crate::{GlobalName, Opcode};

/// Which readers a finding holds for.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readers {
    /// Every CPython, in C and in Python.
    #[default]
    All,
    /// Python 2 only.
    Python2,
    /// Python 3 only.
    Python3,
    /// Some of CPython's readers, not all.
    Some,
    /// Those that ignore frames: CPython's C code before 3.13.15 and 3.14.7.
    WithoutFrames,
    /// Those that do not count far entries of the memo: CPython 3.15.
    SparseMemo,
}

impl Readers {
    /// The words that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Readers::All => "all",
            Readers::Python2 => "2.7",
            Readers::Python3 => "3",
            Readers::Some => "some",
            Readers::WithoutFrames => "C before 3.13.15",
            Readers::SparseMemo => "3.15",
        }
    }
}

/// One reason for a verdict.
///
/// See the example of [`Observer`].
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Why.
    pub rule: Rule,
    /// What it makes of the whole.
    pub verdict: Verdict,
    /// What the global can do.
    pub capability: Capability,
    /// Which readers it holds for.
    pub readers: Readers,
    /// Number of the pickle in its stream, from 0.
    pub pickle: u32,
    /// How deep in nested pickles it lies; 0 outside.
    pub depth: u8,
    /// The opcode at which it showed.
    pub opcode: Option<Opcode>,
    /// Bytes from the start of the stream; inside a nested pickle, from the start of that.
    pub offset: u64,
    /// Module of the global, empty where there is none.
    pub module: &'a [u8],
    /// Name of the global, empty where there is none.
    pub name: &'a [u8],
    /// Module and name of what calls it.
    pub via: Option<GlobalName<&'a [u8]>>,
    /// The arguments in short, ready to print.
    pub args: &'a str,
    /// More about it, empty where the rule says all.
    pub detail: &'static str,
}

/// What the pickle does, in the order in which it does it.
///
/// See the example of [`TraceEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A global is imported.
    Import,
    /// A global is called.
    Call,
    /// An instance is made without its initialiser.
    New,
    /// An object gets its state.
    Build,
    /// Items are appended, added or set on an object that is no native container.
    Items,
    /// The pickle ends.
    Stop,
}

/// One thing that happens while a pickle is loaded.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::verdict::{Action, TraceEvent, Finding, Judge, Observer, Workspace};
///
/// #[derive(Default)]
/// struct Log(Vec<Action>);
/// impl Observer for Log {
///     fn finding(&mut self, _: &Finding<'_>) {}
///     fn event(&mut self, event: &TraceEvent<'_>) {
///         self.0.push(event.action);
///     }
///     fn wants_events(&self) -> bool {
///         true
///     }
/// }
///
/// let (mut workspace, mut log) = (Workspace::new(64, 64), Log::default());
/// let mut judge = Judge::new(workspace.memory());
/// judge.feed(b"cos\nsystem\n(S'echo'\ntR.", &mut log);
/// judge.finish(&mut log);
/// assert_eq!(log.0, [Action::Import, Action::Call, Action::Stop]);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TraceEvent<'a> {
    /// What happens.
    pub action: Action,
    /// Bytes from the start of the stream.
    pub offset: u64,
    /// Number of the pickle in its stream, from 0.
    pub pickle: u32,
    /// How deep in nested pickles it lies; 0 outside.
    pub depth: u8,
    /// Module of the global, empty where the callee is no global.
    pub module: &'a [u8],
    /// Name of the global.
    pub name: &'a [u8],
    /// The arguments in short, ready to print.
    pub args: &'a str,
}

/// Takes what a judge finds, as it finds it.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::verdict::{Capability, Finding, Judge, Observer, Rule, Workspace};
///
/// #[derive(Default)]
/// struct Found(Vec<(Rule, Capability)>);
/// impl Observer for Found {
///     fn finding(&mut self, finding: &Finding<'_>) {
///         self.0.push((finding.rule, finding.capability));
///     }
/// }
///
/// let (mut workspace, mut found) = (Workspace::new(64, 64), Found::default());
/// let mut judge = Judge::new(workspace.memory());
/// judge.feed(b"cos\nsystem\n(S'echo'\ntR.", &mut found);
/// judge.finish(&mut found);
/// assert!(found.0.contains(&(Rule::SinkCalled, Capability::Process)));
/// # }
/// ```
pub trait Observer {
    /// A reason for the verdict.
    fn finding(&mut self, finding: &Finding<'_>);

    /// Something that loading does. Not called unless [`Observer::wants_events`] says so.
    fn event(&mut self, event: &TraceEvent<'_>) {
        let _ = event;
    }

    /// Whether [`Observer::event`] is called: it costs time in pickles of many objects.
    fn wants_events(&self) -> bool {
        false
    }
}

/// An observer to whom the summary is enough.
impl Observer for () {
    fn finding(&mut self, _: &Finding<'_>) {}
}

/// Whether loading runs something that is not proved harmless.
///
/// See the example of [`Summary`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Executes {
    /// It does not.
    #[default]
    No,
    /// Not while loading; an object that is stored does when it is used.
    Deferred,
    /// It does.
    Yes,
}

impl Executes {
    /// The word that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Executes::No => "no",
            Executes::Deferred => "deferred",
            Executes::Yes => "yes",
        }
    }
}

/// The result of a judge.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::verdict::{Executes, Judge, Verdict, Workspace};
///
/// // pickle.dumps([1])
/// let mut workspace = Workspace::new(64, 64);
/// let summary = Judge::judge(workspace.memory(), b"\x80\x04]K\x01a.");
/// assert_eq!((summary.verdict, summary.executes), (Verdict::Clean, Executes::No));
/// assert_eq!((summary.complete, summary.pickles, summary.ops, summary.bytes), (true, 1, 5, 7));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The worst that was found.
    pub verdict: Verdict,
    /// Everything was read and no limit was hit.
    pub complete: bool,
    /// Whether loading runs something.
    pub executes: Executes,
    /// Pickles that were read to their STOP.
    pub pickles: u32,
    /// Opcodes.
    pub ops: u64,
    /// Bytes.
    pub bytes: u64,
    /// Buffers that lie outside the stream (NEXT_BUFFER).
    pub buffers: u64,
    /// Where another reading of the stream begins, for callers that can go back: the end of a frame that was open at
    /// STOP. Judge the bytes from there on as a stream of their own.
    pub other_reading: Option<u64>,
    /// A frame says that it is this much longer than the input.
    pub frame_over: u64,
}

/// What is known of a global of the stream.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Clone, Copy, Debug)]
pub struct GlobalUse<'a> {
    /// The module as the stream names it.
    pub module: &'a [u8],
    /// The name as the stream names it.
    pub name: &'a [u8],
    /// One word for what it does.
    pub effect: &'static str,
    /// It was called.
    pub called: bool,
    /// Instances were made of it without its initialiser.
    pub made: bool,
    /// Times that it was named.
    pub count: u32,
    /// Where it was named first.
    pub first_offset: u64,
}
