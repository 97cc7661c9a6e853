package org.libpickle

import java.io.File
import kotlin.time.Duration.Companion.microseconds
import kotlinx.serialization.MissingFieldException
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(kotlinx.serialization.ExperimentalSerializationApi::class)
class PickleFormatTest {
    @Serializable
    enum class Color { RED, @SerialName("dark green") GREEN }

    @Serializable
    data class Reading(val station: String, val temp: Double, val n: Int = 7, val note: String? = null)

    @Serializable
    data class Log(
        val name: String,
        val rows: List<Reading>,
        val tags: Set<String> = emptySet(),
        val counts: Map<String, Long> = emptyMap(),
        val color: Color = Color.RED,
        val pair: Pair<Int, String>? = null,
    )

    @Serializable
    class Bytes(val data: ByteArray)

    @Serializable
    data class Numbers(val a: Byte, val b: Short, val c: Int, val d: Long, val e: Float, val f: Double, val g: Boolean, val h: Char)

    @Serializable
    data class Unsigned(val a: UByte, val b: UShort, val c: UInt, val d: ULong)

    @Serializable
    data class Tree(val value: Int, val children: List<Tree> = emptyList())

    @Serializable
    @JvmInline
    value class Id(val id: Long)

    private fun latin(text: String) = text.toByteArray(Charsets.ISO_8859_1)

    private inline fun <reified T> again(value: T) {
        for (protocol in 0..5) {
            val format = PickleFormat(protocol = protocol)
            val bytes = format.encodeToByteArray(serializer<T>(), value)
            assertEquals(value, format.decodeFromByteArray(serializer<T>(), bytes), "protocol $protocol")
        }
    }

    private inline fun <reified T> serializer() = kotlinx.serialization.serializer<T>()

    @Test
    fun `what is written is read`() {
        again(Log("log", listOf(Reading("a", 1.5), Reading("b", -0.0, 8, "x")), setOf("t"), mapOf("a" to (1L shl 40)), Color.GREEN, 1 to "one"))
        again(Numbers(Byte.MIN_VALUE, Short.MAX_VALUE, Int.MIN_VALUE, Long.MAX_VALUE, 1.5f, Double.MAX_VALUE, true, 'x'))
        again(Unsigned(255u, 65535u, UInt.MAX_VALUE, ULong.MAX_VALUE))
        again(Unsigned(0u, 1u, 2u, Long.MAX_VALUE.toULong()))
        again(listOf(Id(1), Id(Long.MIN_VALUE)))
        again(mapOf(1 to listOf(1.0, null), 2 to emptyList()))
        again<List<Int?>>(listOf(1, null, 3))
        again(Tree(1, listOf(Tree(2), Tree(3, listOf(Tree(4))))))
        again("text")
        for (size in listOf(0, 1, 255, 256, 65535, 65536)) {
            again(List(size) { it })
            val bytes = ByteArray(size) { it.toByte() }
            assertArrayEquals(bytes, Pickle.decode<Bytes>(Pickle.encode(Bytes(bytes))).data)
        }
        // Plain data, as Python would write it.
        assertEquals(mapOf("station" to "a", "temp" to 1.5, "n" to 8L, "note" to null), Pickle.loads(Pickle.encode(Reading("a", 1.5, 8))).toKotlin())
    }

    @Test
    fun `keys are what Python can hash`() {
        again(mapOf(listOf(1, 2) to 3, emptyList<Int>() to 4))
        again(mapOf((1 to listOf("x")) to 2))
        again(mapOf(Reading("a", 1.5) to mapOf(Reading("b", 2.5) to 1)))
        assertEquals(PickleTuple::class, (Pickle.loads(Pickle.encode(mapOf(listOf(1) to 2))) as PickleDict).keys[0]::class)
        assertThrows(SerializationException::class.java) { Pickle.encode(mapOf(mapOf(1 to 2) to 3)) }
    }

    @Test
    fun `dicts and objects are read by name`() {
        val dict = latin("(dS'temp'\nI2\nsS'other'\nNsS'station'\nS'a'\ns.")
        assertEquals(Reading("a", 2.0), Pickle.decode<Reading>(dict))
        assertEquals(Reading("a", 2.0), Pickle.loads(dict).decode<Reading>())
        for (made in listOf("cm\nReading\n)\u0081}", "ccopy_reg\n_reconstructor\n(cm\nReading\nc__builtin__\nobject\nNtR(d", "(im\nReading\n(d")) {
            assertEquals(Reading("a", 2.5), Pickle.decode<Reading>(latin(made + "S'temp'\nF2.5\nsS'station'\nS'a'\nsb.")), made)
        }
        // Slots, and fields of a namedtuple in their order.
        assertEquals(Reading("a", 2.0), Pickle.decode<Reading>(latin("cm\nReading\n)\u0081(N(dS'temp'\nI2\nsS'station'\nS'a'\nstb.")))
        assertEquals(Reading("a", 2.0, 3), Pickle.decode<Reading>(latin("cm\nReading\n(S'a'\nI2\nI3\nt\u0081.")))
        assertEquals(Reading("a", 2.0), Pickle.decode<Reading>(latin("(S'a'\nI2\nt.")))
    }

