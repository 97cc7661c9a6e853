//! The first two bytes say how a stream is split: the splits give what an item reader gives, and a plan that was
//! changed is no more than an error or other items.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;

use common::show;
use libfuzzer_sys::fuzz_target;
use pickle_core::{
    Found, Heap, ItemOptions, ItemReader, MemoPlanner, SplitError, SplitNeeds, SplitOptions, SplitPlan, SplitPlanner, SplitReader,
};

const MEMORY: usize = 64 << 20;

fn part(stream: &[u8], range: std::ops::Range<u64>) -> &[u8] {
    let end = stream.len().min(usize::try_from(range.end).unwrap_or(usize::MAX));
    stream.get(usize::try_from(range.start).unwrap_or(usize::MAX)..end).unwrap_or_default()
}

/// All items by a plan.
fn by_plan(stream: &[u8], plan: &SplitPlan) -> Result<Vec<String>, SplitError> {
    let mut items = Vec::new();
    for split in 0..plan.splits().len() {
        let Some(mut needs) = SplitNeeds::new(plan, split) else { break };
        while let Some(range) = needs.wants() {
            needs.feed(&mut part(stream, range));
        }
        let mut memo = MemoPlanner::new();
        let start = needs.finish(&mut memo);
        let mut reader = SplitReader::new(Heap::with_limit(MEMORY), ItemOptions::new(), &start);
        while let Some(range) = reader.wants() {
            if reader.feed(&mut part(stream, range))? == Found::Item {
                items.extend(reader.item().map(|item| show(item.value())));
            }
        }
    }
    Ok(items)
}

/// All items of the stream, where they can be had.
fn whole(stream: &[u8]) -> Option<Vec<String>> {
    let mut reader = ItemReader::new(Heap::with_limit(MEMORY), ItemOptions::new().min_nodes(usize::MAX));
    let (mut rest, mut items) = (stream, Vec::new());
    loop {
        match reader.feed(&mut rest).ok()? {
            Found::Item => items.extend(reader.item().map(|item| show(item.value()))),
            Found::NeedMore => {
                reader.finish().ok()?;
                return Some(items);
            }
            _ if rest.is_empty() => return Some(items),
            _ => reader.next_pickle(),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[size, edit], stream)) = data.split_first_chunk::<2>() else { return };
    let options = match size & 1 {
        0 => SplitOptions::new().every_items(1 + u64::from(size >> 1)).min_nodes(0),
        _ => SplitOptions::new().every_bytes(1 + u64::from(size >> 1)).min_nodes(0),
    };
    let mut planner = SplitPlanner::new("$", options);
    while let Some(range) = planner.wants() {
        planner.feed(&mut part(stream, range));
    }
    let plan = planner.finish();
    let mut bytes = Vec::new();
    plan.write(&mut bytes);
    assert_eq!(SplitPlan::read(&bytes).as_ref(), Some(&plan));
    if let Some(expected) = whole(stream)
        && plan.unsplit().is_none()
    {
        assert_eq!(by_plan(stream, &plan), Ok(expected));
    }
    if let Some(byte) = bytes.get_mut(usize::from(edit)) {
        *byte ^= size;
    }
    if let Some(plan) = SplitPlan::read(&bytes) {
        let _ = by_plan(stream, &plan);
    }
});
