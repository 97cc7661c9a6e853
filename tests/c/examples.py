#!/usr/bin/env python3
"""Runs the programs of examples/c against real Python: examples.py FOLDER [CARBON_PYTHON]

FOLDER has the compiled programs. CARBON_PYTHON is a Python that has PyPI's carbon, whose own protocol classes are then
the other side; without it the documented format is spoken by this Python's pickle.
"""

import io
import logging
import logging.handlers
import multiprocessing.connection
import os
import pathlib
import pickle
import socket
import struct
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(sys.argv[1]).resolve()
CARBON = sys.argv[2] if len(sys.argv) > 2 else None
checks = 0


def same(what, found, expected):
    global checks
    checks += 1
    if found != expected:
        sys.exit("%s:\n  found    %r\n  expected %r" % (what, found, expected))


def run(name, *arguments, **options):
    return subprocess.run([str(FOLDER / name), *arguments], capture_output=True, timeout=60, **options)


class Background:
    """A program that prints the port it listens on, then works on one connection."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline().split()[1])

    def output(self):
        text = self.process.communicate(timeout=60)[0].decode()
        same("exit of %s" % self.process.args, self.process.returncode, 0)
        return text.splitlines()


def messages():
    """Every protocol: whole messages one after another, then one that is cut."""
    rows = [{"id": 2**32 - 1, "temp": -0.125, "name": "caf\u00e9 \u20ac", "samples": [1, -2], "extra": [{}, (1, 2)]},
            {"battery": 99, "name": "it's", "samples": (), "temp": 21.5, "id": 7}]
    text = "4294967295 caf\u00e9 \u20ac -0.125 1 -2\n7 it's 21.500 battery 99\n"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "messages.pkl"
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            stream = b"".join(pickle.dumps(row, protocol) for row in rows)
            file.write_bytes(stream)
            done = run("message", str(file))
            same("messages of protocol %d" % protocol, (done.returncode, done.stdout.decode()), (0, text))
            file.write_bytes(stream[:-1])
            done = run("message", str(file))
            same("a cut message", (done.returncode, done.stdout.decode().count("\n")), (1, 1))


def read_and_stream():
    class Stubs(pickle.Unpickler):
        def find_class(self, module, name):
            return type(name, (), {"__init__": lambda self, *args: None})

    weather = ROOT / "examples" / "data" / "weather.pkl"
    with weather.open("rb") as file:
        temp = Stubs(file).load()["readings"][0]["temp"]
    bits = struct.pack(">d", temp).hex()
    done = run("read", str(weather), "$.readings[0].temp")
    same("read", done.stdout.decode(), '{"$float": "%s"}\n' % bits)
    done = run("read", str(weather), "$.nothing")
    same("read of a missing path", (done.returncode, b"no such key" in done.stderr), (1, True))
    rows = [{"n": n, "text": "x" * 50} for n in range(300)]
    data = b"".join(pickle.dumps(rows, protocol) for protocol in (2, 4, 5))
    lines = run("stream", input=data).stdout.decode().splitlines()
    same("stream", [line.split(",")[0] for line in lines], ["pickle %d: kind 8" % n for n in (1, 2, 3)])
    done = run("stream", input=data[:-3])
    same("stream of a cut pickle", (done.returncode, done.stderr.startswith(b"at byte %d" % (len(data) - 3))), (1, True))


def items():
    path = FOLDER / "items.pickle"
    numbers = [n if n % 3 else n / 4 for n in range(5000)]
    rows = [{"n": n, "text": "x" * 50} for n in numbers]
    for protocol in range(6):
        for value, where in ((rows, "$"), ({"version": 1, "rows": rows}, "$.rows")):
            data = pickle.dumps(value, protocol)
            path.write_bytes(data)
            done = run("items", str(path), where, "n")
            shown = b"%d items, sum %.17g\n" % (len(rows), sum(numbers))
            same("items of %s, protocol %d" % (where, protocol), (done.returncode, done.stdout, done.stderr), (0, shown, b""))
        path.write_bytes(data[:-3])
        done = run("items", str(path), where, "n")
        same("items of a cut pickle", (done.returncode, b"at byte" in done.stderr), (1, True))
    for where in ("$.version", "$.nothing", "$["):
        path.write_bytes(data)
        done = run("items", str(path), where)
        same("items of %s" % where, done.returncode in (1, 2) and done.stderr != b"", True)


def scan():
    import datetime

    path = FOLDER / "scanned.pickle"
    for protocol in range(6):
        path.write_bytes(pickle.dumps({"day": datetime.date(2024, 2, 29), "rows": [(1, "x")] * 300}, protocol))
        done = run("scan", str(path))
        shown = b"%s:\n  clean, 0 findings\n" % str(path).encode()
        same("scan, protocol %d" % protocol, (done.returncode, done.stdout, done.stderr), (0, shown, b""))
    # Never loaded.
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    done = run("scan", str(path), str(FOLDER / "no such file"))
    same("scan of a sink", (done.returncode, b"dangerous, 2 findings" in done.stdout), (2, True))
    same("scan's finding", b"os.system('true') at 0x15 [PK201]" in done.stdout, True)
    path.write_bytes(b"\x80\x04]")
    same("scan of a cut pickle", (run("scan", str(path)).returncode, run("scan").returncode), (1, 2))


def write():
    import datetime

    for protocol in range(6):
        path = FOLDER / "example.pickle"
        done = run("write", str(path), str(protocol))
        same("write", done.returncode, 0)
        value = pickle.loads(path.read_bytes())
        station = ("Zürich", 8001)
        same("what Python loads, protocol %d" % protocol, value, {
            "station": station,
            "readings": [{"n": n, "temp": temp} for n, temp in enumerate((21.5, 21.75, -3.0))],
            "same station": station,
            "day": datetime.date(2024, 2, 29),
            "raw": b"\0\xff",
        })
        same("one object", value["station"] is value["same station"], True)


def known(protocol):
    """What write_known.c writes."""
    import datetime, decimal, uuid

    day, delta = datetime.date(2024, 2, 29), datetime.timedelta(-2, 3, 4)
    zone = datetime.timezone(datetime.timedelta(-1, 66600))
    when = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)
    value = {"date": day, "time": when.time(), "naive": when, "aware": when.replace(tzinfo=zone), "delta": delta, "zone": zone}
    value.update(decimal=decimal.Decimal("-1.50"), complex=1.5 - 2j)
    if protocol >= 2:
        value["uuid"] = uuid.UUID("12345678123456781234567812345678")
    if protocol >= 4:
        value["fold"] = when.replace(fold=1)
        value["fold time"] = when.time().replace(fold=1, tzinfo=zone)
    arrays = [("grid", "float64", (2, 3), [[0, 0.5, 1], [1.5, 2, 2.5]]), ("row", "int16", (3,), [-1, 0, 300])]
    value["arrays"] = arrays + [("no rows", "uint8", (0, 3), [])]
    return {key: repr(value[key]) for key in value}


def written_known(data):
    """Arrays are compared where there is a numpy."""
    names = ["grid", "row", "no rows"]
    try:
        value = pickle.loads(data)
    except ImportError:
        class Unpickler(pickle.Unpickler):
            def find_class(self, module, name):
                if module.startswith("numpy"):
                    return type(name, (), {"__new__": lambda cls, *args: object.__new__(cls), "__setstate__": lambda *_: None})
                return super().find_class(module, name)

        print("no numpy here: arrays that C wrote are not compared")
        value = Unpickler(io.BytesIO(data)).load()
        value["arrays"] = [("grid", "float64", (2, 3), [[0, 0.5, 1], [1.5, 2, 2.5]]), ("row", "int16", (3,), [-1, 0, 300])]
        value["arrays"].append(("no rows", "uint8", (0, 3), []))
        return {key: repr(value[key]) for key in value if key not in names}
    found = [value.pop(name) for name in names]
    value["arrays"] = []
    for name, array in zip(names, found):
        items = array.tolist()
        items = [[int(i) if i == int(i) else i for i in row] for row in items] if name == "grid" else items
        value["arrays"].append((name, str(array.dtype), array.shape, items))
    return {key: repr(value[key]) for key in value}


# What the C test has written, see write.c.
def written(folder):
    import argparse
    import collections

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid):
            return ("persistent", pid)

    for protocol in range(6):
        path = pathlib.Path(folder) / ("written-%d.pickle" % protocol)
        with path.open("rb") as file:
            value = Unpickler(file, buffers=[bytearray(b"one"), b"two"]).load()
        expected = {
            "none": None,
            "bools": (True, False),
            "ints": [0, 255, 65535, -1, -2**63, 2**64 - 1, 2**96, -2**72],
            "ints again": [0, 255, 65535, -1, -2**63, 2**64 - 1, 2**96, -2**72],
            "float": -0.1,
            "strs": ["xé€\U0001f600\n\\", "a\0\udc80"],
            "bytes": b"\x00\x7f\x80\xff",
            "bytearray": bytearray(b"\xff"),
            "tuples": ((), (0, 1, 2, 3, 4)),
            "set": {1},
            "frozenset": frozenset([2]),
            "global": collections.OrderedDict,
            "call": collections.OrderedDict(k="v"),
            "deque": collections.deque([3]),
            "new": argparse.Namespace(a=1),
            "rows": [{"key": n} for n in range(3)],
            "id": ("persistent", "p-1"),
        }
        if protocol > 0:
            expected["id 2"] = ("persistent", 2)
        if protocol == 5:
            value["buffers"] = [bytes(buffer) for buffer in value["buffers"]]
            expected["buffers"] = [b"one", b"two"]
        same("what the C test wrote, protocol %d" % protocol, value, expected)
        path = pathlib.Path(folder) / ("known-%d.pickle" % protocol)
        same("known types, protocol %d" % protocol, written_known(path.read_bytes()), known(protocol))
        same("one list", value["ints"] is value["ints again"], True)


METRICS = [("lab.oven.temp", (1700000000, 231.5)), ("lab.oven.temp", (1700000060, 232.25)), ("lab.door", (1700000060, 1.0))]
SHOWN = ["lab.oven.temp 1700000000 231.5", "lab.oven.temp 1700000060 232.25", "lab.door 1700000060 1"]

# The sender of a carbon relay, and carbon's receiver, as carbon's own code does it.
CARBON_SEND = """
import sys
from twisted.internet import reactor, protocol
from carbon.client import CarbonPickleClientProtocol
class Sender(CarbonPickleClientProtocol):
    def connectionMade(self):
        self._sendDatapointsNow(%r)
        self.transport.loseConnection()
    def connectionLost(self, reason):
        reactor.stop()
