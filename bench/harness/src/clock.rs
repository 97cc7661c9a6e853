//! Two clocks: what passed for the user, and what this thread worked.

use rustix::time::{ClockId, clock_gettime};

/// A moment on both clocks, in nanoseconds.
pub struct Moment {
    pub wall_ns: u64,
    pub cpu_ns: u64,
}

pub fn now() -> Moment {
    Moment { wall_ns: read(ClockId::Monotonic), cpu_ns: read(ClockId::ThreadCPUTime) }
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
