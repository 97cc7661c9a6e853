//! Memory of this process as Linux counts it; elsewhere nothing is known.

/// Starts a new peak at what is resident now.
pub fn reset_peak() {
    // Where it is not allowed, the peak is that of the process: too high, never too low.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Resident memory in KiB.
pub fn resident_kb() -> Option<u64> {
    status("VmRSS:")
}

/// Peak of resident memory in KiB since [`reset_peak`].
pub fn peak_kb() -> Option<u64> {
    status("VmHWM:")
}

fn status(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
