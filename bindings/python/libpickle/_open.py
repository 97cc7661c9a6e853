"""Files around pickles: compression and zip, recognised by what is in them, with the codecs that Python has."""

from __future__ import annotations

import io
import os
import stat

# Layers of compression and zip files inside each other.
_LEVELS = 8
_PEEK = 8


class _Stream:
    """A file decompressed with zlib, which has no file class of its own."""

    def __init__(self, file, decompressor):
        self._file = file
        self._decompressor = decompressor

    def read(self, size):
        while not self._decompressor.eof:
            piece = self._decompressor.unconsumed_tail or self._file.read(1 << 16)
            if not piece:
                raise EOFError("the zlib stream ends before its end-of-stream marker")
            ready = self._decompressor.decompress(piece, size)
            if ready:
                return ready
        return b""

    def close(self):
        pass


def _gzip(file):
    import gzip

    return gzip.GzipFile(fileobj=file, mode="rb")


def _bzip2(file):
    import bz2

    return bz2.BZ2File(file, "rb")


def _lzma(file):
    import lzma

    return lzma.LZMAFile(file, "rb")


def _zlib(file):
    import zlib

    return _Stream(file, zlib.decompressobj())


def _zstd(file):
    try:
        from compression import zstd
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            zstd = None
    if zstd is not None:
        return zstd.ZstdFile(file, "rb")
    try:
        import zstandard
    except ImportError:
        raise ModuleNotFoundError("zstd is read by Python 3.14 and later, or where backports.zstd or zstandard is installed") from None
    return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)


def _codec(head):
    """What unpacks a file that begins so; None where it is not compressed."""
    if head.startswith(b"\x1f\x8b"):
        return _gzip
    if head.startswith(b"BZh"):
        return _bzip2
    if head.startswith((b"\xfd7zXZ\x00", b"\x5d\x00\x00")):
        return _lzma
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd
    # Header of zlib with its check: a window of 32 KB or less, no dictionary.
    if len(head) >= 2 and head[0] & 0x8F == 0x08 and head[0] >> 4 <= 7 and not head[1] & 0x20 and (head[0] << 8 | head[1]) % 31 == 0:
        return _zlib
    return None


def has_layers(head):
    """Whether a file that begins so has to be unpacked."""
    return _codec(head) is not None or _is_zip(head)


def _is_zip(head):
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class _Layer(io.BufferedReader):
    """What is under a layer; closing it closes what it comes out of."""

    def __init__(self, file, owners):
        super().__init__(_Raw(file), 1 << 16)
        self._owners = owners

    def close(self):
        try:
            super().close()
        finally:
            for owner in self._owners:
                owner.close()


def _head(file):
    if hasattr(file, "peek"):
        return bytes(file.peek(_PEEK)[:_PEEK])
    head = file.read(_PEEK)
    file.seek(-len(head), os.SEEK_CUR)
    return head


def _chosen(names, file):
    """The member that is meant where none is named."""
    names = [name for name in names if not name.endswith("/")]
    pickles = [name for name in names if name.endswith((".pkl", ".pickle"))] or names
    if len(pickles) != 1:
        listed = ", ".join(pickles[:20]) + (", ..." if len(pickles) > 20 else "")
        raise ValueError("%s has several members: write FILE!MEMBER for one of %s" % (file, listed or "none"))
    return pickles[0]


def _layers(file, members, name, owned):
    """What is in a file, without its layers: the members in turn, each out of a zip file."""
    members = list(members)
    for _ in range(_LEVELS):
        head = _head(file)
        codec = _codec(head)
        if codec is not None:
            file = _Layer(codec(file), [file] if owned else [])
        elif _is_zip(head) or members:
            file, name = _member(file, members, name, owned)
        else:
            return file
        owned = True
    raise ValueError("%s is packed more than %d times" % (name, _LEVELS))


