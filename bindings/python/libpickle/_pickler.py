"""Pickler and Unpickler as the pickle module has them."""

from __future__ import annotations

import pickle

from ._native import _Reader, _Writer
from ._policy import policy_of


def _hook(owner, name, base):
    """A method that a subclass or a caller has set; None for that of the base class."""
    method = getattr(owner, name, None)
    return None if getattr(method, "__func__", None) is getattr(base, name, None) else method


def _no_reducer(obj):
    # As the C pickler does with what is there and None.
    raise TypeError("'NoneType' object is not callable")


class Pickler:
    """Writes any value that can be pickled to a binary file, and Records as the objects that they stand for.

    As pickle.Pickler: persistent_id, reducer_override and dispatch_table of subclasses and instances are used.
    """

    def __init__(self, file, protocol=None, *, fix_imports=True, buffer_callback=None):
        if protocol is None:
            protocol = pickle.DEFAULT_PROTOCOL
        if protocol < 0:
            protocol = pickle.HIGHEST_PROTOCOL
        if not 0 <= protocol <= pickle.HIGHEST_PROTOCOL:
            raise ValueError("pickle protocol must be <= %d" % pickle.HIGHEST_PROTOCOL)
        if buffer_callback is not None and protocol < 5:
            raise ValueError("buffer_callback needs protocol >= 5")
        try:
            self._write = file.write
        except AttributeError:
            raise TypeError("file must have a 'write' attribute") from None
        self._writer = _Writer(protocol, fix_imports)
        self._buffer_callback = buffer_callback
        self.bin = protocol >= 1
        self.fast = False

    def persistent_id(self, obj):
        """The persistent id of an object, or None: to be overridden."""
        return None

    def dump(self, obj):
        """Writes a pickle of obj."""
        try:
            writer = self._writer
        except AttributeError:
            raise pickle.PicklingError(
                "Pickler.__init__() was not called by %s.__init__()" % type(self).__name__
            ) from None
        reducer = getattr(self, "reducer_override", _no_reducer)
        if reducer is None:
            reducer = _no_reducer
        elif reducer is _no_reducer:
            reducer = None
        writer.dump(
            obj,
            self._write,
            fast=bool(self.fast),
            persistent_id=_hook(self, "persistent_id", Pickler),
            reducer_override=reducer,
            dispatch_table=getattr(self, "dispatch_table", None),
            buffer_callback=self._buffer_callback,
        )

    def clear_memo(self):
        """Forgets what was written: later pickles stand alone."""
        self._writer.clear_memo()

    @property
    def memo(self):
        """Ids of the objects that were written, with their number and themselves: a copy."""
        return self._writer.memo

    @memo.setter
    def memo(self, memo):
        self._writer.memo = memo


class Unpickler:
    """Reads pickles from a binary file, one after another, which may share a memo.

    As pickle.Unpickler, but without a policy objects are Records. A subclass that overrides find_class gets real objects
    of the classes that its find_class returns, and nothing else. persistent_load of subclasses and instances is used.
    """

    def __init__(
        self,
        file,
        *,
        fix_imports=True,
        encoding="ASCII",
        errors="strict",
        buffers=None,
        policy=None,
        allow=None,
        max_bytes=None,
        max_opcodes=None,
        max_depth=1000,
        known=True,
        text_ints=None,
    ):
        if not (hasattr(file, "read") and hasattr(file, "readline")):
            raise TypeError("file must have 'read' and 'readline' attributes")
        self._file = file
        self._reader = _Reader(True, max_bytes)
        self._policy = policy_of(policy, allow) if policy is not None or allow is not None else None
        self._fix_imports = fix_imports
        self._options = dict(
            fix_imports=fix_imports,
            encoding=encoding,
            errors=errors,
            buffers=None if buffers is None else list(buffers),
            max_opcodes=max_opcodes,
            max_depth=max_depth,
            known=known,
            text_ints=text_ints,
        )

    def find_class(self, module, name):
        """The class or function of that name: what the policy allows. To be overridden."""
        if self._policy is None:
            raise pickle.UnpicklingError(
                "without a policy no class is looked up: give Unpickler a policy, or override find_class"
            )
        protocol = self._reader.protocol
        return self._policy.finder(self._fix_imports and protocol < 3, protocol >= 4)(module, name)

    def persistent_load(self, pid):
        """The object that a persistent id names: to be overridden."""
        raise pickle.UnpicklingError("unsupported persistent id encountered")

    def load(self):
        """The next pickle."""
        try:
            reader = self._reader
        except AttributeError:
            raise pickle.UnpicklingError(
                "Unpickler.__init__() was not called by %s.__init__()" % type(self).__name__
            ) from None
        return reader.load(
            self._file,
            policy=self._policy,
            find_class=_hook(self, "find_class", Unpickler),
            persistent_load=_hook(self, "persistent_load", Unpickler),
            **self._options,
        )


__all__ = ["Pickler", "Unpickler"]
