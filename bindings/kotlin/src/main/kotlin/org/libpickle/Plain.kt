@file:JvmMultifileClass
@file:JvmName("PickleConversions")

package org.libpickle

import java.math.BigDecimal
import java.math.BigInteger
import java.time.Duration
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.util.IdentityHashMap
import java.util.UUID
import org.libpickle.PickleKnown.Kind

/**
 * The value as plain Kotlin: null, Boolean, Long, BigInteger, Double, String, ByteArray, List, LinkedHashMap,
 * LinkedHashSet; dates and times of `java.time`, BigDecimal, UUID; paths and addresses of the Internet as String; of a
 * subclass of a list, dict or scalar what it would be without its class and attributes. What has no such form stays a
 * [PickleValue].
 *
 * The same object becomes the same object, so a pickle of a few hundred bytes can stand for more values than memory holds:
 * `toString` of a container in which there are more than 16 million, each counted wherever it stands, gives their number
 * instead. Without recursion.
 *
 * @throws PickleException of kind BAD_VALUE for a cycle, or a key or set item that holds more than 256 values
 */
fun PickleValue.toKotlin(): Any? = ToKotlin().convert(this)

/**
 * Values in one key, counted at every place where they stand: a hash visits each. Tuples of tuples that share their
 * items would take longer to hash than the universe lasts.
 */
private const val KEY_MAX = 256

private fun bad(text: String) = PickleException(ErrorKind.BAD_VALUE, 0, text)

private class ToKotlin {
    /** What containers have become; [OPEN] while they are not complete. */
    private val made = IdentityHashMap<PickleValue, Any>()
    private val stack = ArrayList<Frame>()

    /** A container, and what its first children have become. */
    private class Frame(val value: PickleValue, count: Int) {
        val done = arrayOfNulls<Any?>(count)
        var next = 0

        /** Values in it so far, itself included. */
        var weight = 1L

        fun add(value: Any?) {
            done[next++] = value
            weight = minOf(weight + ((value as? Weighed)?.weight ?: 1), Long.MAX_VALUE / 2)
        }
    }

    fun convert(root: PickleValue): Any? {
        if (!isNode(root)) return leaf(root)
        open(root)
        while (true) {
            val frame = stack[stack.size - 1]
            if (!fill(frame)) continue
            stack.removeAt(stack.size - 1)
            val result = container(frame)
            made[frame.value] = result
            if (stack.isEmpty()) return result
        }
    }

    private fun open(value: PickleValue) {
        made[value] = OPEN
        stack.add(Frame(value, count(value)))
    }

    /** Goes on with a container; false where a child must be made first, and lies on the stack now. */
    private fun fill(frame: Frame): Boolean {
        while (frame.next < frame.done.size) {
            val child = child(frame.value, frame.next)
            if (isNode(child)) {
                val known = made[child]
                if (known == null) {
                    open(child)
                    return false
                }
                if (known === OPEN) throw bad("a value holds itself: read it as a PickleValue")
                frame.add(known)
            } else {
                frame.add(leaf(child))
            }
        }
        return true
    }

    private fun isNode(value: PickleValue) =
        value is PickleSequence || value is PickleDict || value is PickleObject

    private fun count(value: PickleValue): Int = when (value) {
        is PickleSequence -> value.array.size
        is PickleDict -> 2 * value.size
        is PickleObject -> value.known?.let { if (it.kind in FORMS) it.values.size else 0 } ?: 0
        else -> 0
    }

    private fun child(value: PickleValue, i: Int): PickleValue = when (value) {
        is PickleSequence -> value.array[i]!!
        is PickleDict -> (if (i and 1 == 0) value.keyArray else value.valueArray)[i shr 1]!!
        else -> (value as PickleObject).known!!.values[i]
    }

    private fun leaf(value: PickleValue): Any? = when (value) {
        PickleNone -> null
        is PickleBool -> value.value
        is PickleInt -> value.value
        is PickleBigInt -> value.value
        is PickleFloat -> value.value
        is PickleStr -> value.value
        is PickleBytes -> value.value
        is PickleByteArray -> value.value
        else -> value
    }

    private fun container(frame: Frame): Any {
        val value = frame.value
        val done = frame.done
        return when (value) {
            is PickleList, is PickleTuple -> PlainList(done, frame.weight)
            is PickleSequence -> set(frame)
            is PickleDict -> map(frame, 0)
            is PickleObject -> {
                val known = value.known ?: return value
                when (known.kind) {
                    !in FORMS -> value
                    Kind.SET, Kind.FROZENSET -> set(frame)
                    Kind.DEFAULT_DICT -> map(frame, 1)
                    Kind.ORDERED_DICT, Kind.COUNTER, Kind.DICT, Kind.CHAIN_MAP, Kind.USER_DICT, Kind.FROZEN_DICT, Kind.PROXY ->
                        map(frame, 0)
                    Kind.LIST, Kind.TUPLE, Kind.USER_LIST -> PlainList(done, frame.weight)
                    Kind.DEQUE -> PlainList(done.copyOfRange(1, done.size), frame.weight)
                    else -> known(known, done.asList()) ?: value
                }
            }
            else -> value
        }
    }

    private fun set(frame: Frame): Any {
        hashed(frame.value, 0, 1)
        return PlainSet(frame.done.asList(), frame.weight)
    }

    private fun map(frame: Frame, from: Int): Any {
        hashed(frame.value, from, 2)
        val map = PlainMap(frame.done.size, frame.weight)
        for (i in from until frame.done.size - 1 step 2) map[frame.done[i]] = frame.done[i + 1]
        return map
    }

