"""What pickletools prints, for cli/tests/dis.rs. Needs Python 3.15.

    python3.15 tests/data/dis.py make DIR   write the inputs and the expected texts
    python3.15 tests/data/dis.py serve      disassemble what comes on stdin

DIR gets, for each case, NAME.pkl and
    NAME.txt            the text; NAME begins with bad_ where pickletools raises after it
    NAME.annotated.txt  with -a
    NAME.indent2.txt    with --indentlevel 2
    NAME.all.txt        every pickle in the file, and
    NAME.memo.txt       the same with -m, for the cases that begin with many_

`serve` reads a mode (a byte, p or a), a length (four bytes, big-endian) and a
pickle, and answers with an outcome (a byte, 0 fine, 1 raised, 2 cut off as too
long), a length and the text, until its input ends.
"""

import io
import os
import pickletools
import struct
import sys
import warnings

# Declared lengths are allocated by pickletools before they are read, and nested marks
# make texts that grow with the square of the input.
MEMORY_LIMIT = 2 << 30
TEXT_LIMIT = 16 << 20

ANNOTATION_COLUMN = 30


class TooLong(Exception):
    pass


class Text(io.StringIO):
    size = 0

    def write(self, text):
        self.size += len(text)
        if self.size > TEXT_LIMIT:
            raise TooLong
        return super().write(text)


def disassemble(data, every=False, memo=None, **options):
    """The outcome and the text, as UTF-8."""
    file = io.BufferedReader(io.BytesIO(data))
    out = Text()
    outcome = 0
    try:
        pickletools.dis(file, out, memo, **options)
        while every and file.peek(1):
            pickletools.dis(file, out, memo, **options)
    except TooLong:
        outcome = 2
    except Exception:
        outcome = 1
    return outcome, out.getvalue().encode()


def counted(opcode, size, payload):
    return opcode + struct.pack(size, len(payload)) + payload


