//! The results of a scan: findings, a summary, and the words for them.

use crate::memory::{pickle_str, region};
use crate::status::ended;
use core::ffi::{c_char, c_void};
use pickle_core::verdict::{Capability, Executes, Finding, Summary, Verdict};

/// The headline of a scan, in rising order: the worst finding rules. docs/verdict.md says what the words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_verdict {
    /// Nothing was judged.
    None = 0,
    /// Proved: loading calls only listed callees, imports only listed modules, and every byte was read.
    Clean = 1,
    /// Something is not listed, was not looked at, or a limit was hit.
    Unknown = 2,
    /// No reader loads it, and what would run before the break is harmless.
    Malformed = 3,
    /// CPython's readers disagree about the bytes.
    Divergent = 4,
    /// Introspection, computed names, state set on classes: nothing that honest pickles do.
    Suspicious = 5,
    /// Code objects of a known serialiser: the file is a program by design.
    Code = 6,
    /// A dangerous global is named, or reachable through what is called.
    Dangerous = 7,
}

/// What a global can do once it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_capability {
    /// Nothing known.
    None = 0,
    /// Runs Python code given as text or as a code object.
    Exec = 1,
    /// Starts another program.
    Process = 2,
    /// Reads files.
    FileRead = 3,
    /// Writes files.
    FileWrite = 4,
    /// Deletes or moves files.
    FileDelete = 5,
    /// Talks to the network.
    Net = 6,
    /// Reads or changes the environment of the process.
    Env = 7,
    /// Loads or calls native code.
    Native = 8,
    /// Reaches other objects through attributes, frames or the collector.
    Introspect = 9,
    /// Changes classes, modules, registries or hooks of the whole process.
    Mutate = 10,
    /// Ends, stops or exhausts the process.
    Crash = 11,
    /// Imports a module whose name is data.
    Import = 12,
    /// Loads another pickle, marshal data or a similar format.
    Deserialise = 13,
    /// Memory outside an object's bounds could be read or written.
    NativeMemory = 14,
}

/// Whether loading runs something that is not proved harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_executes {
    /// It does not.
    No = 0,
    /// Not while loading; an object that is stored does when it is used.
    Deferred = 1,
    /// It does.
    Yes = 2,
}

/// One reason for a verdict. It and its texts are valid during the callback.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_finding {
    /// Bytes from the start of the stream; inside a nested pickle, from the start of that.
    pub offset: u64,
    /// The verdict that it implies for the whole.
    pub verdict: pickle_verdict,
    /// What the global can do.
    pub capability: pickle_capability,
    /// Number of the pickle in its stream, from 0.
    pub pickle: u32,
    /// The rule: 101 is PK101 of docs/verdict.md.
    pub rule: u16,
    /// Nesting level of the pickle that it is in; 0 for the outermost.
    pub depth: u8,
    /// The opcode at which it showed; 0 if it was none.
    pub opcode: u8,
    /// Module of the global as the stream has it; empty if the finding is about none. Not to be printed unescaped.
    pub module: pickle_str,
    /// Name of the global.
    pub name: pickle_str,
    /// Module of what calls it; empty if nothing does.
    pub via_module: pickle_str,
    /// Name of what calls it.
    pub via_name: pickle_str,
    /// The arguments in short: printable ASCII.
    pub args: pickle_str,
    /// The rule in words.
    pub text: pickle_str,
    /// More about it; empty where the rule says all.
    pub detail: pickle_str,
    /// Which Pythons it holds for: "all", "2.7", "3", "some", ...
    pub pythons: pickle_str,
}

/// Receives a finding as soon as it is made.
pub type pickle_finding_fn = Option<unsafe extern "C" fn(context: *mut c_void, finding: *const pickle_finding)>;

