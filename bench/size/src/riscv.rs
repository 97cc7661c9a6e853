//! What the harness asks of a RISC-V of 32 bits, QEMU's board `virt`.

use core::arch::{asm, global_asm};

// All lies in RAM, where QEMU has put it: nothing is copied or cleared.
global_asm!(".section .init, \"ax\"", ".global _start", "_start:", "la sp, __stack", "j main");

pub fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) sp) };
    sp
}

pub fn ticks_of_turns() -> u32 {
    ticks(|| {
        // SAFETY: counts a register down.
        unsafe { asm!("2: addi {n}, {n}, -1", "bnez {n}, 2b", n = inout(reg) 50_000 => _) }
    })
}

/// Instructions that `f` takes, modulo 2^32.
#[inline(never)]
pub fn ticks(f: impl Fn()) -> u32 {
    let count = || {
        let now: u32;
        // SAFETY: reads a counter.
        unsafe { asm!("csrr {}, minstret", out(reg) now) };
        now
    };
    let before = count();
    f();
    count().wrapping_sub(before)
}

/// A call to QEMU, which knows it by the instructions around EBREAK.
pub fn semihost(operation: usize, argument: usize) {
    // SAFETY: reads the text that `argument` points to.
    unsafe {
        asm!(
            ".balign 16", ".option push", ".option norvc", "slli x0, x0, 0x1f", "ebreak", "srai x0, x0, 7",
            ".option pop", inout("a0") operation => _, in("a1") argument,
        );
    }
}