def cases():
    """Names and pickles, by hand: each opcode at least once, each rule of the text at its edges."""
    every_char = bytes(range(256))
    mixed = "tab\t quote' back\\ é € \u00ad \u3000 \ufeff \U0001f600 \U000e0001 \x7f \x85"
    yield "ints", b"I0\n0I-5\n0I+7\n0I 12 \n0I1_000\n0I007\n0I00\n0I01\n0J\xff\xff\xff\x7f0J\0\0\0\x800K\xff0M\xff\xff."
    yield "longs", (
        b"L5L\n0L-5\n0L123456789012345678901234567890L\n0\x8a\x000\x8a\x01\x800\x8a\x02\xff\x000"
        + counted(b"\x8b", "<i", b"\0" * 40 + b"\x80") + b"0" + counted(b"\x8b", "<i", b"\x07" + b"\xff" * 3000) + b"."
    )
    yield "long_4300_digits", counted(b"\x8b", "<i", (10**4300 - 1).to_bytes(1787, "little")) + b"."
    floats = [0.0, -0.0, 0.1, 1e16, 9999999999999998.0, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 1208925819614629.25]
    floats += [float("inf"), float("-inf"), float("nan"), 1 / 3, 1e22, 1.5e-7, 123456789.0]
    yield "floats", b"".join(b"G" + struct.pack(">d", x) + b"0" for x in floats) + b"N."
    yield "float_texts", b"F1.5\n0F .5 \n0F5.\n0F1_0e1_0\n0F-Infinity\n0FNAN\n0F1e999\n0F-1e-999\n0F1e5\r\n."
    yield "constants", b"N0\x880\x890)0]0}0\x8f."
    yield "str", (
        counted(b"\x8c", "B", b"it's") + b"0" + counted(b"X", "<I", b"\"it's\"") + b"0"
        + counted(b"\x8d", "<Q", mixed.encode()) + b"0" + counted(b"X", "<I", b"\xed\xa0\xbd\xed\xb8\x80") + b"0\x8c\x00."
    )
    yield "unicode_lines", b"V\n0Vabc\\u20ac\\U0001f600\n0V\\\\u0041\\\\\\u0041\\x41\n0V\\ud83d\\ude00\xe9\xad\n0Vend\\\n."
    yield "python2_str", (
        b"S'a\\n\\x41\\101\\777\\q\\'\\\\\xe9'\n0S\"it's\"\n0S'\n0S'a'b'\n0" + counted(b"T", "<i", every_char)
        + b"0" + counted(b"U", "B", b"\x00'\"\xff") + b"."
    )
    yield "bytes", (
        counted(b"B", "<I", every_char) + b"0" + counted(b"C", "B", b"it's") + b"0" + counted(b"\x8e", "<Q", b"'\"")
        + b"0" + counted(b"\x96", "<Q", b"it's \xff") + b"0C\x00."
    )
    yield "buffers", b"\x80\x05\x97\x98\x97\x86."
    yield "lists", b"(lK\x01a(K\x02(K\x03le."
    yield "list_appends", b"](K\x01K\x02](K\x03ee."
    yield "tuples", b"(tN\x85NN\x86NNN\x87((Ntt0000."
    yield "dicts", b"(K\x01K\x02dK\x03K\x04s(K\x05}K\x06]s\x85K\x07u."
    yield "sets", b"\x8f(K\x01K\x02\x90(K\x01\x910."
    yield "marks_popped", b"((N0(1(N100((N1(00N."
    yield "pop_mark_in_recursive_tuple", b"((lp0\n(g0\ntp1\na00g1\n."
    yield "globals", b"cbuiltins\nlist\n0cm\\x41\n\xc3\xa9\\n\n0\x8c\x01m\x8c\x01n\x930(ia\nb\n0(cc\nd\nNo."
    yield "objects", b"cm\nC\n)R}b0cm\nC\n)\x810cm\nC\n)}\x92."
    yield "persistent", b"Pid 'x'\\x21\n0P\n0K\x07Q."
    yield "extensions", b"\x82\x010\x83\x01\x020\x84\xff\xff\xff\x7f0\x84\xff\xff\xff\xff."
    yield "memo", b"]p0\nq\x01r\x02\x00\x00\x00\x94g0\nh\x01j\x02\0\0\0h\x03g3\n\x87\x85aK\x00\x94p007\ng7\n\x86000."
    yield "memo_odd_keys", b"]p-1\np99999999999999999999999\np00\np01\ng-1\ng99999999999999999999999\nh\x00g1\n0000."
    yield "memo_key_true", b"Np01\ng1\n0h\x010g01\n0."
    frame = b"\x8c\x05hello\x94."
    yield "framed", b"\x80\x04\x95" + struct.pack("<Q", len(frame)) + frame
    yield "frames_ignored", b"\x80\x04\x95\x01" + b"\0" * 7 + b"X\x02\0\0\0ab0\x95" + b"\xff" * 8 + b"\x95" + b"\0" * 8 + b"N."
    yield "protocol_9", b"\x80\x09N.trailing bytes"
    yield "mark_as_object", b"N(a."
    yield "stop_at_mark", b"(."
    yield "dup", b"N2\x86."
    yield "annotation_columns", b"](K\x01" + counted(b"X", "<I", b"x" * 40) + b"N" + counted(b"X", "<I", b"\xc3\xa9" * 9) + b"NNe."
    # Longer than a reader's buffer, with the one quote that decides at the end.
    yield "long_str", b"(" + counted(b"X", "<I", ("é€😀" * 8000).encode() + b"'") + b"t."
    yield "long_line", b"V" + b"\\u20acx" * 10000 + b"\n."
    yield "long_names", b"cm\n" + b"\\x41\xc3\xa9" * 11000 + b"\n."
    yield "many_pickles", b"\x80\x02]q\x00.\x80\x02K\x01q\x01.N."
    yield "many_with_shared_memo", b"]q\x00.h\x00\x94.h\x01."
    yield "many_then_junk", b"N.N.\xff"
    yield "bad_empty", b""
    yield "bad_no_stop", b"NN"
    yield "bad_opcode", b"N\x00."
    yield "bad_truncated_str", b"]X\xff\0\0\0abc"
    yield "bad_truncated_line", b"]Vabc"
    yield "bad_length", b"]\x8e" + b"\xff" * 8 + b"N."
    yield "bad_negative_length", b"]\x8b\xff\xff\xff\xffN."
    yield "bad_int", b"]I1L\n."
    yield "bad_int_too_long", b"]L1" + b"0" * 4300 + b"\n."
    yield "bad_long_too_long", b"]" + counted(b"\x8b", "<i", (10**4300).to_bytes(1787, "little")) + b"."
    yield "bad_float", b"]F1._5\n."
    yield "bad_string_quotes", b"]S'a\"\n."
    yield "bad_string_escape", b"]S'\\x4'\n."
    yield "bad_string_backslash", b"]S'a\\'\n."
    yield "bad_unicode_escape", b"]V\\U00110000\n."
    yield "bad_utf8", b"]X\x02\0\0\0\xc0\x80."
    yield "bad_global_surrogate", b"]cm\\xed\\xa0\\x80\nn\n."
    yield "bad_underflow", b"]NNR0s."
    yield "bad_no_mark", b"]t."
    yield "bad_lost_mark", b"N(2at."
    yield "bad_memo_empty", b"q\x00."
    yield "bad_memo_mark", b"(\x94."
    yield "bad_memo_missing", b"]h\x05."
    yield "bad_leftover", b"N(N."


def make(folder):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith((".pkl", ".txt")):
            os.remove(os.path.join(folder, name))
    seen = set()
    for name, data in cases():
        outcome, text = disassemble(data)
        assert outcome == name.startswith("bad_"), (name, outcome, text)
        seen.update(line[7:].split()[1] for line in text.decode().splitlines()[:-1])
        texts = {"": text, ".annotated": disassemble(data, annotate=ANNOTATION_COLUMN)[1]}
        if b"MARK" in text:
            texts[".indent2"] = disassemble(data, indentlevel=2)[1]
        if name.startswith("many_"):
            texts[".all"] = disassemble(data, every=True)[1]
            texts[".memo"] = disassemble(data, every=True, memo={})[1]
        if len(data) > 10000:
            texts = {"": text}
        files = {name + ".pkl": data} | {name + kind + ".txt": text for kind, text in texts.items()}
        for file_name, content in files.items():
            with open(os.path.join(folder, file_name), "wb") as file:
                file.write(content)
    missing = {opcode.name for opcode in pickletools.opcodes} - seen
    assert not missing, missing


def serve():
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    while header := sys.stdin.buffer.read(5):
        mode, size = struct.unpack(">cI", header)
        data = sys.stdin.buffer.read(size)
        outcome, text = disassemble(data, annotate=ANNOTATION_COLUMN if mode == b"a" else 0)
        sys.stdout.buffer.write(struct.pack(">BI", outcome, len(text)) + text)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["make"]:
        make(sys.argv[2])
    elif sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit(__doc__)
