#!/usr/bin/env python3
"""Says which lines of the core no test reaches: coverage.py REPORT PERCENT. Fails below PERCENT.

REPORT is what `cargo llvm-cov --json` writes.
"""

import json
import sys


def main():
    report, least = sys.argv[1], float(sys.argv[2])
    with open(report, encoding="utf-8") as file:
        data = json.load(file)["data"][0]
    rows = []
    for file in data["files"]:
        lines = file["summary"]["lines"]
        name = file["filename"].split("/core/src/")[-1]
        rows.append((lines["count"] - lines["covered"], lines["count"], name))
    missed, total = sum(row[0] for row in rows), sum(row[1] for row in rows)
    if total < 10_000:
        sys.exit(f"{report}: {total} lines are not the core")
    for left, lines, name in sorted(rows, reverse=True):
        if left:
            print(f"{left:5} of {lines:5} lines not reached: {name}")
    percent = 100 * (total - missed) / total
    print(f"{percent:.1f} % of {total} lines reached")
    if percent < least:
        sys.exit(f"less than {least} %")


if __name__ == "__main__":
    main()
