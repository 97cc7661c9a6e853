//! Messages of known layouts: what is read has the values of the document of the same bytes.
#![no_main]

#[path = "../../core/tests/common/messages.rs"]
mod messages;

use libfuzzer_sys::fuzz_target;
use messages::{Part, Telemetry, Wide, check};

fuzz_target!(|data: &[u8]| {
    let Some((&entries, pickle)) = data.split_first() else { return };
    let mut memo = [0; 255];
    let memo = &mut memo[..usize::from(entries)];
    let _ = check::<Telemetry>(pickle, memo, false);
    let _ = check::<Wide>(pickle, memo, false);
    let _ = check::<Part>(pickle, memo, true);
});
