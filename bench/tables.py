"""Markdown tables of what run.py measured."""
import statistics

TASKS = [
    ("walk", "Walk all opcodes", "loads"),
    ("read", "Read into generic values", "loads"),
    ("typed", "Read into structs", "loads"),
    ("write", "Write", "dumps"),
]

# What issues 2 and 3 ask for on telemetry.p4: our case, at least so many times as fast as whom.
GOALS = [
    ("ops", 12, "loads"),
    ("document_reused", 10, "loads"),
    ("document_reused", 4, "loads_nogc"),
    ("document_fresh", 4, "loads"),
    ("document_fresh", 6, "serde_value"),
    ("typed_borrowed", 8, "loads"),
    ("typed_borrowed", 8, "deser_borrowed"),
    ("typed_owned", 5, "deser_typed"),
    ("typed_write", 7, "dumps"),
    ("typed_write", 1 / 0.6, "serde_write"),
    ("document_write", 4, "dumps"),
]
GOAL_FILE = "telemetry.p4.pkl"
GOAL_GROWTH_MB = ("document_fresh", 200)


class Cell:
    """All that was measured of one case on one file."""

    def __init__(self, who, case, file):
        self.who, self.case, self.file = who, case, file
        self.wall_ns, self.cpu_ns, self.growth_kb, self.error = [], [], None, None

    def add(self, line, expected):
        self.error = self.error or line.get("error")
        self.wall_ns += line.get("wall_ns", [])
        self.cpu_ns += line.get("cpu_ns", [])
        growth = line.get("growth_kb")
        if growth is not None:
            self.growth_kb = max(growth, self.growth_kb or 0)
        count, wanted = line.get("count"), expected.get(self.case["task"])
        if not self.error and None not in (count, wanted) and count != wanted:
            self.error = "wrong result: %d of %d %s" % (count, wanted, "opcodes" if self.case["task"] == "walk" else "values")

    def median(self):
        """Milliseconds of CPU, or None where it failed."""
        return statistics.median(self.cpu_ns) / 1e6 if self.cpu_ns and not self.error else None

    def label(self):
        return "%s %s" % (self.who, self.case["label"]) if self.who else self.case["label"]

    def as_json(self):
        return {
            "who": self.label(), "impl": self.case["impl"], "task": self.case["task"], "file": self.file,
            "median_ms": self.median(), "wall_ns": self.wall_ns, "cpu_ns": self.cpu_ns,
            "growth_kb": self.growth_kb, "error": self.error,
        }


def ms(value):
    return "%.1f" % value if value < 100 else "%.0f" % value


def times(base, value):
    """How many times as fast as the base."""
    if None in (base, value) or not value:
        return "–"
    ratio = base / value
    return "%.2f×" % ratio if ratio < 2 else "%.1f×" % ratio


def table(head, rows):
    lines = ["| %s |" % " | ".join(head), "|%s|" % "|".join("---" if i == 0 else "---:" for i in range(len(head)))]
    return "\n".join(lines + ["| %s |" % " | ".join(row) for row in rows]) + "\n"


class Results:
    """The cells of a run. The first Python is the one that all are compared with."""

    def __init__(self, base):
        self.base, self.cells = base, []

    def of(self, impl, file):
        """The median of a case; those of Python are the base's."""
        found = [c.median() for c in self.cells if c.file == file and c.case["impl"] == impl
                 and (c.who in ("", self.base))]
        return found[0] if found else None

    def file_tables(self, file, entry):
        yield "## %s\n\n%.1f MB, %d values, %d opcodes\n" % (
            file, entry["bytes"] / 1e6, entry["values"], entry["opcodes"])
        for task, title, base in TASKS:
            cells = [c for c in self.cells if c.file == file and c.case["task"] == task]
            if not cells:
                continue
            bases = [("vs " + c.case["label"], c.median()) for c in self.cells
                     if c.who == self.base and c.file == file and c.case["impl"] in (base, base + "_nogc")]
            head = [title, "median ms", "min–max"] + [name for name, _ in bases] + ["memory MB"]
            yield table(head, [self.row(cell, [median for _, median in bases]) for cell in cells])
            yield from ("- %s FAIL: %s\n" % (c.label(), c.error) for c in cells if c.error)

    @staticmethod
    def row(cell, bases):
        median = cell.median()
        if median is None:
            return [cell.label(), "FAIL", ""] + [""] * len(bases) + [""]
        spread = "%s–%s" % (ms(min(cell.cpu_ns) / 1e6), ms(max(cell.cpu_ns) / 1e6))
        growth = "–" if cell.growth_kb is None else "%.1f" % (cell.growth_kb / 1024)
        return [cell.label(), ms(median), spread] + [times(base, median) for base in bases] + [growth]

    def disturbance(self):
        """Wall time over CPU time: 1.0 on a quiet machine."""
        cpu = sum(sum(c.cpu_ns) for c in self.cells)
        return sum(sum(c.wall_ns) for c in self.cells) / cpu if cpu else 1.0

    def overview(self):
        """All files side by side: median ms and, in brackets, against CPython with the collector off."""
        files = list(dict.fromkeys(c.file for c in self.cells))
        if len(files) < 2:
            return
        yield "## All files\n\nMedian ms; in brackets how many times as fast as CPython, gc off.\n"
        for task, title, base in TASKS:
            by_label = {}
            for cell in self.cells:
                if cell.case["task"] == task:
                    by_label.setdefault(cell.label(), {})[cell.file] = cell
            if by_label:
                rows = [[label] + [self.short(cells.get(f), base) for f in files] for label, cells in by_label.items()]
                yield table([title] + [f[:-len(".pkl")] for f in files], rows)

    def short(self, cell, base):
        if cell is None:
            return ""
        if cell.median() is None:
            return "FAIL"
        median, without_gc = cell.median(), self.of(base + "_nogc", cell.file)
        return "%s (%s)" % (ms(median), times(without_gc or self.of(base, cell.file), median))

    def goals(self):
        rows = []
        for impl, factor, whom in GOALS:
            ours, theirs = self.of(impl, GOAL_FILE), self.of(whom, GOAL_FILE)
            if ours is not None and theirs is not None:
                verdict = "reached" if theirs / ours >= factor else "NOT reached"
                rows.append([impl, "≥ %.2g× %s" % (factor, whom), times(theirs, ours), verdict])
        impl, limit = GOAL_GROWTH_MB
        for cell in self.cells:
            if cell.case["impl"] == impl and cell.file == GOAL_FILE and cell.growth_kb is not None:
                grown = cell.growth_kb / 1024
                verdict = "reached" if grown <= limit else "NOT reached"
                rows.append([impl, "≤ %d MB" % limit, "%.0f MB" % grown, verdict])
        if rows:
            yield "## Goals on %s\n" % GOAL_FILE
            yield table(["our case", "goal", "measured", ""], rows)
