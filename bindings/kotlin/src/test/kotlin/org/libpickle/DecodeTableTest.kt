package org.libpickle

import java.io.File
import java.time.LocalDate
import java.time.LocalDateTime
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Spans of time and arrays of numpy into types: the tables of `tests/data/views`. */
class DecodeTableTest {
    private fun hex(text: String) = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()
    private fun rows(name: String) = File(root, "tests/data/views/$name").readLines().map { it.split('\t') }

    @Test
    fun `spans have one text in every language`() {
        val rows = rows("timedeltas.tsv")
        assertEquals(120, rows.size)
        for ((text, seconds, day, second, micro, pickle) in rows.map { it.take(6) }.map { Six(it) }) {
            val bytes = hex(pickle)
            assertEquals(text, Pickle.decode<String>(bytes))
            assertEquals(seconds.toDouble(), Pickle.decode<Double>(bytes), text)
            val parts = listOf(day, second, micro).map { it.toLong() }
            assertEquals(
                java.time.Duration.ofDays(parts[0]).plusSeconds(parts[1]).plusNanos(parts[2] * 1000), Pickle.loads(bytes).toKotlin(), text,
            )
            val isLong = kotlin.math.abs(parts[0]) == 999_999_999L && parts[2] != 0L
            if (isLong) {
                // Kotlin's Duration would round it to milliseconds.
                val message = assertThrows(SerializationException::class.java) { Pickle.decode<Duration>(bytes) }.message!!
                assertTrue(message.startsWith("$: ") && text in message, message)
            } else {
                assertEquals(parts[0].days + parts[1].seconds + parts[2].microseconds, Pickle.decode<Duration>(bytes), text)
                assertEquals(listOf(Pickle.decode<Duration?>(bytes)), Pickle.decode<List<Duration?>>(byteArrayOf(']'.code.toByte()) + bytes.dropLast(1) + "a.".toByteArray()), text)
            }
        }
    }

    private class Six(private val all: List<String>) {
        operator fun component1() = all[0]
        operator fun component2() = all[1]
        operator fun component3() = all[2]
        operator fun component4() = all[3]
        operator fun component5() = all[4]
        operator fun component6() = all[5]
    }

    @Serializable
    data class Point(val x: Int, val y: Double)

    @Serializable
    data class Row(val id: Int, val name: String, val at: String?, val place: Point, val grid: List<List<Int>>, val tag: String)

    object DateTimes : KSerializer<LocalDateTime> {
        override val descriptor = PrimitiveSerialDescriptor("LocalDateTime", PrimitiveKind.STRING)
        override fun deserialize(decoder: Decoder): LocalDateTime = LocalDateTime.parse(decoder.decodeString())
        override fun serialize(encoder: Encoder, value: LocalDateTime) = encoder.encodeString(value.toString())
    }

    object Dates : KSerializer<LocalDate> {
        override val descriptor = PrimitiveSerialDescriptor("LocalDate", PrimitiveKind.STRING)
        override fun deserialize(decoder: Decoder): LocalDate = LocalDate.parse(decoder.decodeString())
        override fun serialize(encoder: Encoder, value: LocalDate) = encoder.encodeString(value.toString())
    }

    @Serializable
    @JvmInline
    value class At(@Serializable(DateTimes::class) val at: LocalDateTime)

    @Serializable
    @JvmInline
    value class Day(@Serializable(Dates::class) val day: LocalDate)

    private val arrays = rows("arrays.tsv").groupBy({ it[0] }, { hex(it[1]) })

    private inline fun <reified T> becomes(name: String, expected: T) {
        val pickles = arrays[name] ?: error("the table has no $name")
        assertEquals(3, pickles.size)
        for (pickle in pickles) assertEquals(expected, Pickle.decode<T>(pickle), name)
    }

    private inline fun <reified T> refused(name: String, vararg says: String) {
        for (pickle in arrays[name] ?: error("the table has no $name")) {
            val message = assertThrows(SerializationException::class.java, { Pickle.decode<T>(pickle) }, name).message!!
            for (part in says) assertTrue(part in message, message)
            assertTrue(message.startsWith("$"), message)
        }
    }

