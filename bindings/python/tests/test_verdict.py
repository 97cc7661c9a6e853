"""verdict: what loading would do, judged by the tables of the core."""

import collections
import datetime
import pickle
import pickletools
import unittest

import libpickle

SINK = b"cos\nsystem\n(S'true'\ntR."


class Own:
    pass


class VerdictTest(unittest.TestCase):
    def test_plain_data_is_clean(self):
        value = [1, "a", b"b", 1.5, None, {"k": (1, 2)}, {1, 2}, datetime.date(2024, 1, 1), collections.OrderedDict(a=1)]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            report = libpickle.verdict(pickle.dumps(value, protocol))
            self.assertEqual(report["verdict"], "clean", report)
            self.assertTrue(report["complete"])
            self.assertEqual((report["executes_on_load"], report["findings"]), ("no", []))
            self.assertEqual(report["stats"]["pickles"], 1)
            ops = sum(1 for _ in pickletools.genops(pickle.dumps(value, protocol)))
            self.assertEqual(report["stats"]["ops"], ops)

    def test_a_sink_is_dangerous_with_its_arguments(self):
        report = libpickle.verdict(SINK)
        self.assertEqual((report["verdict"], report["executes_on_load"]), ("dangerous", "yes"))
        called = [finding for finding in report["findings"] if finding["rule"] == "PK201"][0]
        self.assertEqual((called["module"], called["name"], called["args"]), ("os", "system", "'true'"))
        self.assertEqual((called["opcode"], called["offset"]), ("REDUCE", SINK.index(b"R.")))
        for allow in (["os.system"], ["os.*"], [("os", "system")]):
            self.assertNotEqual(libpickle.verdict(SINK, allow)["verdict"], "clean")

    def test_own_classes_are_unknown_until_they_are_named(self):
        data = pickle.dumps(Own())
        self.assertEqual(libpickle.verdict(data)["verdict"], "unknown")
        for allow in ([Own], [(Own.__module__, "Own")], [Own.__module__ + ".Own"], [Own.__module__ + ".*"]):
            self.assertEqual(libpickle.verdict(data, allow)["verdict"], "clean", allow)
        (named,) = libpickle.verdict(data)["globals"]
        self.assertEqual((named["name"], named["effect"], named["made"]), ("Own", "unknown", True))

    def test_every_pickle_and_both_readings_are_looked_at(self):
        self.assertEqual(libpickle.verdict(b"N." + SINK)["verdict"], "dangerous")
        frame = b"\x80\x04\x95" + (len(SINK) + 2).to_bytes(8, "little") + b"N." + SINK
        self.assertEqual(libpickle.verdict(frame)["verdict"], "dangerous")
        self.assertEqual(libpickle.verdict(b"")["verdict"], "malformed")
        self.assertEqual(libpickle.verdict(SINK + b"\xff")["verdict"], "dangerous")

    def test_what_is_wrong_is_told(self):
        with self.assertRaises(TypeError):
            libpickle.verdict("text")
        with self.assertRaises(TypeError):
            libpickle.verdict(b"N.", "os.system")
        with self.assertRaises(ValueError):
            libpickle.verdict(b"N.", ["nodot"])


if __name__ == "__main__":
    unittest.main()
