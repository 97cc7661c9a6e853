#!/usr/bin/env python3
"""Builds the programs of this folder for Cortex-M, runs them under QEMU, and prints what each adds to the empty one.

Usage: run.py [--check]     with --check, fails where a number is above budget.tsv

The command that builds is $BARE (default: cargo), with the flags in $BARE_FLAGS.
Needs arm-none-eabi binutils and qemu-system-arm.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = {"thumbv7m": "lm3s6965evb", "thumbv6m": "microbit"}
PROFILES = {"z": "release", "s": "speed"}
# Program, features: what the row is called.
PROGRAMS = {
    ("opcodes", ""): "decode, opcodes to fields",
    ("document", ""): "decode, document and getters",
    ("document", "text-float"): "the same with text floats",
    ("encode", ""): "encode, pickler",
    ("encode_opcodes", ""): "encode, opcode by opcode",
    ("both", ""): "both: opcodes to fields, pickler",
    ("minicbor_decode", ""): "minicbor decode",
    ("postcard_decode", ""): "postcard decode (no keys)",
    ("minicbor_encode", ""): "minicbor encode",
    ("postcard_encode", ""): "postcard encode (no keys)",
}
OURS = ("opcodes", "document", "encode", "encode_opcodes", "both")
# Two instructions a turn, in harness `ticks_of_turns`; runs in `RUNS`.
CALIBRATION, RUNS = 100_000, 64
PANICS = re.compile(r"panicking|panic_fmt|panic_bounds|unwrap_failed|expect_failed|rust_begin_unwind|__rust_alloc")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(target, profile, features, programs):
    """Builds the programs; returns the folder they are in."""
    folder = HERE / "target" / (features or "plain")
    command = [*shlex.split(os.environ.get("BARE", "cargo")), "build", "-q", *shlex.split(os.environ.get("BARE_FLAGS", ""))]
    command += ["--profile", profile, "--target", f"{target}-none-eabi", "--features", features, "--target-dir", str(folder)]
    for program in programs:
        command += ["--bin", program]
    subprocess.run(command, check=True, cwd=HERE)
    return folder / f"{target}-none-eabi" / profile


def measure(elf, machine):
    """Flash, static RAM, stack in bytes; instructions of one message; names of panic symbols."""
    text, data, bss = (int(n) for n in output("arm-none-eabi-size", str(elf)).splitlines()[1].split()[:3])
    symbols = output("arm-none-eabi-nm", "-C", "-S", str(elf))
    message = re.search(r"^\S+ (\S+) \S MESSAGE$", symbols, re.M)
    flash = text + data - (int(message[1], 16) if message else 0)
    run = subprocess.run(
        ["qemu-system-arm", "-machine", machine, "-display", "none", "-serial", "none", "-monitor", "none",
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
    rows = {}
    for target, machine in TARGETS.items():
        for level, profile in PROFILES.items():
            empty = None
            for features in sorted({features for _, features in PROGRAMS}):
                wanted = [program for program, needs in PROGRAMS if needs == features]
                folder = build(target, profile, features, ["empty", *wanted])
                empty = empty or measure(folder / "empty", machine)
                for program in wanted:
                    *numbers, panics = measure(folder / program, machine)
                    name = program + (f"+{features}" if features else "")
                    rows[name, target, level] = [n - e for n, e in zip(numbers, empty)]
                    if panics and program in OURS:
                        sys.exit(f"{name}, {target}, {level}: panic symbols: {sorted(set(panics))}")
    print("| over an empty program | flash, v7m z | flash, v7m s | flash, v6m z | flash, v6m s | RAM | stack, v7m z | instructions, v7m z | v7m s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for (program, features), title in PROGRAMS.items():
        name = program + (f"+{features}" if features else "")
        at = lambda target, level, which: rows[name, target, level][which]
        cells = [at(target, level, 0) for target in TARGETS for level in PROFILES]
        cells += [at("thumbv7m", "z", 1), at("thumbv7m", "z", 2), at("thumbv7m", "z", 3), at("thumbv7m", "s", 3)]
        print(f"| {title} | {' | '.join(map(str, cells))} |")
    if "--check" in sys.argv:
        return check(rows)


def check(rows):
    passed = failed = 0
    for line in (HERE / "budget.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        program, target, level, *budget = line.split("\t")
        over = [
            f"{what} {got} > {most}"
            for what, got, most in zip(("flash", "RAM", "stack"), rows.get((program, target, level), []), map(int, budget))
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
