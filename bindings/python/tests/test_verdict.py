"""scan: what loading would do, judged by the tables of the core."""

import collections
import copy
import datetime
import gzip
import io
import json
import os
import pathlib
import pickle
import pickletools
import random
import sys
import tempfile
import unittest
import zipfile

import libpickle

SINK = b"cos\nsystem\n(S'true'\ntR."


class Own:
    pass


class VerdictTest(unittest.TestCase):
    def test_plain_data_is_clean(self):
        value = [1, "a", b"b", 1.5, None, {"k": (1, 2)}, {1, 2}, datetime.date(2024, 1, 1), collections.OrderedDict(a=1)]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            report = libpickle.scan(pickle.dumps(value, protocol))
            self.assertEqual(report.verdict, "clean", report)
            self.assertTrue(report.complete)
            self.assertEqual((report.executes_on_load, report.findings), ("no", ()))
            self.assertEqual(report.stats["pickles"], 1)
            ops = sum(1 for _ in pickletools.genops(pickle.dumps(value, protocol)))
            self.assertEqual(report.stats["ops"], ops)

    def test_a_sink_is_dangerous_with_its_arguments(self):
        report = libpickle.scan(SINK)
        self.assertEqual((report.verdict, report.executes_on_load), ("dangerous", "yes"))
        called = [finding for finding in report.findings if finding.rule == "PK201"][0]
        self.assertEqual((called.module, called.name, called.args), ("os", "system", "'true'"))
        self.assertEqual((called.opcode, called.offset), ("REDUCE", SINK.index(b"R.")))
        for allow in (["os.system"], ["os.*"], [("os", "system")]):
            self.assertNotEqual(libpickle.scan(SINK, allow).verdict, "clean")

    def test_own_classes_are_unknown_until_they_are_named(self):
        data = pickle.dumps(Own())
        self.assertEqual(libpickle.scan(data).verdict, "unknown")
        for allow in ([Own], [(Own.__module__, "Own")], [Own.__module__ + ".Own"], [Own.__module__ + ".*"]):
            self.assertEqual(libpickle.scan(data, allow).verdict, "clean", allow)
        (named,) = libpickle.scan(data).globals
        self.assertEqual((named.name, named.effect, named.made), ("Own", "unknown", True))

    def test_every_pickle_and_both_readings_are_looked_at(self):
        self.assertEqual(libpickle.scan(b"N." + SINK).verdict, "dangerous")
        frame = b"\x80\x04\x95" + (len(SINK) + 2).to_bytes(8, "little") + b"N." + SINK
        self.assertEqual(libpickle.scan(frame).verdict, "dangerous")
        self.assertEqual(libpickle.scan(b"").verdict, "malformed")
        self.assertEqual(libpickle.scan(SINK + b"\xff").verdict, "dangerous")

    def test_what_is_wrong_is_told(self):
        with self.assertRaises(FileNotFoundError):
            libpickle.scan("no such file")
        with self.assertRaises(TypeError):
            libpickle.scan(b"N.", "os.system")
        with self.assertRaises(ValueError):
            libpickle.scan(b"N.", ["nodot"])

    def test_the_table_of_attacks_is_judged_as_everywhere(self):
        rows = (pathlib.Path(__file__).parents[3] / "tests/data/verdicts.tsv").read_text(encoding="utf-8").splitlines()
        judged = 0
        for row in rows:
            if row.startswith("#"):
                continue
            _, name, verdicts, rules, data = row.split("\t")
            report = libpickle.scan(bytes.fromhex(data))
            self.assertIn(report.verdict, verdicts.split("|"), name)
            found = {finding.rule for finding in report.findings}
            self.assertTrue(rules == "-" or found & set(rules.split("|")), (name, rules, found))
            judged += 1
        self.assertGreater(judged, 200)

    def test_a_report_is_a_value(self):
        report = libpickle.scan(SINK)
        with self.assertRaises(TypeError):
            bool(report)
        self.assertEqual(report, libpickle.scan(SINK))
        self.assertNotEqual(report, libpickle.scan(b"N."))
        for again in (copy.deepcopy(report), pickle.loads(pickle.dumps(report))):
            self.assertEqual(again, report)
        told = json.loads(json.dumps(report.to_dict()))
        self.assertEqual((told["verdict"], told["findings"][0]["rule"]), (report.verdict, report.findings[0].rule))
        self.assertIn("dangerous", repr(report))
        self.assertEqual([named.path for named in report.globals], ["os.system"])

    def test_what_loading_does_is_told_step_by_step(self):
        steps = [line.split(None, 1) for line in libpickle.scan(SINK).explain().splitlines()]
        self.assertEqual([step for _, step in steps], ["import os.system", "call os.system('true')", "return the value"])
        self.assertEqual([int(offset) for offset, _ in steps], [0, SINK.index(b"R."), len(SINK) - 1])


class FilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def test_files_are_judged_as_their_bytes_are(self):
        # Mapped from a megabyte on.
        large = pickle.dumps([b"x" * (1 << 20), "end"])
        for data in (b"", b"N.", SINK, large, large + SINK):
            path = self.file("a.pkl", data)
            expected = libpickle.scan(data)
            for source in (path, str(path), io.BytesIO(data), bytearray(data), memoryview(data)):
                report = libpickle.scan(source)
                self.assertEqual(report, expected, type(source))
                self.assertEqual(report.explain(), expected.explain())
            with path.open("rb") as file:
                self.assertEqual(libpickle.scan(file), expected)

    def test_compression_is_taken_off(self):
        expected = libpickle.scan(SINK)
        for data in (gzip.compress(SINK), gzip.compress(gzip.compress(SINK))):
            self.assertEqual(libpickle.scan(self.file("a.gz", data)), expected)
            self.assertEqual(libpickle.scan(io.BytesIO(data)), expected)

    def test_every_member_of_a_zip_file_is_judged(self):
        with zipfile.ZipFile(self.folder / "model.pt", "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({"weight": 1}))
            numbers = random.Random(7)
            for n in range(3000):
                # Every first byte several times: most are opcodes.
                archive.writestr("archive/data/%d" % n, bytes([n % 256]) + bytes(numbers.randrange(256) for _ in range(numbers.choice((1, 7, 63, 255)))))
            archive.writestr("archive/version", b"3\n")
            archive.writestr("archive/empty", b"")
        self.assertEqual(libpickle.scan(self.folder / "model.pt").verdict, "clean")
        for name, data in (("archive/extra.pkl", SINK), ("archive/notes.txt", SINK), ("inner.zip", None), ("inner.gz", gzip.compress(SINK))):
            if data is None:
                inner = io.BytesIO()
                with zipfile.ZipFile(inner, "w") as archive:
                    archive.writestr("deep", SINK)
                data = inner.getvalue()
            path = self.folder / "bad.pt"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", pickle.dumps({"weight": 1}))
                archive.writestr(name, data)
            report = libpickle.scan(path)
            self.assertEqual(report.verdict, "dangerous", name)
            self.assertTrue(all(finding.member.startswith(name) for finding in report.findings), report.findings)
            again = libpickle.scan(io.BytesIO(path.read_bytes()))
            self.assertEqual((again, again.explain()), (report, report.explain()))
            self.assertEqual(libpickle.scan("%s!archive/data.pkl" % path).verdict, "clean")
            self.assertIn("os.system('true')", report.explain())
        with zipfile.ZipFile(self.folder / "none.zip", "w") as archive:
            archive.writestr("notes.txt", b"nothing here")
        with self.assertRaisesRegex(ValueError, "no member is a pickle"):
            libpickle.scan(self.folder / "none.zip")


POLICY = """
version = 1
extends = ["std"]
default = "%s"
[allow]
"%s" = ["Own", { name = "made", effect = "pure" }, { name = "kept", effect = "held" }]
[deny]
modules = ["fractions"]
"decimal" = ["Decimal"]
"""


def made(*args):
    return args


def kept():
    return "not to be called"


@unittest.skipIf(sys.version_info < (3, 11), "tomllib")
class PolicyFileTest(unittest.TestCase):
    def policy(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "pickle-policy.toml")
        path.write_text(text, encoding="utf-8")
        return path

    def test_one_file_serves_reports_and_loading(self):
        path = self.policy(POLICY % ("unknown", __name__))
        policy = libpickle.Policy.from_file(path)
        for value, verdict in ((Own(), "clean"), (made, "clean"), (kept, "clean"), (collections.OrderedDict(a=1), "clean")):
            data = pickle.dumps(value)
            self.assertEqual(libpickle.scan(data, policy=path).verdict, verdict, value)
            self.assertEqual(libpickle.scan(data, policy=policy).verdict, verdict, value)
            self.assertEqual(type(libpickle.loads(data, policy=policy)), type(value))
        call = b"\x80\x04c%s\n%s\n)R."
        self.assertEqual(libpickle.loads(call % (__name__.encode(), b"made"), policy=policy), ())
        for data in (b"\x80\x04cfractions\nFraction\n.", b"\x80\x04cdecimal\nDecimal\n.", b"cos\nsystem\n."):
            self.assertEqual(libpickle.scan(data, policy=path).verdict, "dangerous", data)
            with self.assertRaises(libpickle.RefusedError):
                libpickle.loads(data, policy=policy)
        for again in (copy.copy(policy), pickle.loads(pickle.dumps(policy))):
            self.assertEqual(again, policy)
            with self.assertRaises(libpickle.RefusedError):
                libpickle.loads(b"\x80\x04cdecimal\nDecimal\n.", policy=again)

    def test_what_is_not_listed_is_refused(self):
        data = b"\x80\x04cmyapp\nUnknown\n."
        for default, verdict in (("unknown", "unknown"), ("deny", "suspicious")):
            path = self.policy(POLICY % (default, __name__))
            self.assertEqual(libpickle.scan(data, policy=path).verdict, verdict)
            with self.assertRaises(libpickle.RefusedError):
                libpickle.loads(data, policy=libpickle.Policy.from_file(path))

    def test_a_policy_is_read_whole_or_refused(self):
        good = POLICY % ("deny", "m")
        for old, new in (
            ("version = 1", "version = 2"),
            ("version = 1", ""),
            ('"deny"', '"refuse"'),
            ('["std"]', '["none"]'),
            ('"pure"', '"odd"'),
            ("[deny]", "[denied]"),
            ('["fractions"]', '"fractions"'),
            ('"Own"', "7"),
            ("version = 1", "version = "),
        ):
            self.assertIn(old, good)
            with self.assertRaises(ValueError, msg=new):
                libpickle.Policy.from_file(self.policy(good.replace(old, new, 1)))

    def test_a_compiled_policy_is_taken_as_it_is(self):
        path = self.policy(POLICY % ("unknown", __name__))
        table = libpickle.Policy.from_file(path)._table
        self.assertEqual(libpickle.scan(pickle.dumps(Own()), policy=table).verdict, "clean")
        folder = pathlib.Path(__file__).parents[3] / "tests/data/policy"
        self.assertEqual(libpickle.Policy.from_file(folder / "pickle-policy.toml")._table, (folder / "policy.bin").read_bytes())
        compiled = path.with_name("policy.bin")
        compiled.write_bytes(table)
        self.assertEqual(libpickle.scan(pickle.dumps(Own()), policy=compiled).verdict, "clean")
        command = os.environ.get("PICKLE_COMMAND")
        if command:
            import subprocess

            subprocess.run([command, "policy", "compile", str(path), "-o", str(compiled)], check=True)
            self.assertEqual(compiled.read_bytes(), table)
        for damaged in (b"version = 1", table[:-1], table + b"x"):
            with self.assertRaises(ValueError):
                libpickle.scan(b"N.", policy=damaged)
        with self.assertRaises(TypeError):
            libpickle.scan(b"N.", policy=7)
        with self.assertRaises(TypeError):
            libpickle.scan(b"N.", ["a.B"], policy=table)


if __name__ == "__main__":
    unittest.main()
