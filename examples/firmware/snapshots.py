#!/usr/bin/env python3
"""Runs the firmware under QEMU and compares what it says with src/bin/NAME.out.

This Python pickles the messages; they go into the board's UART. Lines come out
through defmt, replies through the UART, and this Python loads them.
`--bless` writes the .out files anew. Usage: snapshots.py [--bless] ELF_FOLDER...
"""

import datetime
import io
import os
import pickle
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCES = Path(__file__).parent / "src" / "bin"
TELEMETRY = {"id": 7, "temp": 21.5, "name": "probe-3", "samples": [1, 2, 3, 4]}


def telemetry():
    """The message in every protocol, something else, and None."""
    messages = [pickle.dumps(TELEMETRY, protocol) for protocol in range(6)]
    return b"".join(messages) + pickle.dumps([1, 2]) + pickle.dumps(None)


def damaged():
    """A byte that is no opcode: the reader must say where."""
    return b"\x80\x04}\x94(\xff" + pickle.dumps(None)


def records():
    """A thousand rows in one pickle."""
    return pickle.dumps([{"id": i, "temp": i / 8, "name": f"probe-{i}"} for i in range(1000)], 4)


def messages():
    """Messages in every protocol, and one of another layout."""
    known = dict(TELEMETRY, samples=list(range(8)))
    first = {"millis": 21500, **{key: known[key] for key in ("samples", "name", "id")}}
    messages = [pickle.dumps(known if protocol else first, protocol) for protocol in range(6)]
    return b"".join(messages) + pickle.dumps(tuple(known[key] for key in ("id", "name", "samples"))) + pickle.dumps([1, 2])


def judged():
    """Messages with their length before them: harmless ones, then others. What is dangerous is spelled, never loaded."""
    messages = [pickle.dumps(TELEMETRY, protocol) for protocol in range(6)]
    messages += [pickle.dumps(datetime.date(2024, 2, 29), 4), pickle.dumps(list(range(50)), 4)]
    messages += [b"cos\nsystem\n(S'true'\ntR.", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
                 b"cmyapp\nUser\n)R.", b"\x80\x04]\x94(K\x01", b"\x80\x04" + b"]" * 200 + b"a" * 199 + b"."]
    return b"".join(struct.pack("<H", len(message)) + message for message in messages) + bytes(2)


# Name of the .out file: the program, what is sent, whether it ends well, what it replies.
RUNS = {
    "telemetry": ("telemetry", telemetry, True, [{"id": 7, "sum": 10}] * 6),
    "telemetry-damaged": ("telemetry", damaged, False, []),
    "telemetry_async": ("telemetry_async", telemetry, True, []),
    "message": ("message", messages, True, []),
    "records": ("records", records, True, []),
    "judge": ("judge", judged, True, [True] * 8 + [False] * 5),
}


def machine(elf):
    return "microbit" if "thumbv6m" in elf or "cortex-m0" in elf else "lm3s6965evb"


def is_c(elf):
    return "firmware-c" in elf


def run(elf, sent):
    """Sends bytes to the UART of the program: exit code, lines, bytes that came back, errors."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = os.path.join(folder, "uart")
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(30)
        qemu = subprocess.Popen(
            ["qemu-system-arm", "-machine", machine(elf), "-display", "none", "-monitor", "none",
             "-chardev", f"socket,id=uart,path={path}", "-serial", "chardev:uart",
             "-semihosting-config", "enable=on,target=native", "-kernel", elf],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        try:
            uart, _ = listener.accept()
            with uart:
                # What arrives before the UART is on is lost, as on the real board.
                time.sleep(1)
                uart.settimeout(30)
                reply = b""
                try:
                    uart.sendall(sent)
                    while chunk := uart.recv(4096):
                        reply += chunk
                except (BrokenPipeError, ConnectionResetError):
                    pass
            frames, errors = qemu.communicate(timeout=30)
        finally:
            qemu.kill()
    if is_c(elf):
        # Semihosting prints to the standard error of this QEMU, or to its output. QEMU speaks there as well.
        lines = (frames + errors).decode().splitlines(keepends=True)
        return qemu.returncode, "".join(line for line in lines if not line.startswith("Timer with period zero")), reply, ""
    lines = subprocess.run(["defmt-print", "-e", elf, "--log-format", "{L} {s}"],
                           input=frames, stdout=subprocess.PIPE, check=True)
    return qemu.returncode, lines.stdout.decode(), reply, errors.decode(errors="replace")


def loads(stream):
    """All pickles of a stream."""
    file, found = io.BytesIO(stream), []
    while file.tell() < len(stream):
        found.append(pickle.load(file))
    return found


def main():
    bless = "--bless" in sys.argv
    failed = passed = 0
    for folder in [arg for arg in sys.argv[1:] if arg != "--bless"]:
        for name, (program, message, ends_well, replies) in RUNS.items():
            elf = os.path.join(folder, program)
            if is_c(elf):
                if program != "telemetry":
                    continue
            code, lines, reply, errors = run(elf, message())
            file = SOURCES / f"{name}.out"
            if bless:
                file.write_text(lines)
            expected = file.read_text()
            good = (code == 0) == ends_well and lines == expected and loads(reply) == replies
            print(f"{machine(elf)} {name}{' in C' if is_c(elf) else ''}: {'ok' if good else 'FAILED'}", flush=True)
            if not good:
                print(f"exit code {code}\n{lines}\n--- expected\n{expected}\nreply: {reply}\n{errors}")
            failed += not good
            passed += good
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
