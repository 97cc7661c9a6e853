#!/usr/bin/env python3
"""Builds the programs of this folder for Cortex-M, runs them under QEMU, and prints what each adds to the empty one.

Usage: run.py [--check | --riscv]     with --check, measures what budget.tsv names, and fails where a number is above it;
                                      with --riscv, a RISC-V of 32 bits with compressed instructions, without C

Rust programs are compared with an empty one in Rust, C programs with one in C.

The command that builds is $BARE (default: cargo), with the flags in $BARE_FLAGS.
Needs arm-none-eabi-gcc with newlib and qemu-system-arm. $TINYCBOR is a folder with the sources of TinyCBOR; without
it, that peer is left out, and the line that says so is printed.
"""

import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = {"thumbv7m": "lm3s6965evb", "thumbv6m": "microbit"}
RISCV = {"riscv32imc": "virt"}
PROFILES = {"z": "release", "s": "speed"}
# Program, features: what the row is called. A document alone differs by what `full` has.
PROGRAMS = {
    ("opcodes", ""): "decode, opcodes to fields",
    ("message", ""): "decode, message of known layout",
    ("document", "full"): "decode, document and getters",
    ("document", "text-float"): "the same with text floats",
    ("document", ""): "the same without the features of `full`",
    ("view", "full"): "decode, document and views",
    ("view", ""): "the same without the features of `full`",
    ("encode", ""): "encode, pickler",
    ("encode_opcodes", ""): "encode, opcode by opcode",
    ("message_encode", ""): "encode, message of known layout",
    ("both", ""): "both, opcode by opcode",
    ("judge", "verdict"): "the verdict, with the standard library's table",
    ("minicbor_decode", ""): "minicbor decode",
    ("postcard_decode", ""): "postcard decode (no keys)",
    ("minicbor_encode", ""): "minicbor encode",
    ("postcard_encode", ""): "postcard encode (no keys)",
}
# Programs in C, features of the archive: what the row is called, the sources of the peer.
C_PROGRAMS = {
    ("opcodes", "full"): ("C, decode, opcodes to fields", None),
    ("message", "full"): ("C, decode, message of known layout", None),
    ("document", "full"): ("C, decode, document and getters", None),
    ("document", ""): ("C, the same without the features of `full`", None),
    ("encode", "full"): ("C, encode, writer", None),
    ("tinycbor_decode", ""): ("TinyCBOR decode", "cborparser.c"),
    ("tinycbor_encode", ""): ("TinyCBOR encode", "cborencoder.c"),
}
OURS = ("opcodes", "message", "document", "view", "encode", "encode_opcodes", "message_encode", "both", "judge")
# Of each row: target, opt-level (of C: -Os, with the archive at z), and which number.
COLUMNS = [(target, level, 0) for target in TARGETS for level in PROFILES]
COLUMNS += [("thumbv7m", "z", 1), ("thumbv7m", "z", 2), ("thumbv7m", "z", 3), ("thumbv7m", "s", 3)]
# Two instructions a turn, in harness `ticks_of_turns`; runs in `RUNS`.
CALIBRATION, RUNS = 100_000, 64
PANICS = re.compile(r"panicking|panic_fmt|panic_bounds|unwrap_failed|expect_failed|rust_begin_unwind|__rust_alloc")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(target, profile, features, programs):
    """Builds the programs; returns the folder they are in."""
    folder = HERE / "target" / (features or "plain")
    command = [*shlex.split(os.environ.get("BARE", "cargo")), "build", "-q", *shlex.split(os.environ.get("BARE_FLAGS", ""))]
    triple = f"{target}-unknown-none-elf" if target in RISCV else f"{target}-none-eabi"
    command += ["--profile", profile, "--target", triple, "--features", features, "--target-dir", str(folder)]
    for program in programs:
        command += ["--bin", program]
    subprocess.run(command, check=True, cwd=HERE)
    return folder / triple / profile