class Factory(protocol.ClientFactory):
    protocol = Sender
reactor.connectTCP('127.0.0.1', int(sys.argv[1]), Factory())
reactor.run()
"""
CARBON_RECEIVE = """
from twisted.internet import reactor, protocol
from carbon import protocols, state, log
from carbon.conf import settings
settings.setdefault('PICKLE_RECEIVER_MAX_LENGTH', 2 ** 20)
settings['USE_INSECURE_UNPICKLER'] = False
class Receiver(protocols.MetricPickleReceiver):
    def connectionMade(self):
        self.peerName = 'test'
        self.unpickler = protocols.get_unpickler(insecure=False)
    def connectionLost(self, reason):
        reactor.stop()
    def metricReceived(self, metric, datapoint):
        print(metric, datapoint, flush=True)
log.listener = lambda *message: print('refused', *message, flush=True)
class Factory(protocol.ServerFactory):
    protocol = Receiver
port = reactor.listenTCP(0, Factory(), interface='127.0.0.1')
print('port', port.getHost().port, flush=True)
reactor.run()
"""


def carbon():
    receiver = Background(FOLDER / "carbon", "receive")
    if CARBON:
        subprocess.run([CARBON, "-c", CARBON_SEND % METRICS, str(receiver.port)], check=True, timeout=60)
    else:
        with socket.create_connection(("127.0.0.1", receiver.port)) as peer:
            data = pickle.dumps(METRICS, protocol=2)
            peer.sendall(struct.pack(">L", len(data)) + data)
    same("carbon's sender, our receiver", receiver.output(), SHOWN)
    if CARBON:
        receiver = Background(CARBON, "-c", CARBON_RECEIVE)
        same("carbon send", run("carbon", "send", str(receiver.port)).returncode, 0)
        expected = ["%s (%s, %s)" % (name, float(time), float(value)) for name, (time, value) in METRICS]
        # A datapoint of carbon is (timestamp, value); it calls them value and timestamp when it reads them.
        same("our sender, carbon's receiver", receiver.output(), expected)
    else:
        with socket.create_server(("127.0.0.1", 0)) as server:
            sender = threading.Thread(target=run, args=("carbon", "send", str(server.getsockname()[1])))
            sender.start()
            peer, _ = server.accept()
            data = b"".join(iter(lambda: peer.recv(4096), b""))
            sender.join()
        (size,) = struct.unpack(">L", data[:4])
        same("our sender", (size, pickle.loads(data[4:])), (len(data) - 4, METRICS))
    # A frame that is no pickle, and one that does not say metrics, are reported and passed over.
    receiver = Background(FOLDER / "carbon", "receive")
    with socket.create_connection(("127.0.0.1", receiver.port)) as peer:
        for data in (b"garbage", pickle.dumps([1, ("x", 2)], 2), pickle.dumps(METRICS[2:], 5)):
            peer.sendall(struct.pack(">L", len(data)) + data)
    lines = receiver.output()
    same("bad frames", (lines[0].startswith("at byte"), lines[1:]), (True, ["not a metric", "not a metric", SHOWN[2]]))


def logs():
    sink = Background(FOLDER / "logsink")
    logger = logging.getLogger("lab.oven")
    logger.propagate = False
    handler = logging.handlers.SocketHandler("127.0.0.1", sink.port)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    line = sys._getframe().f_lineno + 1
    logger.warning("temperature %.1f in %s", 231.5, "zürich")
    logger.info("done")
    try:
        raise ValueError("broken")
    except ValueError:
        logger.exception("failed")
    handler.close()
    same("logging", sink.output(), [
        "WARNING lab.oven:%d temperature 231.5 in zürich" % line,
        "INFO lab.oven:%d done" % (line + 1),
        "ERROR lab.oven:%d failed" % (line + 5),
    ])


def connections():
    if sys.version_info < (3, 12):
        print("left out: mpclient against multiprocessing.connection, whose digest was MD5 before Python 3.12")
        return
    key = "correct horse"
    for given, good in ((key, True), ("wrong", False)):
        got = []

        def serve(listener):
            try:
                with listener.accept() as peer:
                    request = peer.recv()
                    got.append(request)
                    peer.send({"result": sum(request[1]), "of": len(request[1])})
                    got.append(peer.recv())
            except multiprocessing.AuthenticationError:
                got.append("refused")

        with multiprocessing.connection.Listener(("127.0.0.1", 0), authkey=key.encode()) as listener:
            server = threading.Thread(target=serve, args=(listener,))
            server.start()
            done = run("mpclient", str(listener.address[1]), given)
            server.join()
        if good:
            same("Listener", (done.returncode, got), (0, [("sum", [1, 2, 3.5]), None]))
            same("mpclient", done.stdout.decode(), '{"result": {"$float": "%s"}, "of": 3}\n' % struct.pack(">d", 6.5).hex())
        else:
            same("a wrong key", (done.returncode, got), (1, ["refused"]))


def main():
    read_and_stream()
    messages()
    items()
    scan()
    write()
    if os.environ.get("PICKLE_WRITTEN"):
        written(os.environ["PICKLE_WRITTEN"])
    carbon()
    logs()
    connections()
    other_side = "carbon's own classes" if CARBON else "the documented format, by this Python"
    print("%d checks with Python %s; Graphite: %s" % (checks, sys.version.split()[0], other_side))


if __name__ == "__main__":
    main()