    @Test
    fun `text and bytes of numpy`() {
        becomes("text_big_endian", listOf("a", "café", ""))
        becomes("text_fortran", listOf(listOf("a", "b", "c"), listOf("d", "e", "\uD83D\uDE00")))
        becomes("text_none", emptyList<List<String>>())
        becomes("text_flat", listOf(emptyList<String>(), emptyList()))
        refused<List<Int>>("text_big_endian", "\$[0]", "an int was expected")
        for (pickle in arrays["octets"]!!) {
            val bytes = Pickle.decode<List<ByteArray>>(pickle)
            assertArrayEquals("a".toByteArray(), bytes[0])
            assertArrayEquals(byteArrayOf('b'.code.toByte(), 0, 'c'.code.toByte()), bytes[1])
            assertArrayEquals(byteArrayOf(-1), bytes[2])
        }
        // 0xff is no UTF-8.
        refused<List<String>>("octets", "\$[2]", "S4 of numpy")
        becomes("octets_scalar", "ab")
        for (pickle in arrays["opaque"]!!) assertArrayEquals("abc".toByteArray(), Pickle.decode<List<ByteArray>>(pickle)[0])
        refused<List<String>>("opaque", "V3 of numpy")
        refused<List<Double>>("wide_float", "\$[0]", "float128 of numpy")
    }

    @Test
    fun `moments of numpy`() {
        becomes("dates", listOf("2024-02-29", null, "1969-12-31"))
        becomes("dates", listOf(19_782L, null, -1L))
        becomes("dates", listOf(Day(LocalDate.of(2024, 2, 29)), null, Day(LocalDate.of(1969, 12, 31))))
        becomes("times", listOf("2024-02-29T13:05:07.000001", null))
        becomes("times", listOf(At(LocalDateTime.of(2024, 2, 29, 13, 5, 7, 1000)), null))
        becomes("times_nano", listOf("1969-12-31T23:59:59.999999999", "2024-02-29T13:05:07"))
        becomes("times_hours", listOf("2024-02-29T13:00:00"))
        becomes("times_counted", listOf("1970-01-01T00:00:50"))
        becomes("times_counted", listOf(50L))
        becomes("months", listOf("2024-02", "1969-12"))
        becomes("years", listOf("4611686018427389874", "-0030"))
        becomes("times_far", listOf("292277026596-12-04T15:30:07", "-292277022657-01-27T08:29:53"))
        becomes("times_atto", listOf("1970-01-01T00:00:00.000000000000000001", "1969-12-31T23:59:59.999999999999999999"))
        becomes("moment_scalar", "2024-02-29T13:05:07")
        becomes<String?>("moment_missing", null)
        refused<List<String>>("dates", "\$[1]", "NaT (datetime64[D] of numpy)")
        refused<List<Double>>("dates", "\$[0]", "datetime64[D] of numpy")
        // A month is no date: the message is that of the parser, and says where and of what.
        refused<List<Day>>("months", "\$[0]", "2024-02", "datetime64[M] of numpy")
    }

    @Test
    fun `spans of numpy`() {
        becomes("spans", listOf(1.microseconds, (-1500).milliseconds, null))
        becomes("spans", listOf(1L, -1_500_000L, null))
        becomes("spans_days", listOf(listOf(1.days, (-2).days)))
        becomes("span_scalar", (-1500).milliseconds)
        refused<List<Duration>>("spans", "\$[2]", "NaT (timedelta64[us] of numpy)")
        refused<List<Duration>>("spans_pico", "\$[0]", "timedelta64[ps] of numpy")
        refused<List<Duration>>("spans_months", "\$[0]", "timedelta64[M] of numpy")
        // Seconds or ticks? Neither.
        refused<List<Double>>("spans", "\$[0]", "timedelta64[us] of numpy")
        refused<List<String>>("spans", "\$[0]", "timedelta64[us] of numpy")
    }

    @Test
    fun `numbers and objects of numpy`() {
        becomes("half", listOf(0.5, -2.0, Double.POSITIVE_INFINITY, 1.0 / 16_777_216.0))
        becomes("half_big_endian", listOf(listOf(0.5f, -2.0f)))
        becomes("bools", listOf(listOf(true, false), listOf(false, true)))
        becomes("complex", listOf(1.0 to 2.0, -0.0 to -0.5))
        becomes("objects_fortran", listOf("a" to 1.0, null to 2.5))
    }

    @Test
    fun `records of numpy`() {
        val first = Row(300, "café", "2024-02-29T13:05:07", Point(1, 1.5), listOf(listOf(1, 2), listOf(3, 4)), "ab")
        becomes("records", listOf(first, Row(7, "", null, Point(-1, -0.5), listOf(listOf(5, 6), listOf(7, 8)), "")))
        becomes("record_scalar", first)
        becomes("points", listOf(listOf(Point(1, 2.5), Point(3, 4.5))))
        becomes("points", listOf(listOf(1 to 2.5, 3 to 4.5)))
        becomes("points", listOf(listOf(mapOf("x" to 1.0, "y" to 2.5), mapOf("x" to 3.0, "y" to 4.5))))
        becomes("points", listOf(listOf(listOf(1.0, 2.5), listOf(3.0, 4.5))))
        refused<List<List<Int>>>("points", "\$[0][0]")
    }
}