/// The result of a scan.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_scan_summary {
    /// Where another reading of the stream begins: the end of a frame that was open at STOP, where some of CPython's
    /// readers go on. `UINT64_MAX` if there is none. Scan the bytes from there on as a stream of their own, as
    /// `pickle_scan_whole` does; until then the result is not complete.
    pub other_reading: u64,
    /// Opcodes.
    pub ops: u64,
    /// Bytes.
    pub bytes: u64,
    /// Buffers outside the stream (NEXT_BUFFER).
    pub buffers: u64,
    /// Pickles that were read to their STOP.
    pub pickles: u32,
    /// The worst that was found.
    pub verdict: pickle_verdict,
    /// Whether loading runs something.
    pub executes: pickle_executes,
    /// Everything was read and no limit was hit. Nothing is clean without it.
    pub complete: bool,
}

impl From<Verdict> for pickle_verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clean => pickle_verdict::Clean,
            Verdict::Malformed => pickle_verdict::Malformed,
            Verdict::Divergent => pickle_verdict::Divergent,
            Verdict::Suspicious => pickle_verdict::Suspicious,
            Verdict::Code => pickle_verdict::Code,
            Verdict::Dangerous => pickle_verdict::Dangerous,
            _ => pickle_verdict::Unknown,
        }
    }
}

impl From<&Finding<'_>> for pickle_finding {
    fn from(finding: &Finding<'_>) -> Self {
        let via = finding.via.unwrap_or_default();
        pickle_finding {
            offset: finding.offset,
            verdict: finding.verdict.into(),
            capability: capability(finding.capability),
            pickle: finding.pickle,
            rule: finding.rule as u16,
            depth: finding.depth,
            opcode: finding.opcode.map_or(0, |opcode| opcode.byte()),
            module: finding.module.into(),
            name: finding.name.into(),
            via_module: via.module.into(),
            via_name: via.name.into(),
            args: finding.args.into(),
            text: finding.rule.text().into(),
            detail: finding.detail.into(),
            pythons: finding.readers.name().into(),
        }
    }
}

impl From<&Summary> for pickle_scan_summary {
    fn from(summary: &Summary) -> Self {
        let complete = summary.complete && summary.other_reading.is_none();
        let floor = if complete { Verdict::Clean } else { Verdict::Unknown };
        pickle_scan_summary {
            other_reading: summary.other_reading.unwrap_or(u64::MAX),
            ops: summary.ops,
            bytes: summary.bytes,
            buffers: summary.buffers,
            pickles: summary.pickles,
            verdict: summary.verdict.max(floor).into(),
            executes: match summary.executes {
                Executes::No => pickle_executes::No,
                Executes::Deferred => pickle_executes::Deferred,
                _ => pickle_executes::Yes,
            },
            complete,
        }
    }
}

impl pickle_scan_summary {
    /// This reading and another of the same bytes: the worse counts.
    pub(crate) fn with(&self, other: &Self) -> Self {
        pickle_scan_summary {
            other_reading: u64::MAX,
            ops: self.ops.wrapping_add(other.ops),
            bytes: self.bytes,
            buffers: self.buffers.wrapping_add(other.buffers),
            pickles: self.pickles.wrapping_add(other.pickles),
            verdict: if self.verdict as i32 > other.verdict as i32 { self.verdict } else { other.verdict },
            executes: if self.executes as i32 > other.executes as i32 { self.executes } else { other.executes },
            complete: self.complete && other.complete,
        }
    }
}

macro_rules! words {
    ($( $capability:ident )*) => {
        fn capability(of: Capability) -> pickle_capability {
            match of {
                $( Capability::$capability => pickle_capability::$capability, )*
                _ => pickle_capability::None,
            }
        }

        fn capability_name(capability: i32) -> &'static [u8] {
            match capability {
                $( number if number == pickle_capability::$capability as i32 => {
                    const NAME: &str = Capability::$capability.name();
                    const ENDED: [u8; NAME.len() + 1] = ended(NAME);
                    &ENDED
                } )*
                _ => b"?\0",
            }
        }
    };
}

words! {
    Exec Process FileRead FileWrite FileDelete Net Env Native Introspect Mutate Crash Import Deserialise NativeMemory None
}

/// The word of a capability, such as "process". Static text; not linked when unused.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_capability_name(capability: i32) -> *const c_char {
    capability_name(capability).as_ptr().cast()
}

