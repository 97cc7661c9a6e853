"""same.py FILE COPY: do two pickles say the same? What is shared in memory, and so in the memo, may differ."""

import pickletools
import sys


def ops(path):
    """The opcodes without the memo: what is fetched is what was put there."""
    memo, last = [], None
    with open(path, "rb") as file:
        for op, arg, _ in pickletools.genops(file):
            if op.name in ("BINGET", "LONG_BINGET"):
                op, arg = memo[arg]
            elif op.name == "MEMOIZE":
                memo.append(last)
                continue
            last = op, arg
            if op.name != "FRAME":
                yield op.name, repr(arg)  # nan differs from itself


file, copy = (list(ops(path)) for path in sys.argv[1:])
if file != copy:
    differ = next(i for i, pair in enumerate(zip(file + [None], copy + [None])) if pair[0] != pair[1])
    sys.exit("%s and %s differ at opcode %d: %r, %r" % (*sys.argv[1:], differ, file[differ : differ + 1], copy[differ : differ + 1]))
print("%s says what %s does: %d opcodes" % (sys.argv[2], sys.argv[1], len(file)))
