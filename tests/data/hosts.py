"""Databases and archives with pickles in them, each made by the library that people use for it.

    /usr/bin/python3 tests/data/hosts.py tests/data/hosts

needs Debian's python3-gdbm and python3-bsddb3, and lmdb, ZODB, py7zr, tables, queuelib and django from PyPI (on PYTHONPATH). Most files hold the same values
under the keys `s0`, `s1`, ...: strs of that many characters, so that values lie inside pages, across pages, and on pages of their own.
"""

import dbm.gnu
import dbm.ndbm
import os
import pickle
import shutil
import sqlite3
import struct
import sys
import zipfile
import zlib

SIZES = [0, 1, 255, 256, 2000, 4096, 65_535, 65_536]
RECORDS = {f"s{size}".encode(): pickle.dumps("x" * size, 2 + i % 4) for i, size in enumerate(SIZES)}


def keyed(database):
    for key, value in RECORDS.items():
        database[key] = value
    database.close()


def bsddb(name, kind):
    from bsddb3 import db

    database = db.DB()
    database.open(name, None, getattr(db, kind), db.DB_CREATE)
    for key, value in RECORDS.items():
        database.put(key, value)
    # Deleted records stay on their pages for a while.
    database.put(b"gone", pickle.dumps("gone"))
    database.delete(b"gone")
    database.close()


def sqlite_files():
    shelf = sqlite3.connect("shelf.sqlite")  # what dbm.sqlite3 makes
    shelf.execute("CREATE TABLE IF NOT EXISTS Dict (key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)")
    shelf.executemany("INSERT INTO Dict VALUES (?, ?)", RECORDS.items())
    shelf.commit()
    shelf.close()
    app = sqlite3.connect("app.sqlite")
    app.execute('CREATE TABLE "a table" (id INTEGER PRIMARY KEY, title TEXT, "the data" BLOB, n INTEGER)')
    app.execute("CREATE TABLE pairs (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID")
    rows = list(RECORDS.values())
    app.executemany('INSERT INTO "a table" VALUES (?, ?, ?, 7)', [(10 + i, f"title {i}.", row) for i, row in enumerate(rows[:4])])
    app.executemany("INSERT INTO pairs VALUES (?, ?)", [(f"k{i}", zlib.compress(row)) for i, row in enumerate(rows[4:])])
    app.execute("INSERT INTO pairs VALUES ('text', ?)", (b"this is no pickle.",))
    app.commit()
    app.close()


def lmdb_file():
    import lmdb

    shutil.rmtree("data.lmdb", ignore_errors=True)
    environment = lmdb.open("data.lmdb", map_size=1 << 20, max_dbs=2)
    named = environment.open_db(b"named")
    for i, (key, value) in enumerate(RECORDS.items()):
        with environment.begin(write=True) as transaction:
            transaction.put(key, value, db=named if i % 2 else None)
    environment.close()
    os.remove("data.lmdb/lock.mdb")


def renpy_files():
    slots = [zlib.compress(value) for value in RECORDS.values()]
    head = b"RENPY RPC2"
    at = len(head) + 12 * (len(slots) + 1)
    table = b""
    for i, slot in enumerate(slots):
        table += struct.pack("<III", i + 1, at, len(slot))
        at += len(slot)
    with open("script.rpyc", "wb") as out:
        out.write(head + table + bytes(12) + b"".join(slots))
    body = b"an image"
    index = {"a.png": [(40 ^ 0x42424242, len(body) ^ 0x42424242, b"")]}
    with open("archive.rpa", "wb") as out:
        out.write((b"RPA-3.0 %016x %08x\n" % (40 + len(body), 0x42424242)).ljust(40) + body + zlib.compress(pickle.dumps(index, 2)))