macro_rules! verdicts {
    ($( $verdict:ident )*) => {
        fn verdict_name(verdict: i32) -> &'static [u8] {
            match verdict {
                $( number if number == pickle_verdict::$verdict as i32 => {
                    const NAME: &str = Verdict::$verdict.name();
                    const ENDED: [u8; NAME.len() + 1] = ended(NAME);
                    &ENDED
                } )*
                0 => b"none\0",
                _ => b"?\0",
            }
        }
    };
}

verdicts! { Clean Unknown Malformed Divergent Suspicious Code Dangerous }

/// The word of a verdict, such as "clean". Static text; not linked when unused.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_verdict_name(verdict: i32) -> *const c_char {
    verdict_name(verdict).as_ptr().cast()
}

/// Text into a buffer, counted beyond its end.
struct Line<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl Line<'_> {
    fn byte(&mut self, byte: u8) {
        // The last byte is the NUL's.
        if self.len + 1 < self.buffer.len()
            && let Some(place) = self.buffer.get_mut(self.len)
        {
            *place = byte;
        }
        self.len += 1;
    }

    fn put(&mut self, text: &[u8]) {
        text.iter().for_each(|&byte| self.byte(byte));
    }

    /// Text of the stream: control characters as `\xNN`.
    fn escaped(&mut self, text: &[u8]) {
        for &byte in text {
            match byte {
                b'\\' | 0..32 | 127 => {
                    self.put(b"\\x");
                    self.hex(u64::from(byte), 2);
                }
                _ => self.byte(byte),
            }
        }
    }

    /// So many hexadecimal digits, or as many as it takes.
    fn hex(&mut self, number: u64, least: u32) {
        for at in (0..16).rev() {
            let half = (number >> (4 * at) & 15) as u8;
            if at < least || number >> (4 * at) != 0 {
                self.byte(if half < 10 { b'0' + half } else { b'a' + half - 10 });
            }
        }
    }
}

/// # Safety
/// The text is that of a finding.
unsafe fn of(text: pickle_str) -> &'static [u8] {
    // SAFETY: as the caller says.
    unsafe { crate::memory::bytes(text.data.cast(), text.size) }
}

/// Writes a finding as a line, such as "dangerous: a dangerous global is called: os.system('true') at 0x18 [PK201]":
/// at most `size` bytes with the NUL. Returns the length that the line has without it, as `snprintf` does. What names
/// hold that could act on a terminal is escaped.
///
/// # Safety
/// `finding` is null or one that a callback got, while that runs; `buffer` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_finding_text(
    finding: *const pickle_finding,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    // SAFETY: as the caller says, here and below.
    let buffer = unsafe { region(buffer.cast::<u8>(), size) };
    let mut line = Line { buffer, len: 0 };
    if let Some(finding) = unsafe { finding.as_ref() } {
        let name = verdict_name(finding.verdict as i32);
        line.put(name.split_last().map_or(&[][..], |(_, name)| name));
        line.put(b": ");
        line.put(unsafe { of(finding.text) });
        if finding.detail.size != 0 {
            line.put(b": ");
            line.put(unsafe { of(finding.detail) });
        }
        if finding.depth != 0 {
            line.put(b" (in a nested pickle)");
        }
        if finding.name.size != 0 {
            line.put(b": ");
            if finding.via_name.size != 0 {
                line.escaped(unsafe { of(finding.via_module) });
                line.put(b".");
                line.escaped(unsafe { of(finding.via_name) });
                line.put(b" -> ");
            }
            line.escaped(unsafe { of(finding.module) });
            line.put(b".");
            line.escaped(unsafe { of(finding.name) });
        }
        if finding.args.size != 0 {
            line.put(b"(");
            line.put(unsafe { of(finding.args) });
            line.put(b")");
        }
        line.put(b" at 0x");
        line.hex(finding.offset, 1);
        line.put(b" [PK");
        let rule = finding.rule;
        for power in [100, 10, 1] {
            line.byte(b'0' + (rule / power % 10) as u8);
        }
        line.put(b"]");
    }
    let end = line.len.min(size.saturating_sub(1));
    if let Some(place) = line.buffer.get_mut(end) {
        *place = 0;
    }
    line.len
}
