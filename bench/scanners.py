#!/usr/bin/env python3
"""Holds `pickle scan` beside five published scanners, on the same files and in one run.

usage: scanners.py CORPUS [--clean N] [--pickle COMMAND]

CORPUS has a manifest.json, whose files of the families `hostile` and `lookalike` say under `scan` what they are, and a folder data.
All of those that are dangerous are judged, and N clean ones (250), drawn with a fixed seed. The scanners are installed from the
package index into a folder of their own (SCANNERS, by default ~/.cache/pickle-scanners) and judge each file in a child process that
may take 4 GiB and 20 seconds. None of them loads a file, and nothing here does.
"""
import argparse
import contextlib
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

SCANNERS = ["picklescan==1.0.5", "modelscan==0.8.8", "fickling==0.1.12", "modelaudit-picklescan==0.1.12", "pickleguard==1.0.1", "typing_extensions"]
HERE = os.path.dirname(os.path.abspath(__file__))
UNTOLD = ("quirks", "mutated", "cpython_tests", "random")
WORDS = ["clean", "suspicious", "dangerous"]


def install():
    """Python of a virtual environment that has the scanners."""
    folder = os.environ.get("SCANNERS", os.path.expanduser("~/.cache/pickle-scanners"))
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *SCANNERS], check=True)
    return python


# ---- one word a file, by scanner


def picklescan(path):
    from picklescan.scanner import SafetyLevel, scan_file_path

    result = scan_file_path(path)
    levels = {found.safety for found in result.globals}
    if SafetyLevel.Dangerous in levels or result.issues_count:
        return "dangerous"
    if result.scan_err or not result.scanned_files:
        return "error"
    return "suspicious" if SafetyLevel.Suspicious in levels else "clean"


def modelscan(path):
    from modelscan.modelscan import ModelScan

    result = ModelScan().scan(path)
    if any(result["summary"]["total_issues_by_severity"].values()):
        return "dangerous"
    return "error" if result.get("errors") or not result["summary"]["scanned"]["total_scanned"] else "clean"


def fickling(path):
    from fickling.analysis import Severity, check_safety
    from fickling.fickle import StackedPickle

    with open(path, "rb") as file:
        worst = max(check_safety(part).severity for part in StackedPickle.load(file))
    if worst == Severity.LIKELY_SAFE:
        return "clean"
    return "suspicious" if worst in (Severity.POSSIBLY_UNSAFE, Severity.SUSPICIOUS) else "dangerous"


def modelaudit(path):
    from modelaudit_picklescan import scan_file

    word = scan_file(path).verdict.value
    return {"clean": "clean", "suspicious": "suspicious", "malicious": "dangerous"}.get(word, "error")


def pickleguard(path):
    from pickle_scanner.core.scanner import scan_file

    word = scan_file(path).report.threat_score.risk_level.name.lower()
    return {"critical": "dangerous", "high": "dangerous", "medium": "suspicious", "low": "suspicious"}.get(word, "clean")


PEERS = [picklescan, modelscan, fickling, modelaudit, pickleguard]


def in_child(judge, path):
    """The word of a scanner; `error` where it raises, runs out of time or memory, or dies."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        signal.alarm(20)
        word = "error"
        with contextlib.suppress(BaseException):
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                word = judge(path)
        os.write(write, word.encode())
        os._exit(0)
    os.close(write)
    word = os.read(read, 100).decode()
    os.close(read)
    os.waitpid(pid, 0)
    return word or "error"


def worker():
    """Runs in the environment of the scanners: paths on stdin, a JSON object of words a path on stdout."""
    import logging

    import fickling.analysis  # noqa: F401
    import modelaudit_picklescan  # noqa: F401
    import modelscan.modelscan  # noqa: F401
    import pickle_scanner.core.scanner  # noqa: F401
    import picklescan.scanner  # noqa: F401

    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        path = line.rstrip("\n")
        print(json.dumps({judge.__name__: in_child(judge, path) for judge in PEERS}), flush=True)


def own_names(files):
    """The corpus' own types and extension codes, as their owner would allow them."""
    names = set()
    for file in files:
        if file["verdict"] in ("clean", "code") and file["family"] not in ("hostile", "lookalike", "quirks"):
            for part in file.get("pickles") or []:
                names |= {m + ":" + n for m, n, *_ in part.get("globals") or [] if m in ("vec_types", "vec2_types", "ext_types", "app_types")}
                names |= {"ext:%s" % code for code in part.get("ext_codes") or []}
    return [word for name in sorted(names) for word in ("--allow", name)]


def ours(command, paths, allowed):
    """The words of `pickle scan`, which has more of them."""
    run = subprocess.run([command, "scan", "--json", *allowed, "--", *paths], capture_output=True, text=True)
    words = {"clean": "clean", "dangerous": "dangerous", "code": "dangerous", "unknown": "unknown"}
    found = {}
    for line in run.stdout.splitlines():
        report = json.loads(line)
        found[report["path"]] = words.get(report["verdict"], "suspicious")
    return [found.get(path, "error") for path in paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--clean", type=int, default=250)
    parser.add_argument("--pickle", default=os.path.join(HERE, "..", "target", "release", "pickle"))
    options = parser.parse_args()
    files = json.load(open(os.path.join(options.corpus, "manifest.json")))["files"]
    told = [f for f in files if f["family"] in ("hostile", "lookalike") and f.get("scan")]
    bad = [f["path"] for f in told if f["scan"]["expected"] == "dangerous"]
    good = [f["path"] for f in told if f["scan"]["expected"] == "clean"]
    plain = [f["path"] for f in files if f["family"] not in UNTOLD + ("hostile", "lookalike") and f["verdict"] == "clean" and f["size"] < 300_000]
    good += random.Random(1).sample(plain, min(options.clean, len(plain)))
    paths = [os.path.join(options.corpus, "data", path) for path in bad + good]
    start = time.time()
    run = subprocess.run([install(), os.path.abspath(__file__), "--worker"], input="\n".join(paths) + "\n", capture_output=True, text=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if len(answers) != len(paths):
        sys.exit("the scanners ended early: " + run.stderr[-2000:])
    print("%d dangerous files, %d clean ones, %.0f s" % (len(bad), len(good), time.time() - start))
    print("| | named dangerous | named otherwise, or an error | passed as clean | clean called dangerous | clean called suspicious | clean not judged | clean proved |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    table = [(judge.__name__, [answer[judge.__name__] for answer in answers]) for judge in PEERS]
    table.append(("pickle scan", ours(options.pickle, paths, own_names(files))))
    for name, words in table:
        of_bad, of_good = words[: len(bad)], words[len(bad) :]
        named, passed = of_bad.count("dangerous"), of_bad.count("clean")
        rest = len(bad) - named - passed
        unjudged = of_good.count("error") + of_good.count("unknown")
        print("| %s | %d | %d | %d | %d | %d | %d | %d |" % (name, named, rest, passed, of_good.count("dangerous"), of_good.count("suspicious"), unjudged, of_good.count("clean")))


if __name__ == "__main__":
    worker() if sys.argv[1:] == ["--worker"] else main()