def sequence_file():
    """As Spark's saveAsPickleFile writes it: groups of ten byte arrays, serialised by Java."""

    def text(value):
        return bytes([len(value)]) + value

    def java(batches):
        out = b"\xac\xed\x00\x05ur\x00\x03[[BK\xfd\x19\x15\x67\x67\xdb\x37\x02\x00\x00xp" + struct.pack(">i", len(batches))
        for i, batch in enumerate(batches):
            out += b"uq\x00~\x00\x02" if i else b"ur\x00\x02[B\xac\xf3\x17\xf8\x06\x08\x54\xe0\x02\x00\x00xp"
            out += struct.pack(">i", len(batch)) + batch
        return out

    sync = bytes(range(16))
    with open("part-00000", "wb") as out:
        out.write(b"SEQ\x06" + text(b"org.apache.hadoop.io.NullWritable") + text(b"org.apache.hadoop.io.BytesWritable") + bytes(6) + sync)
        values = list(RECORDS.values())
        for group in (values[:3], values[3:]):
            value = java(group)
            value = struct.pack(">i", len(value)) + value
            out.write(struct.pack(">ii", len(value), 0) + value)
            out.write(b"\xff\xff\xff\xff" + sync)


def sevenzip():
    import py7zr

    with py7zr.SevenZipFile("archive.7z", "w") as archive:
        for key, value in RECORDS.items():
            archive.writestr(value, key.decode() + ".pkl")
        archive.writestr(b"this is no pickle.", "README")


def zexp():
    import ZODB.DB
    from persistent.mapping import PersistentMapping
    import ZODB.MappingStorage
    import transaction

    database = ZODB.DB(ZODB.MappingStorage.MappingStorage())
    connection = database.open()
    root = connection.root()
    root["folder"] = folder = PersistentMapping()
    folder["rows"] = PersistentMapping({"n": [1, 2, 3]})
    folder["title"] = "x" * 300
    transaction.commit()
    connection.exportFile(folder._p_oid, "export.zexp")
    database.close()


def hdf5():
    import tables

    with tables.open_file("objects.h5", "w") as file:
        objects = file.create_vlarray("/", "objects", tables.ObjectAtom(), chunkshape=8)
        for size in SIZES[:6]:
            objects.append("x" * size)
        file.root._v_attrs.state = {"lr": 0.5, "names": ["a", "b"]}


def queuelib_file():
    from queuelib import LifoDiskQueue

    queue = LifoDiskQueue("requests.lifo")
    for i in range(5):
        queue.push(pickle.dumps({"url": f"http://localhost/{i}", "depth": i}, i))
    queue.close()


def django_files():
    from django.conf import settings
    from django.core.cache.backends.filebased import FileBasedCache

    settings.configure()
    cache = FileBasedCache("cache", {})
    os.rmdir("cache")
    for name, expiry, value in (("soon.djcache", 1_800_000_000.5, {"user": "anna", "rows": list(range(50))}), ("never.djcache", None, 7)):
        cache.get_backend_timeout = lambda timeout: timeout
        with open(name, "wb") as out:
            cache._write_content(out, expiry, value)


def zip_files():
    for name, method in (("bzip2.zip", zipfile.ZIP_BZIP2), ("lzma.zip", zipfile.ZIP_LZMA)):
        with zipfile.ZipFile(name, "w", method) as archive:
            for key, value in RECORDS.items():
                info = zipfile.ZipInfo(key.decode() + ".pkl", (2020, 1, 1, 0, 0, 0))
                info.compress_type = method
                archive.writestr(info, value)


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    keyed(dbm.gnu.open("shelf.gdbm", "n"))
    keyed(dbm.ndbm.open("ndbm", "n"))
    bsddb("hash.db", "DB_HASH")
    bsddb("btree.db", "DB_BTREE")
    sqlite_files()
    lmdb_file()
    renpy_files()
    sequence_file()
    zip_files()
    sevenzip()
    zexp()
    hdf5()
    queuelib_file()
    django_files()


if __name__ == "__main__":
    main(sys.argv[1])
