"""same.py FILE COPY: do two pickles say the same? What is shared in memory may differ. Nothing that they name is called."""

import pickle
import struct
import sys


class Made:
    """An object: its class, what it was made of, and what happened to it."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.__dict__.update(made=[cls.__module__, cls.__qualname__, args, kwargs], happened=[])
        return self

    def __setstate__(self, state):
        self.happened.append(state)

    def append(self, item):
        self.happened.append(("append", item))

    def __setitem__(self, key, value):
        self.happened.append(("set", key, value))


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        return type(name, (Made,), {"__module__": module, "__qualname__": name})


def parts(value):
    """What a value says by itself, and the values in it."""
    if isinstance(value, type):
        return (value.__module__, value.__qualname__), []
    if isinstance(value, Made):
        return "object", [value.made, value.happened]
    if isinstance(value, (list, tuple)):
        return (type(value), len(value)), value
    if isinstance(value, dict):
        return (type(value), len(value)), [part for pair in value.items() for part in pair]
    if isinstance(value, float):
        return struct.pack("d", value), []
    return (type(value), value), []


def count(left, right):
    """How many values two values hold, if they are the same."""
    seen, todo = set(), [(left, right)]
    while todo:
        left, right = todo.pop()
        if (id(left), id(right)) in seen:
            continue
        seen.add((id(left), id(right)))
        (left_says, left_holds), (right_says, right_holds) = parts(left), parts(right)
        if left_says != right_says:
            sys.exit("%s and %s differ: %r, %r" % (*sys.argv[1:], left_says, right_says))
        todo += zip(left_holds, right_holds)
    return len(seen)


file, copy = (Reader(open(path, "rb")).load() for path in sys.argv[1:])
print("%s says what %s does: %d values" % (sys.argv[2], sys.argv[1], count(file, copy)))
