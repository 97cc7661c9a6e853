"""The attributes of a Record whose state is not a plain dict."""

from __future__ import annotations

from collections.abc import MutableMapping


class Attributes(MutableMapping):
    """Reads and writes the state of a Record: a dict, or a dict and the slots. A Record without a state gets one."""

    __slots__ = ("_record",)

    def __init__(self, record):
        self._record = record

    def _parts(self):
        state = self._record.state
        pair = state if isinstance(state, tuple) and len(state) == 2 else (state,)
        return [part for part in pair if isinstance(part, dict)]

    def __getitem__(self, name):
        # Slots are set last.
        for part in reversed(self._parts()):
            if name in part:
                return part[name]
        raise KeyError(name)

    def __setitem__(self, name, value):
        parts = self._parts()
        for part in reversed(parts):
            if name in part:
                part[name] = value
                return
        if parts:
            parts[0][name] = value
        elif self._record.state is None:
            self._record.changes.append(("BUILD", ({name: value},)))
        else:
            raise TypeError("the state of this Record has no names: change its state in changes")

    def __delitem__(self, name):
        for part in reversed(self._parts()):
            if name in part:
                del part[name]
                return
        raise KeyError(name)

    def __iter__(self):
        return iter({name: None for part in self._parts() for name in part})

    def __len__(self):
        return sum(1 for _ in self)

    def __repr__(self):
        return repr(dict(self))
