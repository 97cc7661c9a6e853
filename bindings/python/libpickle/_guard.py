"""A policy for everybody in the process: what other code loads with the pickle module."""

from __future__ import annotations

import functools
import pickle
import sys

from . import _native
from ._errors import RefusedError
from ._policy import _HARMLESS, _PROVED, policy_of, python3_name

# Guards that hold now; an audit hook stays for ever, and asks them.
_active: list[Guard] = []
_hooked = False


@functools.lru_cache(maxsize=4096)
def _effect(module, name):
    """What the tables of the judge say of a global."""
    line = "c%s\n%s\n." % (module, name)
    found = _native.verdict(line.encode("utf-8", "surrogatepass"))["globals"]
    return found[0]["effect"] if len(found) == 1 else "unknown"


def _hook(event, args):
    if event == "pickle.find_class" and _active and len(args) == 2:
        for guard in tuple(_active):
            guard.check(*args)


class Guard:
    """What install returns: with remove, or at the end of a with block, the pickle module is what it was."""

    def __init__(self, policy):
        self._policy = policy
        self._saved = {}

    def check(self, module, name):
        """Raises RefusedError where the policy does not allow the global."""
        policy = self._policy
        if not policy.judges:
            return
        # Names of Python 2 reach the hook as they stand in the pickle.
        for pair in (module, name), python3_name(module, name):
            if pair in policy.allowed or pair in _HARMLESS:
                return
            if pair[0].partition(".")[0] in policy._roots and _effect(*pair) in _PROVED:
                return
        raise RefusedError.of(["%s.%s" % (module, name)])

    def _install(self):
        global _hooked
        from . import load, loads

        def guarded_load(file, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
            return load(
                file, policy=self._policy, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
            )

        def guarded_loads(data, /, *, fix_imports=True, encoding="ASCII", errors="strict", buffers=None):
            return loads(
                data, policy=self._policy, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
            )

        if not _hooked:
            sys.addaudithook(_hook)
            _hooked = True
        _active.append(self)
        for name, function in ("load", guarded_load), ("loads", guarded_loads):
            self._saved[name] = getattr(pickle, name)
            setattr(pickle, name, functools.wraps(self._saved[name])(function))
        return self

    def remove(self):
        """Ends it. Guards are removed in the reverse order."""
        if self not in _active:
            return
        if _active[-1] is not self:
            raise RuntimeError("another guard was installed later: remove that first")
        _active.remove(self)
        for name, function in self._saved.items():
            setattr(pickle, name, function)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def install(policy=None, *, allow=None):
    """Guards what other code of this process loads: pickle.load and pickle.loads become those of a policy, and an audit hook refuses
    every other global that any unpickler of CPython asks for, also those of numpy.load, joblib.load and torch.load.

    It is a net, not a wall: code that imported the functions of pickle by name before keeps the old ones, for which there is the hook
    alone, and the hook sees names, not calls. Returns a Guard.
    """
    return Guard(policy_of(policy, allow))._install()
