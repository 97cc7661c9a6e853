#!/usr/bin/env python3
"""Which room of a crate may use which: reads the `use` lines and paths of core, cli, ffi and the bindings.

    python3 tests/rooms.py              # check; exit code 1 names every arrow that breaks a rule
    python3 tests/rooms.py --self-test  # check the check
    python3 tests/rooms.py --arrows     # print every arrow between files

A room is a folder, or a file, directly under `src`. Files of a room may use their own room and those that the table
allows. Besides, no files may use each other in a circle; a module may use its ancestors. Tests inside a file do not count.
"""

import re
import sys
import tempfile
from pathlib import Path

# Rooms, and what each may use. The root only re-exports.
CORE = {
    "opcode": set(),
    "error": {"opcode"},
    "options": set(),
    "name": set(),
    "knobs": set(),
    "literal": {"error", "options", "name"},
    "wire": {"opcode", "error", "name"},
    "message": {"opcode", "error", "options", "name", "literal", "wire"},
    "machine": {"opcode", "error", "options", "name", "knobs", "literal", "wire"},
    "document": {"opcode", "error", "options", "name", "knobs", "literal", "wire", "machine"},
    "view": {"opcode", "error", "options", "name", "knobs", "literal", "wire", "machine", "document"},
    "read": {"opcode", "error", "options", "name", "literal", "wire", "machine", "document", "view"},
    "write": {"opcode", "error", "options", "name", "literal", "wire", "machine", "document", "view"},
    "verdict": {"opcode", "error", "options", "name", "literal", "wire", "machine", "document", "view"},
    "serde": {"opcode", "error", "options", "name", "literal", "wire", "machine", "document", "view", "read", "write"},
}
CLI = {
    "pieces": set(),
    "progress": set(),
    "messages": {"progress"},
    "output": {"pieces", "messages", "progress"},
    # What a member is shows in its opcodes.
    "input": {"pieces", "survey", "output", "messages", "progress"},
    "survey": {"pieces", "output", "messages", "progress"},
    "pickles": {"pieces", "survey", "input", "output", "messages", "progress"},
    "print": {"pieces", "survey", "pickles", "input", "output", "messages", "progress"},
    "compare": {"print", "pickles", "messages"},
    "edit": {"pieces", "survey", "input", "print"},
    "cmd": {"pieces", "edit", "compare", "print", "survey", "pickles", "input", "output", "messages", "progress"},
    "args": {"cmd", "edit", "compare", "print", "survey", "pickles", "input", "output", "messages", "progress"},
}
CRATES = [("core/src", CORE, None), ("cli/src", CLI, "cmd")]
# Crates of a few files: no table, but no circles either.
SMALL = ["ffi/src", "bindings/arrow/src", "bindings/python/src", "bindings/uniffi/src"]
# Opcodes leave as bytes here, and nowhere else: the encoder's own, and the choice of opcodes.
EMITTERS = {"wire/encoder.rs", "write/spelling.rs"}


