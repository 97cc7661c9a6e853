@file:JvmMultifileClass
@file:JvmName("PickleConversions")

package org.libpickle

import java.math.BigDecimal
import java.math.BigInteger
import java.time.Duration
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.util.IdentityHashMap
import java.util.UUID


/**
 * Plain Kotlin as a value that can be written: null, Boolean, numbers, String, ByteArray, Collections, Maps, arrays,
 * Pair and Triple (tuples), `java.time`, BigInteger, BigDecimal, UUID. A [PickleValue] stays what it is.
 *
 * The same list or map becomes the same value, also one that holds itself. Without recursion. `java.time` has
 * nanoseconds, Python microseconds: what is finer is cut off.
 *
 * @throws PickleException of kind BAD_VALUE for anything else
 */
fun Any?.toPickle(): PickleValue = FromKotlin().convert(this)

private class FromKotlin {
    private val made = IdentityHashMap<Any, PickleValue>()

    /** Names are the same str in all maps, as in Python, so that each is written once. */
    private val keys = HashMap<String, PickleStr>()
    private val open = ArrayDeque<() -> Unit>()

    fun convert(root: Any?): PickleValue {
        val value = value(root)
        while (open.isNotEmpty()) open.removeLast()()
        return value
    }

    private fun value(value: Any?): PickleValue = when (value) {
        null -> PickleNone
        is PickleValue -> value
        is Boolean -> PickleBool(value)
        is Double -> PickleFloat(value)
        is Float -> PickleFloat(value.toDouble())
        is Long, is Int, is Short, is Byte -> PickleInt((value as Number).toLong())
        is BigInteger -> if (value.bitLength() < 64) PickleInt(value.toLong()) else PickleBigInt(value)
        is Char -> str(value.toString())
        is CharSequence -> str(value.toString())
        is ByteArray -> PickleBytes(value)
        is BigDecimal -> call("decimal", "Decimal", PickleStr(value.toString()))
        is UUID -> uuid(value)
        is LocalDate -> call("datetime", "date", bytes(*date(value)))
        is LocalTime -> call("datetime", "time", bytes(*time(value)))
        is LocalDateTime -> dateTime(value, null)
        is OffsetDateTime -> dateTime(value.toLocalDateTime(), zone(value.offset))
        is ZonedDateTime -> dateTime(value.toLocalDateTime(), zone(value.zone), value.withLaterOffsetAtOverlap() == value && value.withEarlierOffsetAtOverlap() != value)
        is Instant -> dateTime(LocalDateTime.ofInstant(value, ZoneOffset.UTC), zone(ZoneOffset.UTC))
        is Duration -> delta(Math.floorDiv(value.seconds, 86400L), Math.floorMod(value.seconds, 86400L), value.nano / 1000L)
        is ZoneId -> zone(value)
        else -> made[value] ?: container(value).also { made[value] = it }
    }

    private fun container(value: Any): PickleValue = when (value) {
        is Map<*, *> -> PickleDict(arrayOfNulls(value.size), arrayOfNulls(value.size)).also { dict ->
            open.addLast {
                var i = 0
                for ((key, item) in value) {
                    dict.keyArray[i] = if (key is String) keys.getOrPut(key) { str(key) } else this.value(key)
                    dict.valueArray[i++] = this.value(item)
                }
            }
        }
        is Set<*> -> fill(value, value.size) { PickleSet(it) }
        is Collection<*> -> fill(value, value.size) { PickleList(it) }
        is Pair<*, *> -> fill(value.toList(), 2) { PickleTuple(it) }
        is Triple<*, *, *> -> fill(value.toList(), 3) { PickleTuple(it) }
        is Array<*> -> fill(value.asList(), value.size) { PickleList(it) }
        is IntArray -> fill(value.asList(), value.size) { PickleList(it) }
        is LongArray -> fill(value.asList(), value.size) { PickleList(it) }
        is ShortArray -> fill(value.asList(), value.size) { PickleList(it) }
        is DoubleArray -> fill(value.asList(), value.size) { PickleList(it) }
        is FloatArray -> fill(value.asList(), value.size) { PickleList(it) }
        is BooleanArray -> fill(value.asList(), value.size) { PickleList(it) }
        else -> throw bad("a ${value.javaClass.name} has no form in Python: make it a map, list or PickleValue first")
    }

