"""Loads pairs of pickles and compares what they are; and says what pickletools.optimize makes of files.

Standard input has lines `loads HEX HEX` or `optimize PATH`. For `loads` the answer is `same`, `skip REASON` (the first
does not load here, as a class is missing, or its repr takes more than two seconds) or `differs ...`; for `optimize` it is a SHA-256, or `skip REASON`.
Values are compared by their repr, addresses taken out.
"""

import hashlib
import io
import pickle
import pickletools
import re
import signal
import sys


def slow(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, slow)
sys.setrecursionlimit(5000)


class Unpickler(pickle.Unpickler):
    def persistent_load(self, pid):
        return ("persistent", pid)


def load(data):
    return Unpickler(io.BytesIO(data), encoding="latin1", buffers=iter([b"buffer"] * 100)).load()


def look(value):
    parts = [repr(value)]
    if hasattr(value, "__dict__"):
        parts.append(repr(vars(value)))
    if hasattr(value, "__next__"):
        parts.append(repr(list(value)[:100]))
    return re.sub(r"0x[0-9a-f]+", "0x", str(type(value)) + " ".join(parts))


for line in sys.stdin:
    words = line.split()
    signal.alarm(2 if words[0] == "loads" else 0)
    if words[0] == "optimize":
        try:
            with open(words[1], "rb") as file:
                answer = hashlib.sha256(pickletools.optimize(file.read())).hexdigest()
        except Exception as error:
            answer = "skip %s" % type(error).__name__
    else:
        first, second = (bytes.fromhex(word) for word in words[1:])
        try:
            wanted = look(load(first))
        except Exception as error:
            print("skip", type(error).__name__, flush=True)
            continue
        try:
            found = look(load(second))
            answer = "same" if found == wanted else "differs %.200s | %.200s" % (wanted, found)
        except TimeoutError:
            answer = "skip slow"
        except Exception as error:
            answer = "differs %.200s | %r" % (wanted, error)
    print(answer.replace("\n", " "), flush=True)
