package org.libpickle

import java.io.File
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Files
import java.time.Duration
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.OffsetTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.util.UUID
import kotlin.time.Duration.Companion.milliseconds
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class WritingTest {
    private fun there(value: Any?, protocol: Int = 4) = Pickle.loads(Pickle.dumps(value.toPickle(), protocol)).toKotlin()

    @Test
    fun `what was read can be written and reads the same again`() {
        var written = 0
        for ((_, file) in File(root, "tests/data/fixtures.tsv").readLines().map { it.split('\t') }.filter { it[0] == "graph" }) {
            val value = Pickle.loads(File(root, "tests/data/$file").readBytes())
            val pickle = try {
                Pickle.dumps(value, 5)
            } catch (e: PickleException) {
                assertEquals(ErrorKind.BAD_VALUE, e.kind, file)
                continue
            }
            // Picklers of protocols 1 and up write OBJ where protocol 0 has INST.
            val expected = Canonical.of(value).replace("{\"inst\":", "{\"obj\":")
            assertEquals(expected, Canonical.of(Pickle.loads(pickle)).replace("{\"inst\":", "{\"obj\":"), file)
            written++
        }
        assertTrue(written >= 50, "$written")
    }

    @Test
    fun `bytes are those of CPython`() {
        // pickle.dumps({"n": None, "l": [1, 2.5, True], "t": ("x", b"y")}, 2) in Python 3.12
        val value = mapOf("n" to null, "l" to listOf(1, 2.5, true), "t" to PickleTuple(PickleStr("x"), PickleStr("y")))
        val hex = "80027d710028" + "58010000006e71014e" + "58010000006c71025d7103284b0147400400000000000088" + "65" +
            "580100000074710458010000007871055801000000797106867107" + "752e"
        assertArrayEquals(hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray(), Pickle.dumps(value.toPickle(), 2))
    }

    @Test
    fun `Kotlin values come back, in every protocol`() {
        val zone = ZoneId.of("Europe/Berlin")
        val values = listOf(
            null, true, false, 0L, -1L, 127L, 128L, -129L, 1L shl 40, Long.MIN_VALUE, Long.MAX_VALUE,
            BigInteger.ONE.shiftLeft(64), BigInteger.TEN.pow(50).negate(), 0.1, -0.0, Double.POSITIVE_INFINITY, Double.NaN,
            "", "abc", "äöü €", "𝄞", "\ud800x", listOf(1L, listOf("a")), mapOf("a" to 1L, 2L to null), setOf(1L, "b"),
            LocalDate.of(2024, 2, 29), LocalTime.of(23, 59, 59, 999_999_000), LocalDateTime.of(1, 1, 1, 0, 0, 0, 1000),
            OffsetDateTime.of(2024, 10, 27, 2, 30, 0, 0, ZoneOffset.ofHoursMinutes(-3, -30)),
            ZonedDateTime.of(2024, 7, 1, 12, 0, 0, 0, zone),
            // The second 2:30 of that day: fold.
            ZonedDateTime.of(2024, 10, 27, 2, 30, 0, 0, zone).withLaterOffsetAtOverlap(),
            Duration.ofSeconds(-1, 5000), BigDecimal("-12.340"), BigDecimal("1E+30"), UUID.fromString("f2345678-1234-5678-9234-567812345678"),
        )
        for (protocol in 0..5) {
            for (value in values) assertEquals(value, there(value, protocol), "$value, protocol $protocol")
            assertEquals(values, there(values, protocol))
            assertArrayEquals(byteArrayOf(0, -1, 10), there(byteArrayOf(0, -1, 10), protocol) as ByteArray)
        }
        assertEquals(OffsetDateTime.of(1970, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC), there(Instant.EPOCH))
        for (far in listOf(Instant.MIN, Instant.MAX)) {
            assertEquals(ErrorKind.BAD_VALUE, assertThrows(PickleException::class.java) { far.toPickle() }.kind)
        }
        assertEquals(listOf(1L, 2L), there(1 to 2))
        assertEquals(listOf(255L, 65535L, 4294967295L, BigInteger.TWO.pow(64) - BigInteger.ONE),
            there(listOf(UByte.MAX_VALUE, UShort.MAX_VALUE, UInt.MAX_VALUE, ULong.MAX_VALUE)))
        assertEquals(listOf(1L), there(uintArrayOf(1u)))
        assertEquals(OffsetTime.of(1, 2, 3, 4000, ZoneOffset.ofHours(-3)), there(OffsetTime.of(1, 2, 3, 4000, ZoneOffset.ofHours(-3))))
        assertEquals(Duration.ofMillis(-1500), there((-1500).milliseconds))
        // Names that Java gives to offsets, and no other time zone database.
        assertEquals(OffsetDateTime.of(2024, 1, 1, 0, 0, 0, 0, ZoneOffset.ofHours(2)), there(ZonedDateTime.of(2024, 1, 1, 0, 0, 0, 0, ZoneId.of("UTC+2"))))
        assertEquals(ZoneOffset.ofHours(-3), there(ZoneId.of("GMT-3")))
        assertEquals(ZoneId.of("Etc/GMT+3"), there(ZoneId.of("Etc/GMT+3")))
        assertEquals(listOf(1L, 2L), there(intArrayOf(1, 2)))
        assertEquals(listOf(1.5, 2.0), there(doubleArrayOf(1.5, 2.0)))
    }

    @Test
    fun `a str keeps lone surrogates however it is made`() {
        for (text in listOf("a\ud800b", "\udc00", "\ud800\ud800", "\udc00\ud800", "x\ud800")) {
            val read = Pickle.loads(Pickle.dumps(PickleStr(text)))
            assertEquals(text, read.toKotlin())
            assertEquals(PickleStr(text), read)
        }
        assertEquals(null, PickleStr("\ud834\udd1e").surrogates)
    }

    @Test
    fun `keys and what is in sets is what Python can hash`() {
        val list = listOf(1L, listOf(2L))
        val written = mapOf("list" to list, "keys" to mapOf(list to 1L, setOf(list) to 2L), "sets" to setOf(list, setOf(3L)))
        val read = Pickle.loads(Pickle.dumps(written.toPickle())) as PickleDict
        assertEquals(written, read.toKotlin())
        assertTrue(read["list"] is PickleList)
        val (key, set) = (read["keys"] as PickleDict).keys
        assertTrue((key as PickleTuple).items[1] is PickleTuple)
        assertTrue((set as PickleFrozenSet).items[0] is PickleTuple)
        assertTrue((read["sets"] as PickleSet).items.map { it::class } == listOf(PickleTuple::class, PickleFrozenSet::class))
        for (wrong in listOf(mapOf(mapOf(1 to 2) to 3), setOf(listOf(mapOf(1 to 2))))) {
            assertEquals(ErrorKind.BAD_VALUE, assertThrows(PickleException::class.java) { wrong.toPickle() }.kind)
        }
    }

    @Test
    fun `sharing and cycles are written`() {
        val list = ArrayList<Any?>()
        list.add(list)
        val read = Pickle.loads(Pickle.dumps(list.toPickle())) as PickleList
        assertSame(read, read.items[0])
        val shared = listOf("x")
        val both = Pickle.loads(Pickle.dumps(listOf(shared, shared).toPickle())) as PickleList
        assertSame(both.items[0], both.items[1])
    }

    @Test
    fun `what no pickle holds is refused`() {
        fun kind(call: () -> Any?) = assertThrows(PickleException::class.java) { call() }.kind
        assertEquals(ErrorKind.BAD_VALUE, kind { Any().toPickle() })
        assertEquals(ErrorKind.BAD_VALUE, kind { LocalDate.of(10_000, 1, 1).toPickle() })
        assertEquals(ErrorKind.BAD_VALUE, kind { Pickle.dumps(PickleBuffer(0, false), 4) })
        assertEquals(ErrorKind.BAD_VALUE, kind { Pickle.dumps(PickleSet(PickleList())) })
        assertThrows(IllegalArgumentException::class.java) { Pickle.dumps(PickleNone, 6) }
    }

    @Test
    fun `deep values are written without a stack`() {
        var value: PickleValue = PickleList()
        repeat(100_000) { value = PickleList(value) }
        val pickle = Pickle.dumps(value)
        assertArrayEquals(pickle, Pickle.dumps(Pickle.loads(pickle, ReadOptions(maxDepth = 200_000))))
    }

    @Test
    fun `files appear whole`() {
        val folder = Files.createTempDirectory("pickle")
        val path = folder.resolve("a.pkl")
        Pickle.dump(listOf(1, 2).toPickle(), path)
        Pickle.dump(listOf(1, 2, 3).toPickle(), path)
        assertEquals(listOf(1L, 2L, 3L), Pickle.load(path).toKotlin())
        assertEquals(listOf("a.pkl"), folder.toFile().list()!!.toList())
    }

    @Test
    fun `info tells what would be called`() {
        val info = Pickle.info(Pickle.dumps(listOf(LocalDate.of(2024, 2, 29), LocalDate.of(2024, 3, 1)).toPickle()))
        assertEquals("list", info.root)
        assertEquals(listOf("datetime.date 2"), info.globals.map { "${it.module}.${it.name} ${it.calls}" })
        // os.system is named and dropped again.
        val dropped = Pickle.info("cos\nsystem\n0N.".toByteArray())
        assertEquals(listOf("os.system 0"), dropped.globals.map { "${it.module}.${it.name} ${it.calls}" })
        assertEquals(ErrorKind.EMPTY, assertThrows(PickleException::class.java) { Pickle.info(ByteArray(0)) }.kind)
    }

    @Test
    fun `exceptions fit kotlin Result`() {
        val result = runCatching { Pickle.loads("K".toByteArray()) }
        assertEquals(ErrorKind.TRUNCATED, (result.exceptionOrNull() as PickleException).kind)
        assertEquals(PickleNone, result.getOrDefault(PickleNone))
    }
}
