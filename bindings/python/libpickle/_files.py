"""Files that are read at any place: by name, compressed or not, by URL, and bytes."""

from __future__ import annotations

import io
import os
import zlib

_SCHEME = "://"


class _Inflated(io.RawIOBase):
    """What zlib has compressed, as joblib writes it."""

    def __init__(self, file):
        self._file = file
        self._start()

    def _start(self):
        self._file.seek(0)
        self._inflate = zlib.decompressobj()
        self._at = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._at

    def seek(self, offset, whence=0):
        if whence != 0:
            raise io.UnsupportedOperation("only from the start")
        if offset < self._at:
            self._start()
        while self._at < offset and self.read(min(offset - self._at, 1 << 18)):
            pass
        return self._at

    def readinto(self, room):
        data = b""
        while not data and not self._inflate.eof:
            piece = self._inflate.unconsumed_tail or self._file.read(1 << 16)
            if not piece:
                raise EOFError("the compressed file is cut off")
            data = self._inflate.decompress(piece, len(room))
        room[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self):
        self._file.close()
        super().close()


def _zstd(file):
    try:
        from compression import zstd
    except ImportError:
        try:
            import zstandard
        except ImportError:
            raise ValueError("it is compressed with zstd: Python before 3.14 reads that with the package zstandard") from None
        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=True)
    return zstd.ZstdFile(file)


def _gzip(file):
    import gzip

    return gzip.GzipFile(fileobj=file)


def _bz2(file):
    import bz2

    return bz2.BZ2File(file)


def _lzma(file):
    import lzma

    return lzma.LZMAFile(file)


def _unpacker(head):
    """What reads a file that begins so; None for one that is not compressed."""
    if head.startswith(b"\x1f\x8b"):
        return _gzip
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return _bz2
    if head.startswith(b"\xfd7zXZ\0"):
        return _lzma
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd
    if head[:2] in (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"):
        return lambda file: io.BufferedReader(_Inflated(file))
    return None


class File:
    """A file, as often as it is opened: by name, URL (with fsspec, where that is installed), or bytes."""

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
        self._unpack = None
        with self._raw() as raw:
            self.head = raw.read(16)
        self._unpack = _unpacker(self.head)

    @property
    def name(self):
        """Its name or URL; empty for bytes."""
        return self._file if isinstance(self._file, str) else ""

    @property
    def is_plain(self):
        """It can be read from the middle: it is not compressed."""
        return self._unpack is None

    def _raw(self):
        if not isinstance(self._file, str):
            return io.BytesIO(self._file)
        if _SCHEME in self._file:
            try:
                import fsspec
            except ImportError:
                raise ValueError("%s: URLs are read with the package fsspec" % self._file) from None
            return fsspec.open(self._file, "rb").open()
        return open(self._file, "rb")

    def open(self):
        """Something with read and seek."""
        return self._raw() if self._unpack is None else self._unpack(self._raw())

    def native(self):
        """The name of a local file, or what open gives."""
        if self.is_plain and isinstance(self._file, str) and _SCHEME not in self._file:
            return self._file
        return self.open()

    def size(self):
        """Bytes, as they are stored."""
        if not isinstance(self._file, str):
            return len(self._file)
        if _SCHEME in self._file:
            with self._raw() as raw:
                return raw.seek(0, 2)
        return os.stat(self._file).st_size

    def samples(self, places, length=4096):
        """Bytes from these places."""
        found = []
        with self._raw() as raw:
            for place in places:
                raw.seek(place)
                found.append(raw.read(length))
        return found
