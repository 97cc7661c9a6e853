#!/usr/bin/env python3
"""The public interface of the core, as a list of signatures: docs/api/core.txt.

    python3 tests/api.py           # compare; exit code 1 shows what was added and removed
    python3 tests/api.py --write   # write the list anew, for a change that is meant

Every public type has an example besides: a code block in its doc comment, or the line "See the example of [`Other`]." with
a link to a type that has one. No two have one name.

Read from the pages of `cargo doc`, which knows what is public. What every type has (blanket and automatic
implementations) is left out.
"""

import difflib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "api" / "core.txt"
DOC = ROOT / "target" / "api" / "doc" / "pickle_core"
LEFT_OUT = {"synthetic-implementations-list", "blanket-implementations-list"}
KINDS = {"struct", "enum", "trait", "fn", "macro", "constant", "type", "static", "union", "derive", "attr"}
TYPES = {"struct", "enum", "union", "trait"}
# Types without an example, and why.
NO_EXAMPLE = {
    "pickle_core::compat::Moved": "tests/data/compat.py writes the file that it is in",
}


class Page(HTMLParser):
    """The declaration, the signatures and the example of one page."""

    def __init__(self):
        super().__init__()
        self.lines = []
        self.has_example = False  # a code block in the doc comment of the item itself
        self.links = []  # of its line "See the example of"
        self.paragraph = None  # text and links
        self.declaration = None
        self.stack = []  # (tag, what it is)
        self.text = None
        self.hidden = 0

    def handle_starttag(self, tag, attributes):
        if tag in ("br", "img", "input", "meta", "link", "wbr", "hr"):
            if tag == "br" and self.text is not None:
                self.text.append("\n")
            return
        attributes = dict(attributes)
        classes, what = (attributes.get("class") or "").split(), None
        if attributes.get("id") in LEFT_OUT:
            what = "left out"
        elif attributes.get("id") == "trait-implementations-list":
            what = "traits"
        elif tag == "details" and "top-doc" in classes:
            what = "doc"
        elif tag == "pre" and "item-decl" in classes:
            what = "declaration"
        elif tag in ("h3", "h4") and "code-header" in classes:
            what = tag
        elif self.text is not None and ("tooltip" in classes or "where" in classes and tag == "summary"):
            what = "hidden"
        if what in ("declaration", "h3", "h4"):
            self.text = []
        if ("details", "doc") in self.stack:
            self.has_example |= tag == "pre" and "rust" in classes
            if tag == "p":
                self.paragraph = ("", [])
            elif tag == "a" and self.paragraph:
                self.paragraph[1].append(attributes.get("href"))
        self.hidden += what == "hidden"
        self.stack.append((tag, what))

    def handle_endtag(self, tag):
        while self.stack:
            opened, what = self.stack.pop()
            self.hidden -= what == "hidden"
            if what in ("declaration", "h3", "h4"):
                self.end(what)
            if opened == "p" and self.paragraph:
                text, links = self.paragraph
                self.links += links if text.startswith("See the example of") else []
                self.paragraph = None
            if opened == tag:
                return

    def handle_data(self, data):
        if self.text is not None and not self.hidden:
            self.text.append(data)
        if self.paragraph:
            self.paragraph = (self.paragraph[0] + data, self.paragraph[1])

    def end(self, what):
        text, self.text = "".join(self.text), None
        text = re.sub(r"\s+", " ", text.replace("\xa0", " ").replace("\u200b", "")).strip()
        places = [place for _, place in self.stack]
        if what == "declaration":
            self.declaration = re.sub(r"Show \d+ \w+ ", "", text)
        elif "left out" not in places and (what == "h3" or "traits" not in places):
            # Members of a trait's implementation are the trait's.
            self.lines.append(("    " if what == "h4" else "  ") + text)


def listing():
    subprocess.run(
        ["cargo", "doc", "-q", "--no-deps", "-p", "pickle-core", "--all-features", "--target-dir", ROOT / "target" / "api"],
        cwd=ROOT, check=True,
    )  # fmt: skip
    lines, types = [], {}
    for file in sorted(DOC.rglob("*.html")):
        kind, _, name = file.stem.partition(".")
        if kind not in KINDS or not name:
            continue
        page = Page()
        page.feed(file.read_text())
        if page.declaration is None:
            continue
        path = "::".join(["pickle_core", *file.parent.relative_to(DOC).parts, name])
        lines.append(f"{path}: {page.declaration}")
        lines += page.lines
        if kind in TYPES:
            types[file] = (path, page)
    return lines, types


def without_example(types):
    """What is wrong with the examples of types, a line each."""
    shown = {file for file, (_, page) in types.items() if page.has_example}
    wrong, excused = [], set()
    for file, (path, page) in types.items():
        if file in shown or any((file.parent / link).resolve() in shown for link in page.links):
            continue
        if path in NO_EXAMPLE:
            excused.add(path)
        else:
            wrong.append(f"{path} has no example: give it one, or the line 'See the example of [`Other`].'")
    wrong += [f"{path} has an example, or is gone: take it off NO_EXAMPLE" for path in sorted(NO_EXAMPLE.keys() - excused)]
    return wrong


def named_twice(lines):
    """Names that two public types have; a type that is listed in two rooms is one."""
    kinds = {}
    for line in lines:
        if found := re.match(r"\S+: (.*\b(?:struct|enum|union|trait) (\w+).*)", line):
            kinds.setdefault(found.group(2), set()).add(found.group(1))
    return [f"two public types are called {name}: docs/adr/0020" for name, texts in sorted(kinds.items()) if len(texts) > 1]


def main(arguments):
    found, types = listing()
    if len(found) < 100:
        print(f"only {len(found)} lines in the pages of cargo doc: their form has changed; mend tests/api.py", file=sys.stderr)
        return 1
    if arguments == ["--write"]:
        LIST.parent.mkdir(parents=True, exist_ok=True)
        LIST.write_text("\n".join(found) + "\n")
        return 0
    known = LIST.read_text().splitlines()
    changes = list(difflib.unified_diff(known, found, "docs/api/core.txt", "the code", lineterm="", n=0))
    if changes:
        print("\n".join(changes))
        print("the public interface of the core has changed: if that is meant, python3 tests/api.py --write", file=sys.stderr)
        return 1
    wrong = without_example(types) + named_twice(found)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    print(f"public interface of the core: {len(found)} lines, as docs/api/core.txt has them")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
