import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from pickle import PickleBuffer as PickleBuffer
from pickle import PicklingError as PicklingError
from pickle import UnpicklingError as UnpicklingError
from typing import Any, BinaryIO, NamedTuple, NoReturn, Protocol, type_check_only

from typing_extensions import Buffer as _BytesLike

__version__: str
DEFAULT_PROTOCOL: int
HIGHEST_PROTOCOL: int

@type_check_only
class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def readline(self) -> bytes: ...

@type_check_only
class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...

_Allowed = Collection[str | tuple[str, str] | type | Callable[..., Any]]

class PickleError(UnpicklingError, PicklingError):
    kind: str
    offset: int
    def __init__(self, message: str, kind: str, offset: int) -> None: ...

class RefusedError(PickleError):
    names: list[str]
    @property
    def report(self) -> Report | None: ...
    def __init__(
        self,
        message: str,
        kind: str = "Refused",
        offset: int = 0,
        names: Iterable[str] = (),
        report: dict[str, Any] | None = None,
    ) -> None: ...

LIBRARIES: Mapping[str, list[str]]

class Policy:
    allowed: frozenset[tuple[str, str]]
    libraries: frozenset[str]
    strict: bool
    def __init__(self, allow: _Allowed = (), *, strict: bool = False) -> None: ...
    @classmethod
    def from_file(cls, file: str | os.PathLike[str], *, strict: bool = False) -> Policy: ...

@type_check_only
class _TrustAll: ...

TRUST_ALL: _TrustAll

class Guard:
    def __init__(self, policy: Policy | _TrustAll) -> None: ...
    def check(self, module: str, name: str) -> None: ...
    def remove(self) -> None: ...
    def __enter__(self) -> Guard: ...
    def __exit__(self, *_: object) -> None: ...

def install(policy: Policy | _TrustAll | None = None, *, allow: _Allowed | None = None) -> Guard: ...