    @Test
    fun `containers of every kind are lists and maps`() {
        for (items in listOf("(I1\nI2\nl.", "(I1\nI2\nt.", "c__builtin__\nset\n((I1\nI2\nltR.", "ccollections\ndeque\n((I1\nI2\nltR.")) {
            assertEquals(listOf(1, 2), Pickle.decode<List<Int>>(latin(items)), items)
        }
        for (entries in listOf("(dS'a'\nI1\ns.", "ccollections\nOrderedDict\n)RS'a'\nI1\ns.", "ccollections\nCounter\n((dS'a'\nI1\nstR.",
            "ccollections\ndefaultdict\n(c__builtin__\nint\ntRS'a'\nI1\ns.")) {
            assertEquals(mapOf("a" to 1), Pickle.decode<Map<String, Int>>(latin(entries)), entries)
        }
    }

    @Test
    fun `what has a text is a String, and members of enums go by name`() {
        assertEquals("2024-02-29", Pickle.decode<String>(latin("cdatetime\ndate\n(C\u0004\u0007\u00e8\u0002\u001dtR.")))
        assertEquals("1.50", Pickle.decode<String>(latin("cdecimal\nDecimal\n(S'1.50'\ntR.")))
        assertEquals("1/3", Pickle.decode<String>(latin("cfractions\nFraction\n(S'1/3'\ntR.")))
        assertEquals(Color.RED, Pickle.decode<Color>(latin("S'RED'\n.")))
        assertEquals(Color.GREEN, Pickle.decode<Color>(latin("S'dark green'\n.")))
        assertEquals(Color.RED, Pickle.decode<Color>(latin("c__builtin__\ngetattr\n(cm\nColor\nS'RED'\ntR.")))
        assertEquals("RED", Pickle.decode<String>(latin("c__builtin__\ngetattr\n(cm\nColor\nS'RED'\ntR.")))
        assertEquals("a+", Pickle.decode<String>(latin("cre\n_compile\n(Va+\nI0\ntR.")))
        assertEquals("app.Model", Pickle.decode<String>(latin("capp\nModel\n.")))
    }

    @Serializable
    enum class Level { @SerialName("1") LOW, @SerialName("300") HIGH, @SerialName("x") OTHER }

    @Test
    fun `members of enums that the pickle has by value`() {
        for (make in listOf("(%s\ntR.", "(%s\nt\u0081.")) {
            fun member(value: String) = latin("cm\nLevel\n" + make.format(value))
            assertEquals(Level.LOW, Pickle.decode<Level>(member("I1")))
            assertEquals(Level.HIGH, Pickle.decode<Level>(member("I300")))
            assertEquals(Level.OTHER, Pickle.decode<Level>(member("S'x'")))
            assertEquals(300, Pickle.decode<Int>(member("I300")))
            assertEquals(listOf(2.5), listOf(Pickle.decode<Double>(member("F2.5"))))
            assertEquals("x", Pickle.decode<String>(member("S'x'")))
            assertThrows(SerializationException::class.java) { Pickle.decode<Level>(member("I2")) }
        }
    }

    @Test
    fun `texts of times are read by the parsers of times`() {
        fun text(pickle: String) = Pickle.decode<String>(latin(pickle))
        val utc = "cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I0\nI0\nI0\ntRtR"
        // 2024-02-29 at midnight, in UTC and without a zone; noon.
        val midnight = "cdatetime\ndatetime\n(C\n\u0007\u00e8\u0002\u001d\u0000\u0000\u0000\u0000\u0000\u0000"
        assertEquals("2024-02-29T00:00:00Z", text("$midnight${utc}tR."))
        assertEquals("2024-02-29T00:00:00", text("${midnight}tR."))
        val noon = "cdatetime\ntime\n(C\u0006\u000c\u0000\u0000\u0000\u0000\u0004"
        assertEquals("12:00:00.000004", text("${noon}tR."))
        assertEquals("12:00:00.000004Z", text("$noon${utc}tR."))
        // timedelta(-1, 5, 6)
        assertEquals("-1 day, 0:00:05.000006", text("cdatetime\ntimedelta\n(I-1\nI5\nI6\ntR."))
        assertEquals((-86_394_999_994).microseconds, Pickle.decode<kotlin.time.Duration>(latin("cdatetime\ntimedelta\n(I-1\nI5\nI6\ntR.")))
    }

