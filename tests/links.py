#!/usr/bin/env python3
"""Links between the Markdown files of the repository: each leads to a file that exists and a heading that it has.

    python3 tests/links.py                  check; exit code 1 names each link that leads nowhere
    python3 tests/links.py --book FOLDER    copy docs/ and the README for mdBook; links to other files go to the repository on the web

Every page must be in docs/SUMMARY.md for the book, but for the decisions (docs/adr). Links to other sites are not followed.
"""

import pathlib
import posixpath
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
# [text](target), also of pictures; a target has no spaces in our texts.
LINK = re.compile(r"(\]\()([^()\s]+)(\))")
HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)?$")


def without_code(text):
    """The lines of a text, those in code blocks and what is between backquotes blanked."""
    fence, lines = None, []
    for line in text.split("\n"):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if fence or mark:
            if mark and (fence is None or line.strip().startswith(fence)):
                fence = None if fence else mark[1]
            lines.append("")
        else:
            # As long as before, so that places stay.
            lines.append(re.sub(r"(`+)(?!`).*?\1", lambda code: " " * len(code[0]), line))
    return lines


def anchors(path):
    """The names of the headings of a file, as GitHub and mdBook make them."""
    found, seen, fenced = set(), {}, False
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        heading = None if fenced else HEADING.match(line)
        if heading:
            text = LINK.sub(r"\1\3", heading[1]).replace("]()", "")
            name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            count = seen.get(name, 0)
            seen[name] = count + 1
            found.add(f"{name}-{count}" if count else name)
    return found


def problems(path, text):
    """What is wrong with the links of a text that is in the file `path`: line number and reason."""
    for number, line in enumerate(without_code(text), 1):
        for link in LINK.finditer(line):
            target = link[2]
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            to = (path.parent / name).resolve() if name else path
            if not to.exists():
                yield number, f"{target}: there is no such file"
            elif anchor and to.suffix == ".md" and anchor not in anchors(to):
                yield number, f"{target}: there is no such heading"


def check():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.split() if (ROOT / name).is_file()]
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {reason}"
        for path in files
        for number, reason in problems(path, path.read_text(encoding="utf-8"))
    ]
    print("\n".join(wrong) if wrong else f"links of {len(files)} files: ok")
    return 1 if wrong else 0


def place(to):
    """Where a file is in the book: the README is its first page, docs/ is its root. None: outside."""
    if to == ROOT / "README.md":
        return "README.md"
    return to.relative_to(DOCS).as_posix() if DOCS in to.parents and to.is_file() else None


def moved(path, text, repository):
    """The text of the file `path` with its links as they must be in the book."""

    def target(link):
        name, hash_, anchor = link.partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:|#", link):
            return link
        to = (path.parent / name).resolve()
        if place(to):
            start = pathlib.PurePosixPath(place(path)).parent.as_posix()
            return posixpath.relpath(place(to), start) + hash_ + anchor
        return f"{repository}/{'tree' if to.is_dir() else 'blob'}/main/{to.relative_to(ROOT).as_posix()}{hash_}{anchor}"

    lines = text.split("\n")
    for number, line in enumerate(without_code(text)):
        # From behind, so that the places of the links before stay.
        for link in reversed(list(LINK.finditer(line))):
            lines[number] = lines[number][: link.start(2)] + target(link[2]) + lines[number][link.end(2) :]
    return "\n".join(lines)


def book(folder):
    """Copies what the book is made of; its decisions are listed below their first page."""
    repository = re.search(r'^repository = "(.*)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    summary = (DOCS / "SUMMARY.md").read_text(encoding="utf-8")
    for path in sorted((DOCS / "adr").glob("0*.md")):
        title = path.read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# ")
        summary += f"  - [{title}](adr/{path.name})\n"
    pages = {link[2] for link in LINK.finditer(summary)}
    for path in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        text = summary if path == DOCS / "SUMMARY.md" else path.read_text(encoding="utf-8")
        if place(path) not in pages | {"README.md", "SUMMARY.md"}:
            print(f"docs/SUMMARY.md: {place(path)} is not in it")
            return 1
        to = folder / place(path)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(moved(path, text, repository), encoding="utf-8")
    return 0


def test():
    """The checker finds what it is for, and the book's links lead where they led."""
    path, page = ROOT / "README.md", DOCS / "adr" / "README.md"
    assert list(problems(path, "[a](no-such-file.md)")) == [(1, "no-such-file.md: there is no such file")]
    assert list(problems(path, "x\n[a](docs/testing.md#no-such)")) == [(2, "docs/testing.md#no-such: there is no such heading")]
    assert not list(problems(path, "[a](docs/testing.md#fuzzing) [b](https://example.org/x) `[c](nowhere)`\n```\n[d](nowhere)\n```\n"))
    assert moved(path, "[a](docs/testing.md#fuzzing) [b](core) `[c](core)`", "R") == "[a](testing.md#fuzzing) [b](R/tree/main/core) `[c](core)`"
    assert moved(page, "[a](../../README.md) [b](../c.md) [c](../../task)", "R") == "[a](../README.md) [b](../c.md) [c](R/blob/main/task)"


if __name__ == "__main__":
    test()
    sys.exit(book(pathlib.Path(sys.argv[2]).resolve()) if sys.argv[1:2] == ["--book"] else check())
