#!/usr/bin/env python3
"""Tables to Parquet, time and memory beside pandas: Markdown on stdout.

usage: bench/columnar.py [--gb N] [--python PYTHON] [--work FOLDER] PICKLE

PICKLE is the release build of the command, PYTHON has pandas and pyarrow. The frame has 20 columns of random floats in one
block, protocol 5; the rows are those of stream.py. Files lie in FOLDER (default: the cache folder) and are removed at the
end. Of rows pandas needs some 15 times the memory of the file: `--rows-gb` gives theirs a size of its own.
"""
import argparse
import os
import pathlib
import subprocess
import sys

from stream import GB, report, rows, timed

FRAME = """
import sys, pickle, numpy as np, pandas as pd
rows = int(sys.argv[2]) // 160
frame = pd.DataFrame(np.random.default_rng(1).standard_normal((20, rows)).T, columns=["c%d" % i for i in range(20)])
with open(sys.argv[1], "wb") as file:
    pickle.dump(frame, file, 5)
"""
READ_FRAME = "import sys, pandas as pd; pd.read_pickle(sys.argv[1]).to_parquet(sys.argv[2], compression=sys.argv[3])"
READ_ROWS = ("import sys, pickle, pandas as pd; "
             "pd.DataFrame(pickle.load(open(sys.argv[1], 'rb'))).to_parquet(sys.argv[2], compression=sys.argv[3])")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gb", type=float, default=1)
    parser.add_argument("--rows-gb", type=float, default=0.2, help="of the rows that pandas reads, too")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("command", metavar="PICKLE")
    args = parser.parse_args()
    cache = os.environ.get("LIBPICKLE_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "libpickle")
    work = (args.work or pathlib.Path(cache)) / "columnar-bench"
    work.mkdir(parents=True, exist_ok=True)
    path, out = work / "table.pkl", work / "table.parquet"
    print("| command | input | wall | CPU | rate | peak RSS | goal |\n|---|---|---|---|---|---|---|", flush=True)
    try:
        subprocess.run([args.python, "-c", FRAME, path, str(int(args.gb * GB))], check=True)
        size = path.stat().st_size
        for compression in ("snappy", "zstd"):
            report(f"pandas, frame, {compression}", size, timed([args.python, "-c", READ_FRAME, path, out, compression]), "")
        report("table, frame to Parquet", size, timed([args.command, "table", path, "-o", out]), "<= 1/1.5 of pandas, <= 200 MiB")
        report("table, frame to Arrow", size, timed([args.command, "table", path, "-o", work / "table.arrow"]), "")
        (work / "table.arrow").unlink()
        report("table, first rows", size, timed([args.command, "table", path]), "<= 50 ms")
        report("info", size, timed([args.command, "info", path]), "<= 50 ms")
        for gb, theirs in ((args.rows_gb, True), (args.gb, False)):
            with open(path, "wb") as file:
                rows(int(gb * GB), file.write)
            size = path.stat().st_size
            if theirs:
                report("pandas, rows, snappy", size, timed([args.python, "-c", READ_ROWS, path, out, "snappy"]), "")
            report("table, rows to Parquet", size, timed([args.command, "table", path, "-o", out]), "<= 1/5 of pandas, <= 100 MiB")
        pipe = timed([args.command, "table", "-", "-o", out], lambda write: rows(int(args.gb * GB), write))
        report("table -, rows from a pipe", int(args.gb * GB), pipe, "<= 100 MiB")
    finally:
        for left in work.iterdir():
            left.unlink()
        work.rmdir()


if __name__ == "__main__":
    main()