    @Test
    fun `what does not fit is named with its path`() {
        fun message(pickle: String, read: (ByteArray) -> Any?) = assertThrows(SerializationException::class.java) { read(latin(pickle)) }.message!!
        val log = "(dS'name'\nS'x'\nsS'rows'\n(l(dS'station'\nI1\nsS'temp'\nI1\nsas."
        assertTrue(message(log) { Pickle.decode<Log>(it) }.startsWith("\$.rows[0].station: a str was expected, and an int"), message(log) { Pickle.decode<Log>(it) })
        assertTrue("300 does not fit 8 bits" in message("I300\n.") { Pickle.decode<Byte>(it) })
        assertTrue("does not fit 64 bits" in message("L9223372036854775808L\n.") { Pickle.decode<Long>(it) })
        assertTrue("does not fit 0 to" in message("I-1\n.") { Pickle.decode<UInt>(it) })
        assertTrue("no float exactly" in message("I9007199254740993\n.") { Pickle.decode<Double>(it) })
        assertTrue("has no BLUE" in message("S'BLUE'\n.") { Pickle.decode<Color>(it) })
        assertTrue("a list was expected, and a dict is there" in message("(d.") { Pickle.decode<List<Int>>(it) })
        assertTrue("\$[1]: an int was expected, and None" in message("(I1\nNl.") { Pickle.decode<List<Int>>(it) })
        val missing = message("(l(dS'station'\nS'a'\nsa.") { Pickle.decode<List<Reading>>(it) }
        assertTrue(missing.startsWith("\$[0]: ") && "'temp'" in missing, missing)
        assertThrows(MissingFieldException::class.java) { Pickle.decode<Reading>(latin("(d.")) }
        assertTrue("no float exactly" in message("I16777217\n.") { Pickle.decode<Float>(it) })
        assertTrue("no float exactly" in message("L18446744073709551617L\n.") { Pickle.decode<Double>(it) })
        assertTrue("1.0E300 does not fit a Float" in message("F1e300\n.") { Pickle.decode<Float>(it) })
        assertEquals(18446744073709551616.0, Pickle.decode<Double>(latin("L18446744073709551616L\n.")))
        assertEquals(listOf(0.1f, Float.POSITIVE_INFINITY), Pickle.decode<List<Float>>(latin("(F0.1\nFinf\nl.")))
        // A set has no order in which properties could stand.
        assertTrue("and an object of __builtin__.set" in message("c__builtin__\nset\n((S'a'\nI1\nltR.") { Pickle.decode<Reading>(it) })
        assertEquals(ErrorKind.END_OF_INPUT, assertThrows(PickleException::class.java) { Pickle.decode<Int>(latin("I1\n")) }.kind)
        // A cycle ends.
        val cycle = latin("(dp0\nS'value'\nI1\nsS'children'\n(lg0\nas.")
        assertEquals(ErrorKind.DEPTH_LIMIT, assertThrows(PickleException::class.java) { Pickle.decode<Tree>(cycle) }.kind)
        // A level of its own for each tree and for each list of children.
        fun nested(levels: Int) = latin("(dS'value'\nI1\nsS'children'\n(l".repeat(levels) + "s" + "as".repeat(levels - 1) + ".")
        assertEquals(1, Pickle.decode<Tree>(nested(60)).value)
        assertEquals(ErrorKind.DEPTH_LIMIT, assertThrows(PickleException::class.java) { Pickle.decode<Tree>(nested(70)) }.kind)
        assertEquals(1, PickleFormat(maxDepth = 200).decodeFromByteArray(Tree.serializer(), nested(70)).value)
    }

    @Test
    fun `arrays of numpy are lists of their numbers`() {
        for (name in listOf("array_p2.pkl", "array_p4.pkl")) {
            val bytes = File(System.getProperty("project.root"), "tests/data/cases/$name").readBytes()
            assertEquals(listOf(listOf(0.0, 1.0), listOf(2.0, 3.0), listOf(4.0, 5.0)), Pickle.decode<List<List<Double>>>(bytes), name)
        }
        // numpy.array([[1, 2, 3], [4, 5, 6]], "<i2", order="F"), and a row of bools.
        fun array(shape: String, dtype: String, fortran: Int, data: String) = latin(
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n${shape}cnumpy\ndtype\n(S'${dtype.drop(1)}'\nI0\nI1\ntR" +
                "(I3\nS'${dtype.take(1)}'\nNNNI-1\nI-1\nI0\ntbI0$fortran\nS'$data'\ntb.",
        )
        val fortran = array("(I2\nI3\nt", "<i2", 1, "\\x01\\x00\\x04\\x00\\x02\\x00\\x05\\x00\\x03\\x00\\x06\\x00")
        assertEquals(listOf(listOf(1, 2, 3), listOf(4, 5, 6)), Pickle.decode<List<List<Int>>>(fortran))
        assertEquals(listOf(true, false), Pickle.decode<List<Boolean>>(array("(I2\nt", "|b1", 0, "\\x01\\x00")))
        assertEquals(emptyList<Int>(), Pickle.decode<List<Int>>(array("(I0\nt", "<i2", 0, "")))
        assertEquals(List(1000) { emptyList<Int>() }, Pickle.decode<List<List<Int>>>(array("(I1000\nI0\nt", "<i2", 0, "")))
        // So many empty lists would take more memory than there is.
        assertThrows(SerializationException::class.java) { Pickle.decode<List<List<Int>>>(array("(I2000000000\nI0\nt", "<i2", 0, "")) }
    }
}
