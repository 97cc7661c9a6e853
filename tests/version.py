#!/usr/bin/env python3
"""Every manifest states the version of Cargo.toml: version.py. version.py --write VERSION changes them all."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSION = r"(\d+\.\d+\.\d+)"

# Each place: file, and what stands around the version. The first is what the others are compared with.
PLACES = [
    ("Cargo.toml", rf'(?m)^version = "{VERSION}"'),
    ("Cargo.toml", rf'pickle-arrow = {{ path = "bindings/arrow", version = "{VERSION}"'),
    ("Cargo.toml", rf'pickle-core = {{ path = "core", version = "{VERSION}"'),
    ("ffi/Cargo.toml", rf'pickle-core = {{ path = "../core", version = "{VERSION}"'),
    ("ffi/meson.build", rf"version: '{VERSION}'"),
    ("ffi/vcpkg/vcpkg.json", rf'"version": "{VERSION}"'),
    ("ffi/platformio/library.json", rf'"version": "{VERSION}"'),
    ("ffi/esp-idf/idf_component.yml", rf'(?m)^version: "{VERSION}"'),
    ("bindings/python/Cargo.toml", rf'(?m)^version = "{VERSION}"'),
    ("bindings/kotlin/pom.xml", rf"<artifactId>libpickle</artifactId>\s*<version>{VERSION}<"),
    ("examples/kotlin/pom.xml", rf"(?s)<version>{VERSION}<"),
    ("examples/kotlin/pom.xml", rf"<artifactId>libpickle</artifactId>\s*<version>{VERSION}<"),
    ("bench/kotlin/pom.xml", rf"(?s)<version>{VERSION}<"),
    ("bench/kotlin/pom.xml", rf"<artifactId>libpickle</artifactId>\s*<version>{VERSION}<"),
    ("README.md", rf"org\.libpickle:libpickle:{VERSION}"),
    ("docs/c.md", rf"`libpickle/{VERSION}`"),
    ("ffi/src/version.rs", rf'such as "{VERSION}"'),
    ("include/pickle.h", rf'such as "{VERSION}"'),
    ("bindings/uniffi/src/lib.rs", rf"such as `{VERSION}`"),
    ("bindings/swift/Sources/Pickle/Pickle.swift", rf"such as `{VERSION}`"),
]


# And the parts of the version, each by its name.
PARTS = [
    ("ffi/src/version.rs", r"PICKLE_VERSION_{}: u32 = (\d+)"),
    ("include/pickle.h", r"#define PICKLE_VERSION_{} (\d+)"),
]


def places(version):
    """All places, with what stands there."""
    for name, pattern in PLACES:
        yield name, pattern, version
    yield "tests/c/CMakeLists.txt", r"find_package\(pickle (\d+\.\d+) REQUIRED", ".".join((version or ".").split(".")[:2])
    for name, pattern in PARTS:
        for part, number in zip(("MAJOR", "MINOR", "PATCH"), (version or "..").split(".")):
            yield name, pattern.format(part), number


def main():
    new = sys.argv[2] if sys.argv[1:2] == ["--write"] else None
    wrong, count = [], 0
    current = re.search(PLACES[0][1], (ROOT / PLACES[0][0]).read_text(encoding="utf-8"))[1]
    for name, pattern, wanted in places(new or current):
        count += 1
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        found = re.search(pattern, text)
        if not found:
            wrong.append(f"{name}: no version like {pattern}")
            continue
        if new:
            path.write_text(text[: found.start(1)] + wanted + text[found.end(1) :], encoding="utf-8")
            continue
        if found[1] != wanted:
            line = text.count("\n", 0, found.start(1)) + 1
            wrong.append(f"{name}:{line}: version {found[1]}, where Cargo.toml says {current}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"version {new or current} in {count} places")


if __name__ == "__main__":
    main()
