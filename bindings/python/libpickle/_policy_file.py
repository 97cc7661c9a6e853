"""Policy files: docs/verdict.md has their form."""

from __future__ import annotations

import io
from collections import namedtuple

_TABLES = {"std", "numpy", "pandas", "sklearn", "torch", "more"}
_EFFECTS = {"new", "pure", "held"}
# What is for reports alone.
_OTHER = {"version", "fail-on", "limits", "accept"}

# rows are those of the judge: module, name, effect.
PolicyFile = namedtuple("PolicyFile", "allowed held denied extends strict rows")


def read(file):
    """Takes a policy file apart; ValueError where it says what is not known here."""
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib
        except ImportError:
            raise ModuleNotFoundError("policy files are read by Python 3.11 and later, or where tomli is installed") from None
    with io.open(file, "rb") as opened:
        try:
            found = tomllib.load(opened)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError("%s is not a policy: %s" % (file, error)) from None
    try:
        return _taken(found)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError("%s: %s" % (file, error)) from None


def _taken(found):
    if found.get("version") != 1:
        raise ValueError("a policy begins with version = 1")
    unknown = sorted(set(found) - _OTHER - {"extends", "default", "allow", "trust", "deny"})
    if unknown:
        raise ValueError("%s is not known here" % unknown[0])
    rows, allowed, held, denied = [], set(), set(), set()
    extends = found.get("extends")
    if extends is not None:
        missing = sorted(set(extends) - _TABLES)
        if missing:
            raise ValueError("extends: there is no table %s" % missing[0])
        rows += [("", "extends", "pure"), *(("", "extends:" + name, "pure") for name in extends)]
    default = found.get("default", "unknown")
    if default not in ("unknown", "deny"):
        raise ValueError("default is unknown or deny, not %r" % (default,))
    rows += [("", "default:deny", "pure")] * (default == "deny")
    for module, names in found.get("allow", {}).items():
        for name in _list(names, "allow." + module):
            entry = name if isinstance(name, dict) else {"name": name}
            name, effect = entry["name"], entry.get("effect", "new")
            if effect not in _EFFECTS:
                raise ValueError("%s.%s: the effect %s is not new, pure or held" % (module, name, effect))
            (held if effect == "held" else allowed).add((module, _text(name, "allow." + module)))
            rows.append((module, name, effect))
    trust = found.get("trust", {})
    for pattern in _list(trust.get("classes", []), "trust.classes"):
        module = pattern[:-2]
        if set(trust) != {"classes"} or not pattern.endswith(".*") or not module or "*" in module:
            raise ValueError("%s: a pattern of trust is MODULE.*, in a list of classes" % (pattern,))
        rows.append((module, "*C", "new"))
    for module, names in found.get("deny", {}).items():
        for name in _list(names, "deny." + module):
            pair = (_text(name, "deny"), "*") if module == "modules" else (module, _text(name, "deny." + module))
            denied.add(pair)
            rows.append((*pair, "denied"))
    return PolicyFile(frozenset(allowed), frozenset(held), frozenset(denied), tuple(extends or ()), default == "deny", rows)


def _list(names, what):
    if not isinstance(names, list):
        raise ValueError("%s is not a list" % what)
    return names


def _text(name, what):
    if not isinstance(name, str):
        raise ValueError("%s: a name is a text" % what)
    return name
