//! docs/opcodes.md is the opcode table. `PICKLE_OVERWRITE=1` writes it anew.

use pickle_core::{Argument, Opcode};
use std::fmt::Write;
use std::path::Path;

fn argument(argument: Argument) -> &'static str {
    match argument {
        Argument::Nothing => "-",
        Argument::U1 => "1 byte, unsigned",
        Argument::U2 => "2 bytes, unsigned",
        Argument::U4 => "4 bytes, unsigned",
        Argument::I4 => "4 bytes, signed",
        Argument::U8 => "8 bytes, unsigned",
        Argument::F8 => "double, big-endian",
        Argument::Line => "line",
        Argument::TwoLines => "two lines",
        Argument::Bytes1 => "length of 1 byte, bytes",
        Argument::Bytes4 => "length of 4 bytes, bytes",
        Argument::BytesI4 => "signed length of 4 bytes, bytes",
        Argument::Bytes8 => "length of 8 bytes, bytes",
    }
}

fn stack(opcode: Opcode) -> String {
    let effect = opcode.stack_effect();
    let mut before: Vec<String> = (0..effect.pops).map(|_| "any".into()).collect();
    if effect.to_mark {
        before.push("mark".into());
        before.push("...".into());
    }
    let mut after: Vec<&str> = (0..effect.pushes).map(|_| "any").collect();
    if effect.marks {
        after.push("mark");
    }
    if before.is_empty() && after.is_empty() {
        return "-".into();
    }
    format!("{} -> {}", before.join(" "), after.join(" ")).trim().to_string()
}

fn table() -> String {
    let mut text = String::from(
        "# The opcodes\n\n\
         All 68, generated from core/src/opcode.rs by core/tests/opcodes.rs (`PICKLE_OVERWRITE=1 cargo test -p\n\
         pickle-core --test opcodes`). Numbers are little-endian where nothing else is said; a line ends at a newline.\n\
         The stack effect is that of `pickletools`: what is taken, lowest first, and what is left.\n\n\
         | byte | | name | protocol | argument | stack |\n|---|---|---|---|---|---|\n",
    );
    for opcode in Opcode::ALL {
        let byte = opcode.byte();
        let char = if byte.is_ascii_graphic() { format!("`{}`", byte as char) } else { String::new() };
        let (name, protocol) = (opcode.name(), opcode.protocol());
        let (argument, stack) = (argument(opcode.argument()), stack(*opcode));
        writeln!(text, "| 0x{byte:02x} | {char} | {name} | {protocol} | {argument} | {stack} |").unwrap();
    }
    text
}

#[test]
fn the_documented_table_is_the_real_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/opcodes.md");
    let table = table();
    if std::env::var_os("PICKLE_OVERWRITE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == table, "docs/opcodes.md is not the table; PICKLE_OVERWRITE=1 writes it anew");
}