    private fun <T : PickleValue> fill(items: Collection<Any?>, size: Int, make: (Array<PickleValue?>) -> T): T {
        val array = arrayOfNulls<PickleValue>(size)
        open.addLast { items.forEachIndexed { i, item -> array[i] = value(item) } }
        return make(array)
    }

    private fun bad(text: String) = PickleException(ErrorKind.BAD_VALUE, 0, text)

    private fun str(text: String): PickleStr =
        if (lone(text)) PickleStr(text, surrogatePass(text)) else PickleStr(text)

    private fun lone(text: String): Boolean {
        var i = 0
        while (i < text.length) {
            if (text[i].isSurrogate()) {
                if (!text[i].isHighSurrogate() || i + 1 == text.length || !text[i + 1].isLowSurrogate()) return true
                i++
            }
            i++
        }
        return false
    }

    /** UTF-8 with lone surrogates as three bytes. */
    private fun surrogatePass(text: String): ByteArray {
        val out = java.io.ByteArrayOutputStream(text.length + 16)
        text.codePoints().forEach { point ->
            if (point in 0xd800..0xdfff) {
                out.write(0xe0 or (point shr 12))
                out.write(0x80 or (point shr 6 and 0x3f))
                out.write(0x80 or (point and 0x3f))
            } else {
                out.write(String(Character.toChars(point)).toByteArray())
            }
        }
        return out.toByteArray()
    }

    // Objects as CPython spells them: `__reduce_ex__` of datetime, decimal, uuid and zoneinfo.

    private fun call(module: String, name: String, vararg args: PickleValue) =
        PickleObject(PickleGlobal(module, name), PickleTuple(*args))

    private fun bytes(vararg values: Int) = PickleBytes(ByteArray(values.size) { values[it].toByte() })

    private fun date(date: LocalDate): IntArray {
        if (date.year !in 1..9999) throw bad("Python's dates have only the years 1 to 9999, not ${date.year}")
        return intArrayOf(date.year shr 8, date.year, date.monthValue, date.dayOfMonth)
    }

    private fun time(time: LocalTime): IntArray {
        val micro = time.nano / 1000
        return intArrayOf(time.hour, time.minute, time.second, micro shr 16, micro shr 8, micro)
    }

    private fun dateTime(at: LocalDateTime, zone: PickleValue?, fold: Boolean = false): PickleValue {
        val bytes = date(at.toLocalDate()) + time(at.toLocalTime())
        // The second of two equal times: the highest bit of the month.
        if (fold) bytes[2] = bytes[2] or 0x80
        return call("datetime", "datetime", *listOfNotNull(bytes(*bytes), zone).toTypedArray())
    }

    private fun delta(days: Long, seconds: Long, micros: Long): PickleValue {
        if (days !in -999_999_999..999_999_999) throw bad("Python's timedelta has at most 999999999 days, not $days")
        return call("datetime", "timedelta", PickleInt(days), PickleInt(seconds), PickleInt(micros))
    }

    private fun zone(zone: ZoneId): PickleValue = made.getOrPut(zone) {
        if (zone is ZoneOffset) {
            val seconds = zone.totalSeconds.toLong()
            call("datetime", "timezone", delta(Math.floorDiv(seconds, 86400L), Math.floorMod(seconds, 86400L), 0))
        } else {
            val unpickle = call("builtins", "getattr", PickleGlobal("zoneinfo", "ZoneInfo"), PickleStr("_unpickle"))
            PickleObject(unpickle, PickleTuple(PickleStr(zone.id), PickleBool(true)))
        }
    }

    private fun uuid(uuid: UUID): PickleValue {
        val low = BigInteger(java.lang.Long.toUnsignedString(uuid.leastSignificantBits))
        val number = BigInteger(java.lang.Long.toUnsignedString(uuid.mostSignificantBits)).shiftLeft(64).or(low)
        val state = PickleDict(listOf(PickleStr("int") to value(number)))
        return PickleObject(PickleGlobal("uuid", "UUID"), PickleTuple(), state, PickleHow.NEWOBJ)
    }
}
