"""What goes wrong."""

from __future__ import annotations

from pickle import PicklingError, UnpicklingError


class PickleError(UnpicklingError, PicklingError):
    """A pickle could not be read or written.

    kind is the name of what went wrong, such as Truncated; offset is in bytes, from the start of the stream to the
    opcode at fault.
    """

    def __init__(self, message, kind, offset):
        super().__init__(message)
        self.kind = kind
        self.offset = offset

    def __reduce__(self):
        return type(self), (self.args[0], self.kind, self.offset)


class EndOfInputError(PickleError, EOFError):
    """The input ended where an opcode could begin: there is no pickle, or it is cut off."""


class BadTextError(PickleError, ValueError):
    """A number, a text or a protocol that cannot be read: a ValueError, as in the pickle module."""


class BadUtf8Error(BadTextError, UnicodeDecodeError):
    """A text that is not UTF-8: a UnicodeDecodeError, as in the pickle module."""

    __str__ = Exception.__str__

    def __init__(self, message, kind, offset):
        UnicodeDecodeError.__init__(self, "utf-8", b"", 0, 0, message)
        self.args = (message,)
        self.kind = kind
        self.offset = offset

    def __new__(cls, message, kind, offset):
        return UnicodeDecodeError.__new__(cls, "utf-8", b"", 0, 0, message)


class WrongTypeError(PickleError, TypeError):
    """A value of a type that cannot stand here: a TypeError, as in the pickle module."""


class RefusedError(PickleError):
    """The pickle names or does what its policy does not allow. Nothing of it was imported or called.

    names has all of it: module and name with a dot between them, or in angle brackets what has no name. report is what
    libpickle.scan says of the pickle, with reasons and offsets.
    """

    def __init__(self, message, kind="Refused", offset=0, names=(), report=None):
        super().__init__(message, kind, offset)
        self.names = list(names)
        self._judged = report

    @classmethod
    def of(cls, names, report=None):
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        verdict = " (%s)" % report["verdict"] if report else ""
        return cls("the policy does not allow what the pickle names: " + shown + verdict, names=names, report=report)

    def __reduce__(self):
        return type(self), (self.args[0], self.kind, self.offset, self.names, self._judged)

    @property
    def report(self):
        # Nothing is imported while a pickle is refused.
        from ._scan import Report

        return None if self._judged is None else Report.of([("", self._judged)])
