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
import java.time.OffsetTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.util.IdentityHashMap
import java.util.UUID
import kotlin.time.toJavaDuration

/**
 * Plain Kotlin as a value that can be written: null, Boolean, numbers, String, ByteArray, Collections, Maps, arrays,
 * Pair and Triple (tuples), `java.time`, Duration of Kotlin, BigInteger, BigDecimal, UUID. A [PickleValue] stays what it is.
 *
 * A list in a key of a map or in a set becomes a tuple, a set a frozenset: Python takes nothing there that can be changed.
 *
 * The same list or map becomes the same value, also one that holds itself. Without recursion. `java.time` has
 * nanoseconds, Python microseconds: what is finer is cut off.
 *
 * @throws PickleException of kind BAD_VALUE for anything else
 */
fun Any?.toPickle(): PickleValue = FromKotlin().convert(this)

private class FromKotlin {
    private val made = IdentityHashMap<Any, PickleValue>()

    /** What stands in keys of maps and in sets. */
    private val frozen = IdentityHashMap<Any, PickleValue>()

    /** Names are the same str in all maps, as in Python, so that each is written once. */
    private val keys = HashMap<String, PickleStr>()
    private val open = ArrayDeque<() -> Unit>()

    fun convert(root: Any?): PickleValue {
        val value = value(root)
        while (open.isNotEmpty()) open.removeLast()()
        return value
    }

    private fun value(value: Any?, isKey: Boolean = false): PickleValue = when (value) {
        null -> PickleNone
        is PickleValue -> value
        is Boolean -> PickleBool(value)
        is Double -> PickleFloat(value)
        is Float -> PickleFloat(value.toDouble())
        is Long, is Int, is Short, is Byte -> PickleInt((value as Number).toLong())
        is UByte -> PickleInt(value.toLong())
        is UShort -> PickleInt(value.toLong())
        is UInt -> PickleInt(value.toLong())
        is ULong -> value(BigInteger(value.toString()))
        is BigInteger -> if (value.bitLength() < 64) PickleInt(value.toLong()) else PickleBigInt(value)
        is Char -> PickleStr(value.toString())
        is CharSequence -> PickleStr(value.toString())
        is ByteArray -> PickleBytes(value)
        is BigDecimal -> call("decimal", "Decimal", PickleStr(value.toString()))
        is UUID -> uuid(value)
        is LocalDate -> call("datetime", "date", bytes(*date(value)))
        is LocalTime -> call("datetime", "time", bytes(*time(value)))
        is OffsetTime -> call("datetime", "time", bytes(*time(value.toLocalTime())), zone(value.offset))
        is LocalDateTime -> dateTime(value, null)
        is OffsetDateTime -> dateTime(value.toLocalDateTime(), zone(value.offset))
        is ZonedDateTime -> dateTime(value.toLocalDateTime(), zone(value.zone), value.withLaterOffsetAtOverlap() == value && value.withEarlierOffsetAtOverlap() != value)
        is Instant -> if (value !in FIRST..LAST) throw bad("Python's dates have only the years 1 to 9999, unlike $value") else dateTime(LocalDateTime.ofInstant(value, ZoneOffset.UTC), zone(ZoneOffset.UTC))
        is Duration -> delta(Math.floorDiv(value.seconds, 86400L), Math.floorMod(value.seconds, 86400L), value.nano / 1000L)
        is kotlin.time.Duration -> value(value.toJavaDuration())
        is ZoneId -> zone(value)
        else -> (if (isKey) frozen else made).let { made -> made[value] ?: container(value, isKey).also { made[value] = it } }
    }

    private fun container(value: Any, isKey: Boolean): PickleValue = when (value) {
        is Map<*, *> ->
            if (isKey) throw bad("a map cannot be in a key of a dict, nor in a set: Python takes nothing there that can be changed")
            else dict(value)
        is Set<*> -> fill(value, true) { if (isKey) PickleFrozenSet(it) else PickleSet(it) }
        is Collection<*> -> list(value, isKey)
        is Pair<*, *> -> fill(value.toList(), isKey) { PickleTuple(it) }
        is Triple<*, *, *> -> fill(value.toList(), isKey) { PickleTuple(it) }
        is Array<*> -> list(value.asList(), isKey)
        is IntArray -> list(value.asList(), isKey)
        is LongArray -> list(value.asList(), isKey)
        is ShortArray -> list(value.asList(), isKey)
        is DoubleArray -> list(value.asList(), isKey)
        is FloatArray -> list(value.asList(), isKey)
        is BooleanArray -> list(value.asList(), isKey)
        else -> throw bad("a ${value.javaClass.name} has no form in Python: make it a map, list or PickleValue first")
    }

    private fun dict(map: Map<*, *>) = PickleDict(arrayOfNulls(map.size), arrayOfNulls(map.size)).also { dict ->
        open.addLast {
            var i = 0
            for ((key, item) in map) {
                dict.keyArray[i] = if (key is String) keys.getOrPut(key) { PickleStr(key) } else value(key, true)
                dict.valueArray[i++] = value(item)
            }
        }
    }

    private fun list(items: Collection<Any?>, isKey: Boolean) =
        fill(items, isKey) { if (isKey) PickleTuple(it) else PickleList(it) }

    private fun fill(items: Collection<Any?>, areKeys: Boolean, make: (Array<PickleValue?>) -> PickleValue): PickleValue {
        val array = arrayOfNulls<PickleValue>(items.size)
        open.addLast { items.forEachIndexed { i, item -> array[i] = value(item, areKeys) } }
        return make(array)
    }

    private fun bad(text: String) = PickleException(ErrorKind.BAD_VALUE, 0, text)

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
        // `UTC+02:00`, `GMT-3`: Java's own names for offsets, which no time zone database has.
        val offset = zone as? ZoneOffset ?: if (zone.id.contains(OFFSET)) zone.normalized() as? ZoneOffset else null
        if (offset != null) {
            val seconds = offset.totalSeconds.toLong()
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

    private companion object {
        val FIRST: Instant = Instant.parse("0001-01-01T00:00:00Z")
        val LAST: Instant = Instant.parse("9999-12-31T23:59:59.999999999Z")
        val OFFSET = Regex("^(UTC|GMT|UT)[+-]")
    }
}