def build_archive(target, features):
    """libpickle.a for a target, without text floats."""
    folder = HERE / "target/archive" / (features or "plain")
    subprocess.run(["make", "-s", "-C", HERE / "../../ffi", "static", f"TARGET={target}-none-eabi", f"FEATURES={features}",
                    f"CARGO={os.environ.get('BARE', 'cargo')}", f"CARGO_FLAGS={os.environ.get('BARE_FLAGS', '')}",
                    f"TARGET_DIR={folder}"],
                   check=True, env={**os.environ, "CARGO_PROFILE_RELEASE_OPT_LEVEL": "z"})
    return folder / f"{target}-none-eabi/release/libpickle.a"


def build_c(target, program, peer, archive, elf):
    """Builds a program in C at `elf`; returns None where the peer's sources are not there."""
    sources = [HERE / "c/harness.c", HERE / f"c/{program}.c"]
    tinycbor = Path(os.environ.get("TINYCBOR", "/nonexistent"))
    if peer:
        if not (tinycbor / peer).exists():
            return None
        sources.append(tinycbor / peer)
    cpu, ram = ("cortex-m0", "16K") if target == "thumbv6m" else ("cortex-m3", "64K")
    subprocess.run(
        ["arm-none-eabi-gcc", "-std=c11", f"-mcpu={cpu}", "-mthumb", "-Os", "-Wall", "-Wextra", "-flto", "-DNDEBUG",
         "-ffunction-sections", "-fdata-sections", f"-I{HERE}/../../include", f"-I{tinycbor}", "--specs=nano.specs",
         "-nostartfiles", f"-T{HERE}/../../examples/firmware-c/board.ld", f"-Wl,--defsym=RAM_SIZE={ram}",
         "-Wl,--gc-sections", *sources, archive, "-o", elf], check=True)
    return elf


