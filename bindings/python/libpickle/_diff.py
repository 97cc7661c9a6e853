"""What differs between two values, by path."""

from __future__ import annotations

import math
from collections import OrderedDict, deque, namedtuple

from ._native import Record

_MISSING = object()


class Difference(namedtuple("Difference", "path what before after")):
    """One difference: what is changed, removed or added at a path. The value that is missing is None."""

    __slots__ = ()


def _key(key):
    """A key of a mapping as a step of a path."""
    if isinstance(key, str):
        if key.isidentifier() and key.isascii():
            return "." + key
        import json

        return "[%s]" % json.dumps(key)
    return "[%r]" % (key,)


def _equal(a, b, absolute, relative):
    if type(a) is not type(b):
        numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
        if not numbers or isinstance(a, bool) or isinstance(b, bool) or not (absolute or relative):
            return False
    if isinstance(a, float) or isinstance(b, float) or (absolute or relative) and isinstance(a, int):
        try:
            if math.isnan(a) or math.isnan(b):
                return math.isnan(a) and math.isnan(b)
            # As numpy.isclose has it.
            return a == b or not math.isinf(a) and not math.isinf(b) and abs(a - b) <= absolute + relative * abs(b)
        except OverflowError:
            return a == b
    return bool(a == b)


def _mapping(a, b, step=_key):
    for key, value in a.items():
        yield step(key), value, b.get(key, _MISSING)
    for key, value in b.items():
        if key not in a:
            yield step(key), _MISSING, value


def _sequence(a, b, step="[%d]"):
    for at, (one, other) in enumerate(zip(a, b)):
        yield step % at, one, other
    for at in range(len(b), len(a)):
        yield step % at, a[at], _MISSING
    for at in range(len(a), len(b)):
        yield step % at, _MISSING, b[at]


def _attribute(key):
    return _key(key)


def _record(a, b):
    """The parts of two records of the same name."""
    if isinstance(a.args, tuple) and isinstance(b.args, tuple):
        yield from _sequence(a.args, b.args, "@args[%d]")
    else:
        yield "@args", a.args, b.args
    yield "@kwargs", a.kwargs, b.kwargs
    if len(a.attributes) or len(b.attributes):
        yield from _mapping(dict(a.attributes), dict(b.attributes), _attribute)
    else:
        yield "@state", a.state, b.state
    yield from _sequence(a.items, b.items, "@items[%d]")
    keys = [key for key, _ in a.entries] == [key for key, _ in b.entries]
    if keys:
        for (key, one), (_, other) in zip(a.entries, b.entries):
            yield _key(key), one, other
    else:
        yield from _sequence(a.entries, b.entries, "@entries[%d]")


def _set(a, b):
    for item in a:
        if item not in b:
            yield "", item, _MISSING
    for item in b:
        if item not in a:
            yield "", _MISSING, item


def _parts(a, b):
    """The parts of two containers of one type, each with its step; None where they are compared as a whole."""
    if isinstance(a, dict):
        if type(a) is OrderedDict and list(a) != list(b) and a.keys() == b.keys():
            return iter([("@keys", list(a), list(b))])
        return _mapping(a, b)
    if isinstance(a, (list, tuple, deque)):
        return _sequence(a, b)
    if isinstance(a, (set, frozenset)):
        return _set(a, b)
    if isinstance(a, Record):
        if (a.how, a.name) != (b.how, b.name) or a.name is None and a.callable != b.callable:
            return None
        return _record(a, b)
    return None


def differences(a, b, absolute, relative):
    """Without recursion; every pair of containers is looked at once, so cycles end."""
    seen, kept = set(), []
    open_parts = [iter([("$", a, b)])]
    paths = [""]
    while open_parts:
        part = next(open_parts[-1], None)
        if part is None:
            open_parts.pop()
            paths.pop()
            continue
        step, one, other = part
        path = paths[-1] + step
        if one is _MISSING:
            yield Difference(path, "added", None, other)
            continue
        if other is _MISSING:
            yield Difference(path, "removed", one, None)
            continue
        if one is other:
            continue
        if type(one) is type(other) and isinstance(one, (dict, list, tuple, deque, set, frozenset, Record)):
            pair = id(one), id(other)
            if pair in seen:
                continue
            seen.add(pair)
            # Some parts of records are made when they are asked for: what has an id here stays.
            kept.append((one, other))
            parts = _parts(one, other)
            if parts is not None:
                open_parts.append(parts)
                paths.append(path)
                continue
            yield Difference(path, "changed", one, other)
        elif not _equal(one, other, absolute, relative):
            yield Difference(path, "changed", one, other)
