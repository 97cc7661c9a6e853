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
    """The input ended where an opcode could begin: there is no pickle, or it is not whole."""


class BadTextError(PickleError, ValueError):
    """A number, a text or a protocol that cannot be read: a ValueError, as in the pickle module."""


class WrongTypeError(PickleError, TypeError):
    """A value of a type that cannot stand here: a TypeError, as in the pickle module."""


class RefusedError(PickleError):
    """The pickle names what its policy does not allow. Nothing of it was imported or called.

    names has all of them: module and name with a dot between them.
    """

    def __init__(self, message, kind="Refused", offset=0, names=()):
        super().__init__(message, kind, offset)
        self.names = list(names)

    @classmethod
    def of(cls, names):
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return cls("the policy does not allow what the pickle names: " + shown, names=names)

    def __reduce__(self):
        return type(self), (self.args[0], self.kind, self.offset, self.names)