class Global:
    def __new__(cls, module: str, name: str) -> Global: ...
    @property
    def module(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...

class Extension:
    def __new__(cls, code: int) -> Extension: ...
    @property
    def code(self) -> int: ...

class Buffer:
    def __new__(cls, index: int, read_only: bool) -> Buffer: ...
    @property
    def index(self) -> int: ...
    @property
    def read_only(self) -> bool: ...

class Str8(bytes): ...

class Record:
    how: str
    callable: Any
    args: Any
    kwargs: Any
    changes: list[tuple[str, tuple[Any, ...]]]
    def __new__(
        cls,
        callable: Any = None,
        args: Any = (),
        how: str = "REDUCE",
        kwargs: Any = None,
        changes: Iterable[tuple[str, tuple[Any, ...]]] = (),
    ) -> Record: ...
    @property
    def kind(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def state(self) -> Any: ...
    @property
    def attributes(self) -> MutableMapping[Any, Any]: ...
    @property
    def items(self) -> list[Any]: ...
    @property
    def entries(self) -> list[tuple[Any, Any]]: ...
    def to_numpy(self) -> Any: ...

class Table(Mapping[Any, list[Any]]):
    @property
    def names(self) -> list[Any]: ...
    @property
    def rows(self) -> int: ...
    def __getitem__(self, name: Any) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def to_numpy(self) -> dict[Any, Any]: ...
    def to_pandas(self) -> Any: ...
    def to_polars(self) -> Any: ...

class Difference(NamedTuple):
    path: str
    what: str
    before: Any
    after: Any

@type_check_only
class _ArrowSchema(Protocol):
    def __arrow_c_schema__(self) -> object: ...

class ArrowReader:
    @property
    def json_columns(self) -> list[str]: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Split:
    file: str
    path: str
    number: int
    of: int
    offset: int
    end: int | None
    first: int
    count: int | None
    pickles: bool
    @property
    def is_whole(self) -> bool: ...
    def items(
        self,
        *,
        encoding: str | None = "ASCII",
        errors: str = "strict",
        max_bytes: int | None = None,
        max_depth: int = 1000,
        min_nodes: int = 4096,
        known: bool = True,
    ) -> Iterator[Any]: ...
    def arrow(
        self,
        *,
        batch_rows: int = 65536,
        sample: int | None = None,
        columns: list[str] | None = None,
        flatten: bool = False,
        schema: _ArrowSchema | None = None,
    ) -> ArrowReader: ...

class SplitPlan(list[Split]):
    count: int | None  # type: ignore[assignment]
    why: str | None
    fault: str | None
    def schema(
        self, sample: int | None = None, *, columns: list[str] | None = None, flatten: bool = False
    ) -> _ArrowSchema: ...
    def save(self, file: str | os.PathLike[str] | None = None) -> str | os.PathLike[str]: ...

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

@type_check_only
class Items(Iterator[Any]):
    @property
    def dropped_call(self) -> int | None: ...
    @property
    def pairs(self) -> bool: ...
    @property
    def pickle(self) -> int: ...
    def __next__(self) -> Any: ...

class Pickler:
    bin: bool
    fast: bool
    dispatch_table: Mapping[type, Callable[[Any], Any]]
    reducer_override: Callable[[Any], Any]
    def __init__(
        self,
        file: _Writable,
        protocol: int | None = None,
        *,
        fix_imports: bool = True,
        buffer_callback: Callable[[PickleBuffer], Any] | None = None,
    ) -> None: ...
    @property
    def memo(self) -> dict[int, tuple[int, Any]]: ...
    @memo.setter
    def memo(self, memo: dict[int, tuple[int, Any]]) -> None: ...
    def dump(self, obj: Any) -> None: ...
    def clear_memo(self) -> None: ...
    def persistent_id(self, obj: Any) -> Any: ...

class Unpickler:
    def __init__(
        self,
        file: _Readable,
        *,
        fix_imports: bool = True,
        encoding: str | None = "ASCII",
        errors: str = "strict",
        buffers: Iterable[Any] | None = None,
        policy: Policy | _TrustAll | None = None,
        allow: _Allowed | None = None,
        max_bytes: int | None = None,
        max_opcodes: int | None = None,
        max_depth: int = 1000,
        known: bool = True,
        text_ints: str | None = None,
    ) -> None: ...
    def load(self) -> Any: ...
    def find_class(self, module: str, name: str) -> Any: ...
    def persistent_load(self, pid: Any) -> Any: ...

def loads(
    data: _BytesLike,
    /,
    *,
    fix_imports: bool = True,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    known: bool = True,
    text_ints: str | None = None,
    policy: Policy | _TrustAll | None = None,
    allow: _Allowed | None = None,
    readonly: bool = False,
) -> Any: ...
def load(
    file: _Readable,
    *,
    fix_imports: bool = True,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    known: bool = True,
    text_ints: str | None = None,
    policy: Policy | _TrustAll | None = None,
    allow: _Allowed | None = None,
) -> Any: ...
def pickles(
    file: _Readable | _BytesLike | str | os.PathLike[str],
    *,
    fix_imports: bool = True,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    known: bool = True,
    text_ints: str | None = None,
    policy: Policy | _TrustAll | None = None,
    allow: _Allowed | None = None,
) -> Iterator[Any]: ...
def dumps(
    obj: Any,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[PickleBuffer], Any] | None = None,
) -> bytes: ...
def dump(
    obj: Any,
    file: _Writable,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[PickleBuffer], Any] | None = None,
) -> None: ...
def items(
    file: _Readable | _BytesLike | str | os.PathLike[str],
    path: str = "$",
    *,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    min_nodes: int = 4096,
    known: bool = True,
    text_ints: str | None = None,
) -> Items: ...
def aitems(
    file: _Readable | _BytesLike | str | os.PathLike[str],
    path: str = "$",
    *,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    min_nodes: int = 4096,
    known: bool = True,
    text_ints: str | None = None,
) -> AsyncIterator[Any]: ...
def table(
    file: _Readable | _BytesLike | str | os.PathLike[str],
    path: str = "$",
    *,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    min_nodes: int = 4096,
    known: bool = True,
    text_ints: str | None = None,
) -> Table: ...
def arrow(
    file: _Readable | _BytesLike | str | os.PathLike[str],
    path: str = "$",
    *,
    batch_rows: int = 65536,
    sample: int | None = None,
    columns: list[str] | None = None,
    flatten: bool = False,
    schema: _ArrowSchema | None = None,
    pickles: bool | None = None,
) -> ArrowReader: ...
def split_plan(
    file: str | os.PathLike[str],
    path: str | None = None,
    *,
    bytes: int | None = 16777216,
    items: int | None = None,
    pickles: bool | None = None,
    index: bool | str | os.PathLike[str] = True,
) -> SplitPlan: ...
def get(
    data: _BytesLike | _Readable | str | os.PathLike[str],
    path: str,
    *,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    known: bool = True,
    text_ints: str | None = None,
) -> Any: ...
def diff(
    before: _BytesLike | _Readable | str | os.PathLike[str],
    after: _BytesLike | _Readable | str | os.PathLike[str],
    *,
    rel_tol: float = 0.0,
    abs_tol: float = 0.0,
    encoding: str | None = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    max_bytes: int | None = None,
    max_opcodes: int | None = None,
    max_depth: int = 1000,
    known: bool = True,
    text_ints: str | None = None,
    policy: Policy | _TrustAll | None = None,
    allow: _Allowed | None = None,
) -> Iterator[Difference]: ...
def open(file: _Readable | str | os.PathLike[str]) -> BinaryIO: ...
def info(data: _BytesLike, *, max_bytes: int | None = None, max_opcodes: int | None = None) -> Info: ...
def names(
    data: _BytesLike, allow: _Allowed = (), *, max_bytes: int | None = None, max_opcodes: int | None = None
) -> list[str]: ...

class Finding(NamedTuple):
    rule: str
    verdict: str
    capability: str
    message: str
    module: str
    name: str
    opcode: str
    offset: int
    via: str | None
    args: str
    pythons: str
    member: str

class NamedGlobal(NamedTuple):
    module: str
    name: str
    effect: str
    called: bool
    made: bool
    count: int  # type: ignore[assignment]
    @property
    def path(self) -> str: ...

class Report:
    verdict: str
    complete: bool
    executes_on_load: str
    findings: tuple[Finding, ...]
    globals: tuple[NamedGlobal, ...]
    stats: dict[str, int]
    table: str
    def explain(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __bool__(self) -> NoReturn: ...

def scan(
    source: _BytesLike | _Readable | str | os.PathLike[str],
    allow: _Allowed = (),
    *,
    policy: Policy | bytes | str | os.PathLike[str] | None = None,
) -> Report: ...
