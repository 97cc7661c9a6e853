//! How much is read, copied or written at a time.

/// Bytes of a piece of a file: so many that calls of the system do not count.
pub const PIECE: usize = 256 * 1024;

/// Bytes of a piece where several are held at once, or what is read comes in small parts.
pub const SMALL_PIECE: usize = 64 * 1024;