def measure(elf, machine):
    """Flash, static RAM, stack in bytes; instructions of one message; names of panic symbols."""
    arm = machine not in RISCV.values()
    # Those of GNU know ARM alone.
    size, nm = ("arm-none-eabi-size", "arm-none-eabi-nm") if arm else ("llvm-size", "llvm-nm")
    text, data, bss = (int(n) for n in output(size, str(elf)).splitlines()[1].split()[:3])
    symbols = output(nm, "-C", "-S", str(elf))
    message = re.search(r"^\S+ (\S+) \S MESSAGE$", symbols, re.M)
    flash = text + data - (int(message[1], 16) if message else 0)
    run = subprocess.run(
        [*(["qemu-system-arm"] if arm else ["qemu-system-riscv32", "-bios", "none"]), "-machine", machine, "-display", "none", "-serial", "none", "-monitor", "none",
         "-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel", str(elf)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=60)
    # Semihosting writes to either stream, depending on QEMU's version.
    numbers = re.search(r"\b([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ", run.stdout + run.stderr)
    if run.returncode or not numbers:
        sys.exit(f"{elf} failed: exit code {run.returncode}\n{run.stdout}{run.stderr}")
    ok, stack, ticks, calibration = (int(n, 16) for n in numbers.groups())
    if ok != 1:
        sys.exit(f"{elf}: the message came out wrong")
    return flash, data + bss, stack, ticks * CALIBRATION // calibration // RUNS, PANICS.findall(symbols)


def main():
    if "--riscv" in sys.argv:
        return riscv()
    rows, faults = {}, []
    named = {tuple(line[:3]) for line in budget()} if "--check" in sys.argv else None
    wants = lambda program, target, level: named is None or (program, target, level) in named
    for target, machine in TARGETS.items():
        for level, profile in PROFILES.items():
            empty = None
            for features in sorted({features for _, features in PROGRAMS}):
                title = lambda program: program + (f"+{features}" if features else "")
                wanted = [program for program, needs in PROGRAMS
                          if needs == features and wants(title(program), target, level)]
                if not wanted:
                    continue
                folder = build(target, profile, features, ["empty", *wanted])
                empty = empty or measure(folder / "empty", machine)
                for program in wanted:
                    *numbers, panics = measure(folder / program, machine)
                    name = title(program)
                    rows[name, target, level] = [n - e for n, e in zip(numbers, empty)]
                    if panics and program in OURS:
                        faults.append(f"{name}, {target}, {level}: panic symbols: {sorted(set(panics))}")
        c_title = lambda program, features: "c-" + program + (f"+{features}" if features else "")
        wanted = {key: peer for key, (_, peer) in C_PROGRAMS.items() if wants(c_title(*key), target, "z")}
        if not wanted:
            continue
        archives = {features: build_archive(target, features) for features in {features for _, features in wanted}}
        at = lambda name: HERE / "target" / f"{target}-{name}"
        empty = measure(build_c(target, "empty", None, next(iter(archives.values())), at("c-empty")), machine)
        for (program, features), peer in wanted.items():
            name = c_title(program, features)
            if elf := build_c(target, program, peer, archives[features], at(name)):
                *numbers, panics = measure(elf, machine)
                rows[name, target, "z"] = [n - e for n, e in zip(numbers, empty)]
                if panics and program in OURS:
                    faults.append(f"{elf.name}: panic symbols: {sorted(set(panics))}")
            else:
                print(f"left out: {program}, $TINYCBOR has no {peer}")
    print("| over an empty program | flash, v7m z | v7m s | v6m z | v6m s | RAM | stack, v7m z | instructions, v7m z | v7m s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    titles = {program + (f"+{features}" if features else ""): title for (program, features), title in PROGRAMS.items()}
    titles |= {"c-" + program + (f"+{features}" if features else ""): title for (program, features), (title, _) in C_PROGRAMS.items()}
    for name, title in titles.items():
        cells = []
        for target, level, which in COLUMNS:
            row = rows.get((name, target, level))
            cells.append(str(row[which]) if row else "")
        if any(cells):
            print(f"| {title} | {' | '.join(cells)} |")
    print("\n".join(faults))
    return check(rows) or bool(faults) if "--check" in sys.argv else 0


def riscv():
    """The programs in Rust on RISC-V: a table of its own."""
    rows, faults = {}, []
    for (target, machine), (level, profile) in itertools.product(RISCV.items(), PROFILES.items()):
        empty = None
        for features in sorted({features for _, features in PROGRAMS}):
            folder = build(target, profile, features, ["empty", *(program for program, needs in PROGRAMS if needs == features)])
            empty = empty or measure(folder / "empty", machine)
            for program, needs in PROGRAMS:
                if needs == features:
                    *numbers, panics = measure(folder / program, machine)
                    rows[PROGRAMS[program, needs], level] = [n - e for n, e in zip(numbers, empty)]
                    if panics and program in OURS:
                        faults.append(f"{program}, {target}, {level}: panic symbols: {sorted(set(panics))}")
    print("| riscv32imc, over an empty program | flash, z | s | RAM | stack, z | instructions, z | s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for title in PROGRAMS.values():
        small, fast = rows[title, "z"], rows[title, "s"]
        print(f"| {title} | {small[0]} | {fast[0]} | {small[1]} | {small[2]} | {small[3]} | {fast[3]} |")
    print("\n".join(faults))
    return bool(faults)


def budget():
    """The lines of the budget: program, target, opt-level, flash, RAM, stack."""
    return [line.split("\t") for line in (HERE / "budget.tsv").read_text().splitlines() if not line.startswith("#")]


def check(rows):
    passed = failed = 0
    for program, target, level, *most_of in budget():
        over = [
            f"{what} {got} > {most}"
            for what, got, most in zip(("flash", "RAM", "stack"), rows.get((program, target, level), []), map(int, most_of))
            if got > most
        ]
        if (program, target, level) not in rows:
            over = ["not measured"]
        failed += bool(over)
        passed += not over
        if over:
            print(f"{program}, {target}, {level}: {', '.join(over)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
