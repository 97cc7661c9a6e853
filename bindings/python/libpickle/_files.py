"""Files that are read at any place: by name, packed or not, by URL, and bytes."""

from __future__ import annotations

import io
import os

from . import _open

_SCHEME = "://"


class File:
    """A file, as often as it is opened: by name or FILE!MEMBER, URL (with fsspec, where that is installed), or bytes."""

    def __init__(self, file):
        if isinstance(file, File):
            file = file._file
        elif isinstance(file, os.PathLike):
            file = os.fspath(file)
        if isinstance(file, str) and file.startswith("file:"):
            from urllib.parse import unquote

            file = unquote(file[5:])
            file = "/" + file.lstrip("/")
        elif not isinstance(file, (str, bytes)) and hasattr(file, "read"):
            file = file.read()
        if not isinstance(file, str):
            file = bytes(file)
        self._file = file
        if self._is_local:
            # Says that it is not there.
            os.stat(_open.split(file)[0])
            packed = _open.is_packed(file)
        else:
            with self._raw() as raw:
                packed = _open.has_layers(raw.read(16))
        # It can be read from the middle: it is neither compressed nor in a zip file.
        self.is_plain = not packed

    @property
    def name(self):
        """Its name or URL; empty for bytes."""
        return self._file if isinstance(self._file, str) else ""

    @property
    def _is_local(self):
        return isinstance(self._file, str) and _SCHEME not in self._file

    def _raw(self):
        if not isinstance(self._file, str):
            return io.BytesIO(self._file)
        if self._is_local:
            return io.open(self._file, "rb")
        try:
            import fsspec
        except ImportError:
            raise ValueError("%s: URLs are read with the package fsspec" % self._file) from None
        return fsspec.open(self._file, "rb").open()

    def open(self):
        """Something to read from, from its start on; with seek where it is plain."""
        if self.is_plain:
            return self._raw()
        return _open.open(self._file if self._is_local else self._raw())

    def native(self):
        """The name of a local file, or what open gives."""
        return self._file if self.is_plain and self._is_local else self.open()

    def size(self):
        """Bytes of a plain file."""
        if self._is_local:
            return os.stat(self._file).st_size
        with self._raw() as raw:
            return raw.seek(0, 2)

    def samples(self, places, length=4096):
        """Bytes of a plain file from these places."""
        found = []
        with self._raw() as raw:
            for place in places:
                raw.seek(place)
                found.append(raw.read(length))
        return found
