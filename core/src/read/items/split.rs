//! What a reader of splits does with an item reader: how a pickle begins, without its items; memo entries from elsewhere;
//! items from the middle.

use super::{From, ItemReader};
use crate::machine::handover::Phase;
use crate::machine::node::Node;
use crate::read::split::Goal;
use crate::{Decoder, Document, Error, LookAhead, MemoPlan, Memory, Op, Opcode};

/// The stream is another than its plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Other;

/// How far a range of the stream was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drove {
    NeedMore,
    /// Something comes up that only the items of a split may have.
    Items,
    Done,
}

impl<'p, M: Memory> ItemReader<'p, M> {
    /// After [`Found::Doubt`](crate::Found::Doubt): the container, and what tells where it goes.
    pub(crate) fn goal(&self) -> Option<(Goal, LookAhead)> {
        let From::Doubt(container) = self.from else { return None };
        let stream = &self.unpickler.memory.stream;
        let goal = Goal { at: stream.batch?.at, offset: stream.offset, tag: container.tag() };
        Some((goal, self.look_ahead()?))
    }

    /// After [`Found::Doubt`](crate::Found::Doubt): items that no batch of the container has come before its own.
    pub(crate) fn has_items_before(&self) -> bool {
        let (nodes, bytes) = self.unpickler.memory.view();
        let document = Document::new(nodes, bytes, &[], Node::EMPTY);
        self.before_state().is_some_and(|mut members| members.next(&document).is_some())
    }

    /// The next item has this number.
    pub(crate) fn number_from(&mut self, number: u64) {
        self.count = number;
    }

    /// Nothing is handed over for now.
    pub(crate) fn hold_all(&mut self) {
        self.unpickler.memory.stream.min_nodes = usize::MAX;
    }

    /// Reads on, without looking for items.
    pub(crate) fn drive_on(&mut self, input: &mut &[u8]) -> Result<Drove, Error> {
        use crate::read::unpickler::Progress;
        loop {
            return Ok(match self.unpickler.drive::<false>(input)? {
                Progress::NeedMore => Drove::NeedMore,
                Progress::Built | Progress::Payload => continue,
                Progress::Items => Drove::Items,
                Progress::Done => Drove::Done,
            });
        }
    }

    /// Goes on at another place of the stream.
    pub(crate) fn jump(&mut self, offset: u64, frame_end: u64) {
        self.unpickler.decoder = Decoder::resumed(offset, frame_end);
    }

    /// The opcode in progress has ended.
    pub(crate) fn is_between_opcodes(&self) -> bool {
        self.unpickler.decoder.at_start()
    }

    /// The container at this place of the stack has been reached: what lies above it is dropped, the memo stays.
    pub(crate) fn open_at(&mut self, at: usize) -> Result<(), Other> {
        self.place_of(at);
        let unpickler = &mut self.unpickler;
        if unpickler.machine.height() <= at || !unpickler.machine.begin_stream(&mut unpickler.memory.regions(), at) {
            return Err(Other);
        }
        self.drop_above(at, 0, None)
    }

    /// What lies on the stack above the container is dropped; of the memo stays what `plan` knows to be fetched behind
    /// `offset`.
    pub(crate) fn drop_above(&mut self, at: usize, offset: u64, plan: Option<&MemoPlan<'_>>) -> Result<(), Other> {
        let machine = &mut self.unpickler.machine;
        let memory = &mut self.unpickler.memory;
        if memory.stream.phase != Phase::Open || machine.height() <= at {
            return Err(Other);
        }
        memory.stream.batch = Some(machine.batch_above(memory.memory.view().0, at, 0).ok_or(Other)?);
        memory.stream.offset = offset;
        machine.drop_items(&mut memory.regions(), plan);
        Ok(())
    }

    /// The memo goes on with this index.
    pub(crate) fn memo_from(&mut self, index: u64) {
        let Self { unpickler, .. } = self;
        unpickler.machine.memo_from(&mut unpickler.memory.stream, index);
    }

    /// Items come from here on, the first with this number; with `marked` behind a MARK.
    pub(crate) fn items_from(&mut self, number: u64, marked: bool, offset: u64) -> Result<(), Error> {
        self.count = number;
        self.from = From::Stream;
        if !marked {
            return Ok(());
        }
        let op = Op { opcode: Opcode::Mark, arg: crate::Arg::Nothing, offset };
        self.unpickler.apply_one(&op)
    }

    /// The split ends at `offset`, among items that a MARK stands before: they are handed over as if `kind` were done with
    /// them there. `Ok(false)` where there are none.
    pub(crate) fn end_among(&mut self, at: usize, kind: Option<u8>, offset: u64) -> Result<bool, SplitEnd> {
        let machine = &mut self.unpickler.machine;
        let memory = &mut self.unpickler.memory;
        if memory.stream.phase != Phase::Open || machine.height() <= at {
            return Err(SplitEnd::Other);
        }
        let above = machine.height() - at - 1;
        let Some(kind) = kind else { return if above == 0 { Ok(false) } else { Err(SplitEnd::Other) } };
        let batch = machine.batch_above(memory.memory.view().0, at, kind).ok_or(SplitEnd::Other)?;
        if !batch.is_marked() {
            return Err(SplitEnd::Other);
        }
        if batch.count == 0 {
            return Ok(false);
        }
        machine
            .check_batch(&mut memory.regions(), &batch)
            .map_err(|error| SplitEnd::Refused(Error::new(error, 0, offset)))?;
        memory.stream.batch = Some(batch);
        memory.stream.offset = offset;
        self.from = From::Stack(0);
        Ok(true)
    }
}

/// Why a split does not end where the plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SplitEnd {
    Other,
    Refused(Error),
}
