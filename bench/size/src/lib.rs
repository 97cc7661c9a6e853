//! The harness that every program here has in common: it runs one piece of
//! work, measures the stack below it and the instructions in it, and says so.

#![no_std]

pub mod document;
pub mod encode;
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
#[cfg_attr(not(target_arch = "riscv32"), path = "cortex_m.rs")]
mod machine;
pub mod opcodes;

use core::hint::black_box;
use core::panic::PanicInfo;

/// Runs of the work whose instructions are counted.
const RUNS: u32 = 64;

/// The telemetry message that all programs read or write.
#[derive(Default, PartialEq)]
pub struct Telemetry<'a> {
    /// Number of the device.
    pub id: u32,
    /// Degrees Celsius.
    pub temp: f64,
    /// Name of the device.
    pub name: &'a [u8],
    /// The last samples.
    pub samples: [u8; 4],
}

impl Telemetry<'_> {
    /// What the messages say.
    pub const EXPECTED: Telemetry<'static> = Telemetry { id: 7, temp: 21.5, name: b"probe-3", samples: [1, 2, 3, 4] };

    /// Every field is as it should be, compared without any code for floats.
    #[inline(always)]
    pub fn is_expected(&self) -> bool {
        let expected = Telemetry::EXPECTED;
        let same_name = self.name.len() == expected.name.len() && self.name.iter().eq(expected.name);
        let same_samples = u32::from_le_bytes(self.samples) == u32::from_le_bytes(expected.samples);
        self.id == expected.id && self.temp.to_bits() == expected.temp.to_bits() && same_name && same_samples
    }
}

/// The message as CPython's `pickle.dumps` writes it, protocol 4.
pub const PICKLE: &[u8; 78] = b"\x80\x04\x95C\0\0\0\0\0\0\0}\x94(\x8c\x02id\x94K\x07\x8c\x04temp\x94G@5\x80\0\0\0\0\0\x8c\x04name\x94\x8c\x07probe-3\x94\x8c\x07samples\x94]\x94(K\x01K\x02K\x03K\x04eu.";

/// Bytes of input that arrive together, as from the FIFO of a UART.
pub const PIECE: usize = 16;

/// Defines the entry: measures `$work`, a `fn(&[u8]) -> bool` that says
/// whether it went well, on `$message`.
#[macro_export]
macro_rules! measure {
    ($work:path, $message:expr) => {
        /// Not code: run.py takes its size off the flash.
        #[unsafe(no_mangle)]
        static MESSAGE: [u8; $message.len()] = *$message;

        #[cfg(not(target_arch = "riscv32"))]
        #[cortex_m_rt::entry]
        fn main() -> ! {
            $crate::measure($work, &MESSAGE)
        }

        #[cfg(target_arch = "riscv32")]
        #[unsafe(no_mangle)]
        extern "C" fn main() -> ! {
            $crate::measure($work, &MESSAGE)
        }
    };
}

unsafe extern "C" {
    static mut __sheap: u32;
}

pickle_core::message! {
    /// The message as a layout.
    pub struct Row<'i> {
        pub id: u32,
        pub temp: f64,
        pub name: pickle_core::message::Unchecked<'i>,
        pub samples: [u8; 4],
    }
}

/// Every program has these anyway, sooner or later: in the empty one they keep the comparison about codecs.
#[used]
static OF_EVERY_PROGRAM: [unsafe extern "C" fn(); 4] = [memcpy, memmove, memset, memcmp];

unsafe extern "C" {
    fn memcpy();
    fn memmove();
    fn memset();
    fn memcmp();
}

const PAINT: u32 = 0xa5a5_a5a5;

/// Prints `ok stack ticks calibration` in hexadecimal and leaves QEMU.
#[inline(never)]
pub fn measure(work: fn(&[u8]) -> bool, message: &'static [u8]) -> ! {
    let work = black_box(work);
    let bottom = &raw mut __sheap as usize;
    let top = machine::stack_pointer();
    let mut at = bottom;
    while at < top {
        // SAFETY: between the static variables and the stack is free memory.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
        at += 4;
    }
    let ok = work(black_box(message));
    at = bottom;
    // SAFETY: as above.
    while at < top && unsafe { (at as *const u32).read_volatile() } == PAINT {
        at += 4;
    }
    let stack = top - at;
    let ticks = machine::ticks(|| {
        for _ in 0..RUNS {
            work(black_box(message));
        }
    });
    // Two instructions a turn: what one tick of the clock is.
    let calibration = machine::ticks_of_turns();
    print(ok as u32);
    print(stack as u32);
    print(ticks);
    print(calibration);
    machine::semihost(0x18, 0x20026);
    loop {}
}

fn print(number: u32) {
    let mut text = [b' '; 10];
    for (i, place) in text.iter_mut().take(8).enumerate() {
        let digit = (number >> (28 - 4 * i)) as u8 & 15;
        *place = if digit < 10 { b'0' + digit } else { b'a' - 10 + digit };
    }
    text[9] = 0;
    machine::semihost(4, text.as_ptr() as usize);
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    machine::semihost(0x18, 0x20023);
    loop {}
}
