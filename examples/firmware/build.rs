//! The memory of the board that QEMU plays, and the linker's scripts.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    // thumbv6m: microbit. thumbv7m: lm3s6965evb.
    let nrf51 = env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv6m"));
    let ram = if nrf51 { "16K" } else { "64K" };
    let memory = format!("MEMORY {{ FLASH : ORIGIN = 0, LENGTH = 256K RAM : ORIGIN = 0x20000000, LENGTH = {ram} }}\n");
    fs::write(out.join("memory.x"), memory).expect("writes memory.x");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    println!("cargo:rustc-check-cfg=cfg(nrf51)");
    if nrf51 {
        println!("cargo:rustc-cfg=nrf51");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
