package org.libpickle

import java.io.ByteArrayInputStream
import java.io.File
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.random.Random
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class PickleTest {
    private val table = File(root, "tests/data/fixtures.tsv").readLines().map { it.split('\t') }
    private fun rows(kind: String) = table.filter { it[0] == kind }.also { assertTrue(it.size > 10) }
    private fun data(name: String) = File(root, "tests/data/$name").readBytes()
    private fun hex(text: String) = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

    @Test
    fun `every fixture reads as the expected graph`() {
        for ((_, file, sum) in rows("graph")) {
            assertEquals(sum, sha256(Canonical.of(Pickle.loads(data(file))).toByteArray()), file)
        }
    }

    @Test
    fun `errors have kind, offset and message`() {
        for ((_, text, kind, offset) in rows("error")) {
            val error = assertThrows(PickleException::class.java, { Pickle.loads(hex(text)) }, text)
            assertEquals(kind.lowercase(), error.kind.name.replace("_", "").lowercase(), text)
            assertEquals(offset.toLong(), error.offset, text)
            assertTrue(error.message!!.length > 10, error.message)
        }
    }

    @Test
    fun `fed in single bytes, the graph is the same`() {
        for ((_, file, sum) in rows("graph")) {
            Unpickler().use { unpickler ->
                for (byte in data(file)) {
                    unpickler.feed(byteArrayOf(byte))
                    if (unpickler.done) break
                }
                unpickler.finish()
                assertEquals(sum, sha256(Canonical.of(unpickler.value()).toByteArray()), file)
            }
        }
    }

    @Test
    fun `a stream of pickles is a sequence`() {
        val one = data("core/scalars_4.pickle")
        val read = ByteArrayInputStream(one + one + one).pickles().toList()
        assertEquals(3, read.size)
        assertEquals(Canonical.of(Pickle.loads(one)), Canonical.of(read[2]))
        val cut = ByteArrayInputStream(one + one.copyOf(one.size - 1)).pickles().iterator()
        cut.next()
        assertEquals(ErrorKind.END_OF_INPUT, assertThrows(PickleException::class.java) { cut.next() }.kind)
        assertEquals(ErrorKind.EMPTY, assertThrows(PickleException::class.java) { ByteArrayInputStream(ByteArray(0)).pickles().first() }.kind)
    }

    @Test
    fun `a closed reader says so`() {
        val unpickler = Unpickler()
        unpickler.close()
        unpickler.close()
        for (call in listOf<() -> Any>({ unpickler.feed(byteArrayOf(46)) }, { unpickler.value() }, { unpickler.finish() }, { unpickler.offset })) {
            assertEquals(ErrorKind.CLOSED, assertThrows(PickleException::class.java) { call() }.kind)
        }
    }

    @Test
    fun `threads may share a reader, and close it under each other`() {
        val one = data("core/containers_4.pickle")
        val pool = Executors.newFixedThreadPool(8)
        val unpickler = Unpickler()
        val tasks = (0 until 64).map { n ->
            Callable {
                try {
                    if (n == 50) unpickler.close()
                    unpickler.feed(one)
                    unpickler.value()
                    unpickler.nextPickle()
                } catch (_: PickleException) {
                    // Taking turns, they meet each other's state; what they must not do is crash.
                }
                Canonical.of(Pickle.loads(one))
            }
        }
        val expected = Canonical.of(Pickle.loads(one))
        pool.invokeAll(tasks).forEach { assertEquals(expected, it.get()) }
        pool.shutdown()
    }

    @Test
    fun `damage is an exception, never a crash`() {
        val random = Random(7)
        var errors = 0
        for ((_, file) in rows("graph")) {
            val good = data(file)
            repeat(200) {
                val bad = good.copyOf()
                repeat(1 + random.nextInt(3)) { bad[random.nextInt(bad.size)] = random.nextInt().toByte() }
                try {
                    Pickle.loads(bad).toKotlin()
                } catch (_: PickleException) {
                    errors++
                }
            }
        }
        assertTrue(errors > 1000, "$errors")
    }

    @Test
    fun `depth and memory have limits`() {
        val deep = ByteArray(5000) { ']'.code.toByte() } + ByteArray(4999) { 'a'.code.toByte() } + '.'.code.toByte()
        assertEquals(ErrorKind.DEPTH_LIMIT, assertThrows(PickleException::class.java) { Pickle.loads(deep) }.kind)
        var value = Pickle.loads(deep, ReadOptions(maxDepth = 5000))
        var levels = 1
        while (true) {
            value = (value as PickleList).items.firstOrNull() ?: break
            levels++
        }
        assertEquals(5000, levels)
        val full = assertThrows(PickleException::class.java) { Pickle.loads(deep, ReadOptions(maxBytes = 4096)) }
        assertEquals(ErrorKind.NODES_FULL, full.kind)
        assertTrue("more memory than maxBytes allows" in full.message!!, full.message)
        assertEquals(ErrorKind.OPCODE_LIMIT, assertThrows(PickleException::class.java) { Pickle.loads(deep, ReadOptions(maxOpcodes = 10)) }.kind)
    }

    @Test
    fun `known types become those of Kotlin`() {
        fun plain(text: String) = Pickle.loads(hex(text)).toKotlin()
        // {"n": None, "l": [1, 2.5]}
        assertEquals(mapOf("n" to null, "l" to listOf(1L, 2.5)), plain("80047d288c016e4e8c016c5d284b014740040000000000006575 2e".replace(" ", "")))
        // datetime.date(2024, 2, 29)
        assertEquals(java.time.LocalDate.of(2024, 2, 29), plain("80048c086461746574696d65948c0464617465949394430407e8021d948594522e"))
        // decimal.Decimal("1.50")
        assertEquals(java.math.BigDecimal("1.50"), plain("80048c07646563696d616c948c07446563696d616c9493948c04312e3530948594522e"))
        assertEquals(java.math.BigInteger.ONE.shiftLeft(64), plain("80048a090000000000000000012e"))
        assertNull(plain("4e2e"))
    }

    @Test
    fun `arrays of numpy and attributes are at hand`() {
        fun objects(value: PickleValue): List<PickleObject> = when (value) {
            is PickleObject -> listOf(value) + (value.attributes?.flatMap { objects(it.second) } ?: emptyList())
            is PickleSequence -> value.items.flatMap { objects(it) }
            else -> emptyList()
        }
        val all = objects(Pickle.load(File(root, "examples/data/model.pkl").toPath()))
        val scaler = all.single { it.className?.name == "StandardScaler" }.attributes!!.associate { (key, value) -> key.toKotlin() to value }
        val mean = (scaler.getValue("mean_") as PickleObject).known!!
        assertEquals(listOf(2), mean.shape)
        // numpy.mean of the columns in examples/data/model.py
        assertEquals(listOf(83.0 / 6, 6052.0 / 6), mean.numbers)
        assertEquals(listOf(6.0), (scaler.getValue("n_samples_seen_") as PickleObject).known!!.numbers)
        // numpy.array([1, -2, 0.5, 65504, 6e-8, inf], dtype=">f2"), with what numpy 1 and 2 call its parts.
        fun array(dtype: String, vararg bytes: Int) = Pickle.loads(
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\u0001btR(I1\n(I${bytes.size / dtype.last().digitToInt()}\ntcnumpy\ndtype\n(X\u0002\u0000\u0000\u0000".toByteArray() +
                dtype.drop(1).toByteArray() + "I0\nI1\ntR(I3\nX\u0001\u0000\u0000\u0000${dtype[0]}NNNI-1\nI-1\nI0\ntbI00\nC".toByteArray() +
                bytes.size.toByte() + ByteArray(bytes.size) { bytes[it].toByte() } + "tb.".toByteArray(),
        ).let { (it as PickleObject).known?.numbers }
        assertEquals(listOf(1.0, -2.0, 0.5, 65504.0, Math.scalb(1.0, -24), Double.POSITIVE_INFINITY),
            array(">f2", 0x3c, 0, 0xc0, 0, 0x38, 0, 0x7b, 0xff, 0, 1, 0x7c, 0))
        assertEquals(listOf(-1L, 258L), array("<i2", 0xff, 0xff, 2, 1))
        assertEquals(listOf(65535L, 258L), array(">u2", 0xff, 0xff, 1, 2))
        assertEquals(listOf(java.math.BigInteger.TWO.pow(64) - java.math.BigInteger.ONE), array("<u8", 255, 255, 255, 255, 255, 255, 255, 255))
        assertEquals(listOf(1.5), array("<f4", 0, 0, 0xc0, 0x3f))
    }

    @Test
    fun `a hash bomb is refused`() {
        // t = (); 60 times t = (t, t); then {t: None}
        val bomb = hex("7d29") + ByteArray(120) { if (it % 2 == 0) '2'.code.toByte() else 0x86.toByte() } + hex("4e732e")
        val value = Pickle.loads(bomb)
        assertEquals(ErrorKind.BAD_VALUE, assertThrows(PickleException::class.java) { value.toKotlin() }.kind)
    }

    @Test
    fun `sharing and cycles stay`() {
        // row = [row]
        val row = Pickle.loads(hex("5d710068 00612e".replace(" ", ""))) as PickleList
        assertSame(row, row.items[0])
        assertEquals(ErrorKind.BAD_VALUE, assertThrows(PickleException::class.java) { row.toKotlin() }.kind)
    }

    @Test
    fun `the corpus reads as its oracle says`() {
        val corpus = File(System.getenv("PICKLE_CORPUS") ?: File(root, "../shared/corpus").path)
        val hostile = File(corpus, "data/hostile").takeIf { it.isDirectory }
        if (hostile == null) {
            println("skipped: no corpus of real files")
            return
        }
        for (file in hostile.walk().filter { it.isFile && it.length() < 1_000_000 }) {
            try {
                Pickle.loads(file.readBytes()).toKotlin()
            } catch (_: PickleException) {
            }
        }
        var compared = 0
        val sum = Regex("\"canonical_sha256\": ?\"([0-9a-f]{64})\"")
        for (oracle in File(corpus, "data").walk().filter { it.name.endsWith(".json") && it.length() < 300_000 }) {
            val text = oracle.readText()
            val plain = Regex("\"layers\": ?\\[\\]").containsMatchIn(text) && Regex("\"container\": ?\"(stream|joblib)\"").containsMatchIn(text)
            val expected = sum.findAll(text).toList().singleOrNull()?.groupValues?.get(1)
            val data = File(oracle.path.removeSuffix(".json"))
            if (!plain || expected == null || !data.isFile || "shared_memo" in text) continue
            val value = Pickle.loads(data.readBytes(), ReadOptions(maxDepth = 1_000_000))
            assertEquals(expected, sha256(Canonical.of(value).toByteArray()), data.path)
            compared++
        }
        println("corpus: $compared graphs equal")
        assertTrue(compared > 1000, "$compared")
    }
}