def _archive(file, name, owners):
    """A zip file; owners gets what has to be closed with it."""
    import zipfile

    if not file.seekable():
        # Its directory is at its end.
        import shutil
        import tempfile

        whole = tempfile.TemporaryFile()
        shutil.copyfileobj(file, whole)
        file = whole
        owners.append(whole)
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise ValueError("%s has no members: %s" % (name, error)) from None


def _member(file, members, name, owned):
    owners = [file] if owned else []
    archive = _archive(file, name, owners)
    member = members.pop(0) if members else _chosen(archive.namelist(), name)
    try:
        opened = archive.open(member)
    except KeyError:
        raise KeyError("%s has no member %s" % (name, member)) from None
    return _Layer(opened, [archive] + owners), "%s!%s" % (name, member)


class _Raw(io.RawIOBase):
    """A file of Python's own as a raw one."""

    def __init__(self, file):
        super().__init__()
        self._file = file

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._file.read1(len(buffer)) if hasattr(self._file, "read1") else self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self):
        self._file.close()
        super().close()


def members(file):
    """The contents of a file without its layers, each with the name of its member: of zip files every one, also of those inside."""
    if isinstance(file, (str, os.PathLike)):
        path, named = split(file)
        if named:
            with open(file) as opened:
                yield from _contents(opened, "!".join(named), _LEVELS)
            return
        file = io.open(path, "rb")
    with file:
        yield from _contents(file, "", _LEVELS)


def _contents(file, name, levels):
    if not levels:
        raise ValueError("%s is packed more than %d times" % (name or "the file", _LEVELS))
    if not hasattr(file, "peek") and not (hasattr(file, "seekable") and file.seekable()):
        file = io.BufferedReader(_Raw(file))
    head = _head(file)
    codec = _codec(head)
    if codec is not None:
        with _Layer(codec(file), []) as under:
            yield from _contents(under, name, levels - 1)
    elif _is_zip(head):
        owners = []
        try:
            with _archive(file, name or "the file", owners) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        with archive.open(info) as member:
                            yield from _contents(member, name + "!" * bool(name) + info.filename, levels - 1)
        finally:
            for owner in owners:
                owner.close()
    else:
        yield name, file.read()


def split(file):
    """Splits FILE!MEMBER into the file and the members in it, unless a file of the whole name exists."""
    path = os.fsdecode(file)
    if "!" not in path or os.path.exists(path):
        return path, []
    parts = path.split("!")
    for count in range(1, len(parts)):
        if os.path.isfile("!".join(parts[:count])):
            return "!".join(parts[:count]), parts[count:]
    return path, []


def is_packed(file):
    """Whether a path names something that has to be unpacked: a regular file with compression or members."""
    path, members = split(file)
    if members:
        return True
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with io.open(path, "rb") as opened:
            head = opened.read(_PEEK)
    except OSError:
        # The error is raised when it is opened.
        return False
    return has_layers(head)


def open(file):
    """A binary file of the pickles in a file: gzip, bzip2, xz, lzma, zlib, zstd and zip are recognised and taken off.

    file is a path, with FILE!MEMBER for a member of a zip file, or a binary file. A zip file with one pickle needs no name of a
    member. What comes out is read in constant memory. Closing it closes what it was made from, where that was a path.
    """
    if isinstance(file, (str, os.PathLike)):
        path, members = split(file)
        opened = io.open(path, "rb")
        try:
            return _layers(opened, members, path, True)
        except BaseException:
            opened.close()
            raise
    if not hasattr(file, "peek") and not (hasattr(file, "seekable") and file.seekable()):
        file = io.BufferedReader(_Raw(file))
    return _layers(file, [], getattr(file, "name", "the file"), False)


class opened:
    """The same for a with block, which closes what was opened here, and no file of others."""

    def __init__(self, file):
        self._file = file
        self._inner = open(file)

    def __enter__(self):
        return self._inner

    def __exit__(self, *_):
        if self._inner is not self._file:
            self._inner.close()
