"""One value of a file; only that value is kept in memory."""

from __future__ import annotations

import io
import mmap
import os
import re

from . import _native, _open

# Files of fewer bytes are read as a whole.
_LARGE = 1 << 24

# A row of a container that names lead to, and what follows in it.
_ROW = re.compile(r"(\$?(?:\.?[^\W\d]\w*)?(?:\.[^\W\d]\w*)*)\[(\d+)\]((?:[.\[@].*)?)", re.ASCII | re.DOTALL)


def _row(items, index):
    """The item; None where the container is a mapping or an object."""
    for at, item in enumerate(items):
        if items.pairs:
            return None
        if items.pickle:
            break
        if at == index:
            return (item,)
    return ()


def _streamed(file, path, options):
    """The value as a tuple of one, or an empty one; None where it has to be looked for in all of the pickle."""
    match = _ROW.fullmatch(path)
    if match is None or not set(options) <= {"encoding", "errors", "max_bytes", "max_opcodes", "max_depth", "known", "text_ints"}:
        return None
    container, index, rest = match.groups()
    # What an item is written as again has no texts of Python 2.
    if rest and "encoding" in options:
        return None
    from . import items

    try:
        found = _row(items(file, container or "$", **options), int(index))
    except KeyError:
        return None
    if not found or not rest:
        return found or None
    inner = {name: options[name] for name in ("known", "max_depth") if name in options}
    return (_native.get(_native.dumps(found[0]), "$" + rest, **inner),)


def get(file, path, options):
    if isinstance(file, (str, os.PathLike)):
        name, _ = _open.split(file)
        packed = _open.is_packed(file)
        if os.path.isfile(name) and (packed or os.path.getsize(name) >= _LARGE):
            found = _streamed(file, path, options)
            if found is not None:
                return found[0]
        if os.path.isfile(name) and not packed and os.path.getsize(name):
            with io.open(name, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _native.get(data, path, **options)
    with _open.opened(file) as opened:
        return _native.get(opened.read(), path, **options)
