"""What loading would do, judged without loading or importing anything: reports."""

from __future__ import annotations

import io
import os
from collections import namedtuple

from . import _native, _open, _policy_file
from ._policy import Policy, pair_of

_RISING = ("clean", "unknown", "malformed", "divergent", "suspicious", "code", "dangerous")
_EXECUTES = ("no", "deferred", "yes")
# From here on, a file is mapped and not read.
_MAPPED = 1 << 20


class Finding(
    namedtuple("Finding", "rule verdict capability message module name opcode offset via args pythons member")
):
    """A reason for a verdict. offset counts bytes from the start of the stream; member is the one of an archive."""

    __slots__ = ()


class NamedGlobal(namedtuple("NamedGlobal", "module name effect called made count")):
    """A class or function that a pickle names: what the tables say of it, and what the pickle does with it."""

    __slots__ = ()

    @property
    def path(self):
        return self.module + "." + self.name


class Report:
    """What loading the pickles of a file or of bytes would do.

    verdict is one word: clean (proved), unknown, malformed, divergent, suspicious, code or dangerous. complete says whether
    everything was looked at, executes_on_load no, deferred or yes. findings are the reasons, globals what is named, stats
    counts of ops, bytes, pickles and buffers, table the day of the tables. A report is neither true nor false.
    """

    __slots__ = ("verdict", "complete", "executes_on_load", "findings", "globals", "stats", "table", "_again")

    def __init__(self, verdict, complete, executes_on_load, findings, globals, stats, table, again=None):
        self.verdict = verdict
        self.complete = complete
        self.executes_on_load = executes_on_load
        self.findings = tuple(findings)
        self.globals = tuple(globals)
        self.stats = stats
        self.table = table
        self._again = again

    @classmethod
    def of(cls, parts, again=None):
        """What the core says of each member, as one report; parts are pairs of a member's name and that."""
        every = [found for _, found in parts]
        return cls(
            _worst(_RISING, (found["verdict"] for found in every)),
            all(found["complete"] for found in every),
            _worst(_EXECUTES, (found["executes_on_load"] for found in every)),
            (Finding(member=member, **one) for member, found in parts for one in found["findings"]),
            (NamedGlobal(**one) for found in every for one in found["globals"]),
            {key: sum(found["stats"][key] for found in every) for key in every[0]["stats"]},
            every[0]["table"],
            again,
        )

    def explain(self):
        """What loading does, step by step: a line for each import, call, object and state, with its offset in front."""
        return "\n".join(self._again()) if self._again is not None else ""

    def _fields(self):
        return self.verdict, self.complete, self.executes_on_load, self.findings, self.globals, self.stats, self.table

    def to_dict(self):
        """The same as a dict of plain values, for JSON."""
        found = dict(zip(self.__slots__, self._fields()))
        return dict(found, **{name: [one._asdict() for one in found[name]] for name in ("findings", "globals")})

    def __bool__(self):
        raise TypeError("a report is neither true nor false: compare its verdict, such as report.verdict == 'clean'")

    def __eq__(self, other):
        return self._fields() == other._fields() if isinstance(other, Report) else NotImplemented

    __hash__ = None

    def __reduce__(self):
        # Without what explain would read again.
        return Report, self._fields()

    def __repr__(self):
        reasons = ["%s at %d" % (one.rule, one.offset) for one in self.findings[:3]] + ["..."] * (len(self.findings) > 3)
        return "<Report %s%s%s>" % (self.verdict, "" if self.complete else ", incomplete", ": " * bool(reasons) + ", ".join(reasons))


def _worst(order, words):
    return order[max(map(order.index, words))]


