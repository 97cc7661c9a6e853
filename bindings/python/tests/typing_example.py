"""What a type checker must accept: `mypy --strict` reads this file."""

from __future__ import annotations

import io

import libpickle


def temperatures(data: bytes) -> list[float]:
    value: object = libpickle.loads(data, encoding="latin1", max_depth=100)
    return [value] if isinstance(value, float) else []


def suspicious(data: bytearray) -> bool:
    uses: tuple[libpickle.GlobalUse, ...] = libpickle.info(data).globals
    return bool(libpickle.names(data, allow=["collections.OrderedDict", ("numpy", "ndarray")])) or any(use.calls > 0 for use in uses)


def names(file: io.BytesIO) -> list[str | None]:
    return [value.name for value in libpickle.pickles(file) if isinstance(value, libpickle.Record)]


try:
    libpickle.loads(b"")
except libpickle.PickleError as error:
    where: int = error.offset


class Named(libpickle.Pickler):
    def persistent_id(self, obj: object) -> str | None:
        return "standard output" if obj is print else None


def round_trip(value: object) -> object:
    file = io.BytesIO()
    Named(file, protocol=5).dump(value)
    file.seek(0)
    return libpickle.Unpickler(file, allow=[complex, "decimal.Decimal"]).load()


try:
    libpickle.loads(b"", policy=libpickle.Policy(["myapp.models:User.Key"]))
except libpickle.RefusedError as refused:
    asked: list[str] = refused.names
    verdict: str | None = None if refused.report is None else refused.report.verdict


def columns(path: str) -> list[int]:
    table = libpickle.table(path, "$.rows")
    return [len(table[name]) for name in table.names] + [table.rows]


with libpickle.install(allow=["numpy"]) as guard:
    guard.remove()


async def event_loop(path: str) -> int:
    count = 0
    async for row in libpickle.aitems(path, "$.rows", known=False):
        count += row is not None
    return count


def changes(old: bytes, new: str) -> list[str]:
    with libpickle.open(new) as file:
        head: bytes = file.read(10)
    found: list[libpickle.Difference] = list(libpickle.diff(old, new, rel_tol=1e-6, known=True))
    return [difference.path + ":" + difference.what for difference in found] + [repr(head)]


def one(path: str, file: io.BytesIO) -> object:
    return libpickle.get(path, "$.rows[3]") or libpickle.get(file, "$") or libpickle.loads(b"N.", allow=["numpy"], readonly=True)
