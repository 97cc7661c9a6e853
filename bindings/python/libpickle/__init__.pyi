import os
from collections.abc import Collection, Iterable, Iterator
from pickle import PicklingError, UnpicklingError
from typing import Any, BinaryIO, NamedTuple

from typing_extensions import Buffer as _BytesLike

__version__: str

class PickleError(UnpicklingError, PicklingError):
    kind: str
    offset: int
    def __init__(self, message: str, kind: str, offset: int) -> None: ...

class Global:
    module: str
    name: str
    def __new__(cls, module: str, name: str) -> Global: ...
    @property
    def path(self) -> str: ...

class Extension:
    code: int
    def __new__(cls, code: int) -> Extension: ...

class Buffer:
    index: int
    read_only: bool
    def __new__(cls, index: int, read_only: bool) -> Buffer: ...

class Str8(bytes): ...

class Record:
    how: str
    callable: Any
    args: Any
    kwargs: Any
    changes: list[tuple[str, tuple[Any, ...]]]
    kind: str | None
    facts: tuple[Any, ...]
    def __new__(
        cls,
        callable: Any = None,
        args: Any = (),
        how: str = "REDUCE",
        kwargs: Any = None,
        changes: Iterable[tuple[str, tuple[Any, ...]]] = (),
    ) -> Record: ...
    @property
    def name(self) -> str | None: ...
    @property
    def state(self) -> Any: ...
    @property
    def attributes(self) -> dict[Any, Any]: ...
    @property
    def items(self) -> list[Any]: ...
    @property
    def entries(self) -> list[tuple[Any, Any]]: ...
    def to_numpy(self) -> Any: ...

class GlobalUse(NamedTuple):
    module: str
    name: str
    calls: int
    @property
    def path(self) -> str: ...

class Info(NamedTuple):
    length: int
    protocol: int
    opcodes: int
    memo: int
    root: str
    globals: tuple[GlobalUse, ...]
    unnamed_calls: int
    extensions: tuple[int, ...]
    persistent_ids: int
    buffers: int

def loads(
    data: _BytesLike,
    *,
    encoding: str | None = "ASCII",
    buffers: Iterable[_BytesLike] | None = None,
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
) -> Any: ...
def load(
    file: BinaryIO,
    *,
    encoding: str | None = "ASCII",
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
) -> Any: ...
def pickles(
    file: BinaryIO,
    *,
    encoding: str | None = "ASCII",
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
) -> Iterator[Any]: ...
def dumps(value: Any, protocol: int = 4) -> bytes: ...
def dump(value: Any, file: BinaryIO, protocol: int = 4) -> None: ...
def items(
    file: BinaryIO | str | os.PathLike[str],
    path: str = "$",
    *,
    encoding: str | None = "ASCII",
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    hold: int = 4096,
) -> Iterator[Any]: ...
def info(data: _BytesLike, *, max_bytes: int | None = None, max_opcodes: int | None = None) -> Info: ...
def scan(data: _BytesLike, allow: Collection[str] = ()) -> list[str]: ...
