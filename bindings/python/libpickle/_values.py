"""What a pickle holds that plain Python has no value for, beside what the native module defines."""

from __future__ import annotations


class Str8(bytes):
    """A str of Python 2, where no encoding was asked for: the pickle does not say whether it is bytes or text."""

    __slots__ = ()

    def __repr__(self):
        return "Str8(%s)" % bytes.__repr__(self)


class Outer:
    """What the module asks the interpreter with how it writes a class in a class."""

    class Inner:
        pass
