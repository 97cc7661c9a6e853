#!/usr/bin/env python3
"""Two pickles in every spelling of bytes in text, for cli/tests/wrap.rs.

    python3 tests/data/spellings.py tests/data/spellings    # Python 3, xxd, hexdump, od

`old.KIND` becomes `new.KIND` when the value under "text" is changed. What redis-cli and PostgreSQL print is written by their own
rules: `sdscatrepr` of Redis, `byteaout` of PostgreSQL.
"""

import base64
import json
import subprocess
import sys
from pathlib import Path


def pickled(text):
    """What `pickle edit` makes of the one of the other: opcodes without a frame."""
    data = text.encode()
    head = b"\x80\x04}(\x8c\x04blobC\x26\x00\x01\x07\x08\t\r\x1b\x7f\x80\xff\\'" + bytes(range(200, 226))
    return head + b"\x8c\x04text\x8c" + bytes([len(data)]) + data + b"u."


def redis(data):
    named = {10: "\\n", 13: "\\r", 9: "\\t", 7: "\\a", 8: "\\b", 34: '\\"', 92: "\\\\"}
    return '"' + "".join(named.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data) + '"'


def octal(data):
    return "".join("\\\\" if b == 92 else chr(b) if 32 <= b < 127 else f"\\{b:03o}" for b in data)


def run(data, *command):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def lines(text, width, end):
    return end.join(text[at : at + width] for at in range(0, len(text), width))


def spellings(data):
    digits, b64 = data.hex(), base64.b64encode(data).decode()
    other = b"\x80\x04K\x07."
    yield "hex", digits
    yield "hex-lines", lines(digits, 60, "\n") + "\n"
    yield "hex-blanks", data.hex(" ")
    yield "postgresql-hex", "\\x" + digits + "\n"
    yield "mysql-hex", "0x" + digits.upper() + "\n"
    yield "sql", "X'" + digits.upper() + "'"
    yield "base64", b64 + "\n"
    yield "base64-lines", base64.encodebytes(data).decode()
    yield "base64-crlf", lines(b64, 64, "\r\n") + "\r\n"
    yield "base64-urls", base64.urlsafe_b64encode(data).decode().rstrip("=")
    yield "repr", repr(data) + "\n"
    yield "bytearray", repr(bytearray(data))
    yield "repr-2", repr(data)[1:]
    yield "redis", redis(data) + "\n"
    yield "redis-list", "1) " + redis(other) + "\n2) " + redis(data) + "\n"
    yield "postgresql-escape", octal(data)
    yield "xxd", run(data, "xxd").decode()
    yield "hexdump", run(data, "hexdump", "-vC").decode()
    yield "od", run(data, "od", "-v", "-A", "x", "-t", "x1").decode()
    other = base64.b64encode(b"\x80\x04X\x07\x00\x00\x00another.").decode()
    yield "table.csv", f"id,data,note\n1,{other},x\n2,{b64},\"a, b\"\n3,,y\n"
    yield "rows.json", json.dumps({"rows": [{"data": other}, {"data": data.decode("latin-1"), "n": 1}]}, indent=1)


def main(folder):
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    for name, text in ("old", "old"), ("new", 'it\'s "new"\n'):
        for kind, spelled in spellings(pickled(text)):
            (folder / f"{name}.{kind}").write_bytes(spelled.encode())


if __name__ == "__main__":
    main(sys.argv[1])