def blank(text):
    """The same text, lines kept, without comments and what stands in literals."""
    pattern = re.compile(
        r"//[^\n]*|/\*.*?\*/|b?r(#*)\".*?\"\1|b?\"(?:\\.|[^\"\\])*\"|b?'(?:\\.[^']*|[^'\\])'", re.S
    )
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def closing(text, at):
    """The index of the brace that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return len(text)


def paths_of(tree):
    """The paths of a `use` tree: `a::{b, c as d}` is a::b and a::c, each with the name it gets."""
    tree = tree.strip()
    if "{" in tree:
        head, rest = tree.split("{", 1)
        head = [part for part in head.strip().removesuffix("::").split("::") if part]
        depth, part, parts = 0, "", []
        for c in rest[: rest.rindex("}")]:
            depth += {"{": 1, "}": -1}.get(c, 0)
            if c == "," and depth == 0:
                parts.append(part)
                part = ""
            else:
                part += c
        for part in [*parts, part]:
            if part.strip():
                for path, name in paths_of(part):
                    path = [*head, *path]
                    if path[-1] == "self":
                        path.pop()
                        name = path[-1] if name == "self" else name
                    yield path, name
        return
    tree, _, name = tree.partition(" as ")
    path = [part.strip() for part in tree.split("::") if part.strip()]
    if path:
        yield path, name.strip() or path[-1]


class Crate:
    """The modules of a crate, and what their files use."""

    def __init__(self, src):
        self.src = src
        self.files = {}  # module -> file
        self.names = {}  # module -> {name: path as written}, of its `use` lines
        self.uses = []  # (module, file, line, path)
        for file in sorted(src.rglob("*.rs")):
            parts = list(file.relative_to(src).with_suffix("").parts)
            if parts == ["main"] or parts[0] == "bin":
                continue
            if parts[-1] == "mod":
                parts.pop()
            self.files[() if parts == ["lib"] else tuple(parts)] = file
        for module, file in list(self.files.items()):
            self.read(module, file, blank(file.read_text()), 0)

    def read(self, module, file, text, first_line):
        self.files[module] = file
        self.names.setdefault(module, {})

        def line(at):
            return first_line + text.count("\n", 0, at) + 1

        # Modules inside the file; those of tests do not count.
        for found in list(re.finditer(r"(#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*)?(?:pub(?:\([^)]*\))? )?mod (\w+) \{", text)):
            begin, end = text.index("{", found.end() - 1), closing(text, found.end() - 1)
            if text[begin].strip() == "" or not text[found.start() : found.end()].strip():
                continue
            if not found.group(1):
                self.read((*module, found.group(2)), file, text[begin + 1 : end], line(begin) - 1)
            inner = re.sub(r"[^\n]", " ", text[found.start() : end + 1])
            text = text[: found.start()] + inner + text[end + 1 :]
        for found in re.finditer(r"\buse ([^;]+);", text):
            for path, name in paths_of(re.sub(r"\s+", " ", found.group(1))):
                self.names[module].setdefault(name, path)
                self.uses.append((module, file, line(found.start()), path))
        rest = re.sub(r"\buse [^;]+;", lambda found: re.sub(r"[^\n]", " ", found.group()), text)
        for found in re.finditer(r"(?<![:\w])\w+(?:::\w+)+", rest):
            self.uses.append((module, file, line(found.start()), found.group().split("::")))

    def resolve(self, module, path, seen=()):
        """The module in which the thing behind a path stands; `None` if it is not of this crate."""
        if (module, tuple(path)) in seen:
            return None
        seen = (*seen, (module, tuple(path)))
        here, rest = module, list(path)
        if rest[0] == "crate":
            here, rest = (), rest[1:]
        elif rest[0] in ("self", "super"):
            while rest and rest[0] in ("self", "super"):
                here = here[:-1] if rest[0] == "super" else here
                rest = rest[1:]
        elif (*module, rest[0]) not in self.files:
            known = self.names[module].get(rest[0])
            if known is None or known[0] == rest[0]:
                return None
            return self.resolve(module, [*known, *rest[1:]], seen)
        while rest and (*here, rest[0]) in self.files:
            here, rest = (*here, rest[0]), rest[1:]
        if rest and (known := self.names[here].get(rest[0])) and here != module:
            return self.resolve(here, [*known, *rest[1:]], seen) or here
        return here

    def arrows(self):
        """(module, module, file, line): what stands in one file and uses another."""
        for module, file, line, path in self.uses:
            target = self.resolve(module, path)
            if target is not None and self.files[target] != file:
                yield module, target, file, line


def owner(crate, module):
    """The module whose file it is: without those inside a file."""
    while module and crate.files.get(module[:-1]) == crate.files[module]:
        module = module[:-1]
    return module


def circles(arrows):
    """Groups of modules that reach each other (Tarjan, without recursion)."""
    graph = {}
    for source, target in arrows:
        graph.setdefault(source, set()).add(target)
        graph.setdefault(target, set())
    index, low, stack, result = {}, {}, [], []
    for root in sorted(graph):
        work = [(root, iter(sorted(graph[root])))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            stack.append(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(sorted(graph[target]))))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = stack[stack.index(node) :]
                    del stack[stack.index(node) :]
                    if len(group) > 1:
                        result.append(sorted(group))
    return result


def check(root, src, table):
    """What is wrong, a line each. Without a table, files may only not use each other in circles."""
    crate = Crate(root / src)
    wrong, edges, places = [], set(), {}
    for module in crate.files if table is not None else ():
        if module and module[0] not in table:
            wrong.append(f"{crate.files[module].relative_to(root)}: room {module[0]} is not in the table of tests/rooms.py")
            table = {**table, module[0]: set()}
    for source, target, file, line in crate.arrows():
        source, target = owner(crate, source), owner(crate, target)
        if not source:
            continue
        here, there = file.relative_to(root), crate.files[target].relative_to(root)
        if not target:
            if table is not None:
                wrong.append(f"{here}:{line} -> {there}: defined in the root")
            continue
        if table is not None and target[0] not in {source[0], *table[source[0]]}:
            wrong.append(f"{here}:{line} -> {there}: {source[0]} may not use {'/'.join(target[:2])}")
        # What stands in a module is in the scope of those inside it: they are its parts.
        if source[: len(target)] != target:
            edges.add((source, target))
            places.setdefault((source, target), f"{here}:{line} -> {there}")
    for group in circles(edges):
        wrong.append("circle: " + ", ".join(str(crate.files[module].relative_to(root)) for module in group))
        wrong += sorted(f"    {place}" for (a, b), place in places.items() if a in group and b in group)
    return sorted(set(w for w in wrong if not w.startswith((" ", "circle")))) + [
        w for w in wrong if w.startswith((" ", "circle"))
    ]


def self_test():
    """A small crate with one wrong arrow of each kind."""
    table = {"low": set(), "middle": {"low"}, "high": {"low", "middle"}}
    files = {
        "lib.rs": "mod low; mod middle; mod high;\npub use middle::thing::Thing;\n",
        "low.rs": "/// See [`crate::high`].\npub struct Low;\n#[cfg(test)]\nmod tests { use crate::high::X; }\n",
        "middle/mod.rs": "pub mod thing;\npub mod other;\npub struct Common;\n",
        "middle/thing.rs": "use super::Common;\nuse crate::low::Low;\npub struct Thing;\n",
        "middle/other.rs": "pub fn other() {}\n",
        "high.rs": "use crate::{low::{self, Low}, Thing};\npub struct X;\nfn f() { low::g() }\n",
    }

    def run(**changed):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**files, **{key.replace("__", "/") + ".rs": text for key, text in changed.items()}}.items():
                path = Path(folder, "src", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check(Path(folder), "src", table)

    assert run() == [], run()
    back = run(low="\n\nuse crate::Thing;\n")
    assert "src/low.rs:3 -> src/middle/thing.rs: low may not use middle/thing" in back, back
    inline = run(low="fn f() {\n    crate::high::X\n}\n")
    assert "src/low.rs:2 -> src/high.rs: low may not use high" in inline, inline
    inside = run(low="mod inner {\n    use crate::{\n        high::X as Y,\n    };\n}\n")
    assert "src/low.rs:2 -> src/high.rs: low may not use high" in inside, inside
    circle = run(middle__other="use super::thing::Thing;\n", middle__thing="use super::other;\npub struct Thing;\n")
    assert circle[0] == "circle: src/middle/other.rs, src/middle/thing.rs" and len(circle) == 3, circle
    room = run(attic="")
    assert room == ["src/attic.rs: room attic is not in the table of tests/rooms.py"], room


def emitters(src):
    """Lines that push raw opcodes where only the encoder and the spelling may."""
    for file in sorted(src.rglob("*.rs")):
        if file.relative_to(src).as_posix() in EMITTERS:
            continue
        for number, line in enumerate(blank(file.read_text()).splitlines(), 1):
            if re.search(r"\.emit\(", line):
                yield f"{file}:{number}: raw opcodes are pushed in {', '.join(sorted(EMITTERS))} only"


def main(arguments):
    root = Path(__file__).resolve().parent.parent
    self_test()
    if arguments == ["--self-test"]:
        return 0
    wrong = []
    for src, table, since in CRATES:
        if since and not (root / src / since).exists():
            continue
        if arguments == ["--arrows"]:
            crate = Crate(root / src)
            for source, target, file, line in crate.arrows():
                print(f"{file.relative_to(root)}:{line} -> {crate.files[target].relative_to(root)}")
        wrong += check(root, src, table)
    for src in SMALL:
        wrong += check(root, src, None)
    wrong += emitters(root / CRATES[0][0])
    print("\n".join(wrong) if wrong else "rooms: no arrow goes back, no files in a circle")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