    /** Looks at every child that will be hashed: is it small enough for that? */
    private fun hashed(value: PickleValue, from: Int, step: Int) {
        for (i in from until count(value) step step) {
            val key = child(value, i)
            if (isNode(key) && weight(key) > KEY_MAX) throw bad("a key or set item holds more than $KEY_MAX values")
        }
    }

    /** Values in a value, counted to just above [KEY_MAX]. */
    private fun weight(value: PickleValue): Int {
        val open = ArrayList<PickleValue>()
        open.add(value)
        var weight = 0
        while (open.isNotEmpty()) {
            val here = open.removeAt(open.size - 1)
            if (++weight > KEY_MAX || count(here) > KEY_MAX) return KEY_MAX + 1
            for (i in 0 until count(here)) open.add(child(here, i))
        }
        return weight
    }

    private companion object {
        val OPEN = Any()
    }
}

/** What has a form in Kotlin. */
private val FORMS: Set<Kind> = java.util.EnumSet.of(
    Kind.BYTES, Kind.BYTEARRAY, Kind.SET, Kind.FROZENSET, Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.TIMEDELTA, Kind.TIMEZONE,
    Kind.ZONE_INFO, Kind.DECIMAL, Kind.UUID, Kind.ORDERED_DICT, Kind.DEFAULT_DICT, Kind.COUNTER, Kind.DEQUE, Kind.PATH,
    Kind.IP, Kind.DERIVED, Kind.LIST, Kind.TUPLE, Kind.USER_LIST, Kind.DICT, Kind.CHAIN_MAP, Kind.USER_DICT,
    Kind.FROZEN_DICT, Kind.PROXY,
)

/** A container that knows how many values are in it, itself included, each counted wherever it stands. */
private interface Weighed {
    val weight: Long

    /** What to show instead of the content, where that is too much. */
    fun summary(size: Int): String? = if (weight <= SHOWN_MAX) null else "[$size items, in which there are $weight values]"
}

private const val SHOWN_MAX = 1L shl 24

private class PlainList(private val items: Array<Any?>, override val weight: Long) :
    java.util.AbstractList<Any?>(), RandomAccess, Weighed, java.io.Serializable {
    override val size get() = items.size
    override fun get(index: Int): Any? = items[index]
    override fun set(index: Int, element: Any?): Any? = items[index].also { items[index] = element }
    override fun toString() = summary(size) ?: super.toString()
}

private class PlainSet(items: Collection<Any?>, override val weight: Long) : LinkedHashSet<Any?>(items), Weighed {
    override fun toString() = summary(size) ?: super.toString()
}

private class PlainMap(room: Int, override val weight: Long) : LinkedHashMap<Any?, Any?>(room), Weighed {
    override fun toString() = summary(size) ?: super.toString()
}

/** What a known object is in Kotlin; null where it has no form there. */
private fun known(known: PickleKnown, v: List<Any?>): Any? {
    fun int(i: Int) = (v[i] as Long).toInt()
    fun time(i: Int) = LocalTime.of(int(i), int(i + 1), int(i + 2), int(i + 3) * 1000)
    return when (known.kind) {
        Kind.BYTES, Kind.BYTEARRAY, Kind.IP, Kind.DERIVED -> v[0]
        Kind.PATH -> v[1]
        Kind.DATE -> LocalDate.of(int(0), int(1), int(2))
        Kind.TIME -> when (val zone = v.getOrNull(5)) {
            null -> time(0)
            is ZoneOffset -> time(0).atOffset(zone)
            else -> null
        }
        Kind.DATETIME -> {
            val local = LocalDateTime.of(LocalDate.of(int(0), int(1), int(2)), time(3))
            when (val zone = v.getOrNull(8)) {
                null -> local
                is ZoneOffset -> OffsetDateTime.of(local, zone)
                is ZoneId -> {
                    // Where the pickle has an offset that the zone does not have then, the offset is what Python shows.
                    val offset = (known.values[8] as? PickleObject)?.known?.takeIf { it.values.size >= 4 }?.let { offset(it.values, 1) }
                    if (offset != null) {
                        val there = ZonedDateTime.ofLocal(local, zone, offset)
                        if (there.offset == offset) there else OffsetDateTime.of(local, offset)
                    } else {
                        ZonedDateTime.of(local, zone).let { if (int(7) == 1) it.withLaterOffsetAtOverlap() else it }
                    }
                }
                else -> null
            }
        }
        Kind.TIMEDELTA -> Duration.ofDays(v[0] as Long).plusSeconds(v[1] as Long).plusNanos(v[2] as Long * 1000)
        Kind.TIMEZONE -> offset(known.values, 0)
        Kind.ZONE_INFO -> runCatching { ZoneId.of(v[0] as String) }.getOrNull()
        // NaN and infinity have no BigDecimal.
        Kind.DECIMAL -> (v[0] as String).takeIf { it.length <= 10_000 }?.toBigDecimalOrNull()
        Kind.UUID -> (v[0] as ByteArray).let { b ->
            val bits = BigInteger(1, b)
            UUID(bits.shiftRight(64).toLong(), bits.toLong())
        }
        else -> null
    }
}

/** Days, seconds, microseconds as an offset of Java, which has whole seconds up to 18 hours. */
private fun offset(parts: List<PickleValue>, from: Int): ZoneOffset? {
    val (days, seconds, micros) = List(3) { (parts[from + it] as PickleInt).value }
    val total = days * 86400 + seconds
    return if (micros == 0L && total in -64800..64800) ZoneOffset.ofTotalSeconds(total.toInt()) else null
}