def _table(allow, policy):
    """The rows of a caller's own, as the core takes them."""
    if policy is None:
        if isinstance(allow, str):
            raise TypeError("allow is a collection of names, not one name")
        names = [entry if isinstance(entry, str) else "%s:%s" % pair_of(entry) for entry in allow]
        return _native._allowed(names)
    if allow:
        raise TypeError("give a policy or a list of what to allow, not both")
    if isinstance(policy, Policy):
        return policy._table
    if isinstance(policy, (bytes, bytearray, memoryview)):
        return _compiled(bytes(policy), "policy")
    if isinstance(policy, (str, os.PathLike)):
        if os.fspath(policy).endswith(".toml"):
            return _native._policy_table(_policy_file.read(policy).rows)
        with io.open(policy, "rb") as file:
            return _compiled(file.read(), os.fspath(policy))
    raise TypeError("policy must be a libpickle.Policy, what `pickle policy compile` writes, or the name of such a file, not %r" % (policy,))


def _compiled(table, name):
    if not _native._is_table(table):
        raise ValueError("%s is not what `pickle policy compile` writes; a policy file itself ends in .toml" % name)
    return table


def scan(source, allow=(), *, policy=None):
    """What loading the pickles in source would do, judged without loading or importing anything: a Report.

    source is bytes or the like, the name of a file, or a binary file, which is read to its end. Compression is taken off, and every
    member of a zip file that is a pickle is judged, such as those of PyTorch; FILE!MEMBER is one of them. allow has globals of
    one's own: "myapp.models.User", pairs of module and name, classes, or "myapp.models.*" for all of one module. policy is a
    Policy instead, the name of a policy file (.toml), or what `pickle policy compile` makes of one. Nothing makes a
    dangerous global clean.
    """
    table = _table(allow, policy)
    if not isinstance(source, (str, os.PathLike)) and not hasattr(source, "read"):
        found = _native.verdict(source, table)
        return Report.of([("", found)], lambda: _native.explain(source, table))
    if not isinstance(source, (str, os.PathLike)):
        source = source.read()
    return Report.of(
        [(member, found) for member, _, found in _judged(source, table)],
        # A file that is read again may have changed; then so has what it does.
        lambda: [line for member, data, _ in _judged(source, table) for line in _headed(member, _native.explain(data, table))],
    )


def _headed(member, lines):
    return ([member + ":"] if member else []) + lines


def _streams(source):
    """What is in a file, each with the name of its member."""
    is_name = isinstance(source, (str, os.PathLike))
    if _open.is_packed(source) if is_name else _open.has_layers(source[:8]):
        yield from _open.members(source if is_name else io.BytesIO(source))
    else:
        yield "", _contents(source) if is_name else source


def _judged(source, table):
    """The streams of pickles in a file, each with the name of its member and what the core says of it."""
    seen = 0
    for member, data in _streams(source):
        found = _native.verdict(data, table)
        # By its place it need not be a pickle.
        if member and not member.endswith((".pkl", ".pickle")) and not _is_pickle(data, found):
            continue
        seen += 1
        yield member, data, found
    if not seen:
        raise ValueError("%s: no member is a pickle" % (source if isinstance(source, (str, os.PathLike)) else "the file",))


def _is_pickle(data, found):
    """Whether that is meant to be a pickle, or happens to begin with the byte of an opcode, as many numbers do."""
    findings = found["findings"]
    begins = len(data) > 1 and data[0] == 0x80 and data[1] <= 5 and found["stats"]["ops"] > 3
    # What ends a few bytes after it began, and names nothing, is a number among others.
    alone = all(one["rule"] != "PK503" for one in findings) or any(_is_named(one) for one in found["globals"])
    looks = begins or found["stats"]["pickles"] > 0 and alone
    worst = _RISING.index(found["verdict"])
    suspicious = _RISING.index("suspicious")
    if looks or worst > suspicious:
        return True
    return worst == suspicious and not all(_RISING.index(one["verdict"]) < suspicious or _is_chance(one) for one in findings)


def _is_chance(one):
    """Extension codes, lengths beyond any memory and names that no module has: what numbers and text come to."""
    return one["rule"] in ("PK401", "PK702") or one["rule"] == "PK106" and not _is_named(one)


def _is_named(one):
    return all(part.isidentifier() for text in (one["module"], one["name"]) for part in text.split("."))


def _contents(name):
    with io.open(name, "rb") as file:
        try:
            size = os.fstat(file.fileno()).st_size
            if size >= _MAPPED:
                import mmap

                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            pass
        return file.read()
