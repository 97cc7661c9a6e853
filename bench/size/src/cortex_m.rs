//! What the harness asks of a Cortex-M.

use core::arch::asm;

/// As `OF_EVERY_PROGRAM`, of those that have them.
#[used]
static OF_EVERY_PROGRAM_ON_ARM: [unsafe extern "C" fn(); 2] = [__aeabi_memclr4, __aeabi_memclr8];

unsafe extern "C" {
    fn __aeabi_memclr4();
    fn __aeabi_memclr8();
}

pub fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) sp) };
    sp
}

pub fn ticks_of_turns() -> u32 {
    ticks(|| {
        // SAFETY: counts a register down.
        unsafe { asm!("2: subs {n}, #1", "bne 2b", n = inout(reg) 50_000 => _) }
    })
}

/// Ticks of the system timer (24 bits, counting down) that `f` takes.
#[inline(never)]
pub fn ticks(f: impl Fn()) -> u32 {
    const CONTROL: *mut u32 = 0xe000_e010 as *mut u32;
    const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
    const CURRENT: *mut u32 = 0xe000_e018 as *mut u32;
    // SAFETY: the timer's registers, used by nobody else.
    unsafe {
        RELOAD.write_volatile(0xff_ffff);
        CURRENT.write_volatile(0);
        CONTROL.write_volatile(5);
        let before = CURRENT.read_volatile();
        f();
        before.wrapping_sub(CURRENT.read_volatile()) & 0xff_ffff
    }
}

/// A call to QEMU.
pub fn semihost(operation: usize, argument: usize) {
    // SAFETY: reads the text that `argument` points to.
    unsafe { asm!("bkpt #0xab", inout("r0") operation => _, in("r1") argument) };
}
