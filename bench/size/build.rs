//! The memory of the board that QEMU plays, and the linker's script.

use std::{env, fs, path::PathBuf};

const RISCV: &str = "ENTRY(_start)
SECTIONS {
  . = 0x80000000;
  .text : { KEEP(*(.init)) *(.text .text.*) }
  .rodata : { *(.rodata .rodata.* .srodata .srodata.*) }
  .data : { *(.data .data.* .sdata .sdata.*) }
  .bss (NOLOAD) : { *(.bss .bss.* .sbss .sbss.* COMMON) }
  . = ALIGN(16);
  __sheap = .;
  __stack = ALIGN(__sheap + 64K, 16);
  /DISCARD/ : { *(.eh_frame .eh_frame.*) }
}
";

fn main() {
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    let target = env::var("TARGET").expect("set by cargo");
    let (script, text) = if target.starts_with("riscv32") {
        ("riscv.ld", RISCV.to_owned())
    } else {
        // thumbv6m: microbit. thumbv7m: lm3s6965evb.
        let ram = if target.starts_with("thumbv6m") { "16K" } else { "64K" };
        (
            "memory.x",
            format!("MEMORY {{ FLASH : ORIGIN = 0, LENGTH = 256K RAM : ORIGIN = 0x20000000, LENGTH = {ram} }}\n"),
        )
    };
    fs::write(out.join(script), text).expect("writes the linker's script");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-T{}", if script == "memory.x" { "link.x" } else { script });
    println!("cargo:rerun-if-changed=build.rs");
}
