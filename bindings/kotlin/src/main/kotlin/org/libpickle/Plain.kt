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
 * LinkedHashSet; dates and times of `java.time`, BigDecimal, UUID. What has no such form stays a [PickleValue].
 *
 * The same object becomes the same object. Without recursion.
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
                frame.done[frame.next++] = known
            } else {
                frame.done[frame.next++] = leaf(child)
            }
        }
        return true
    }

    private fun isNode(value: PickleValue) =
        value is PickleSequence || value is PickleDict || value is PickleObject

    private fun count(value: PickleValue): Int = when (value) {
        is PickleSequence -> value.array.size
        is PickleDict -> 2 * value.size
        is PickleObject -> value.known?.values?.size ?: 0
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
            is PickleList, is PickleTuple -> done.asList()
            is PickleSequence -> {
                hashed(value, 0, 1)
                LinkedHashSet<Any?>(done.asList())
            }
            is PickleDict -> {
                hashed(value, 0, 2)
                val map = LinkedHashMap<Any?, Any?>(done.size)
                for (i in done.indices step 2) map[done[i]] = done[i + 1]
                map
            }
            is PickleObject -> {
                val kind = value.known?.kind ?: return value
                when (kind) {
                    Kind.SET, Kind.FROZENSET -> hashed(value, 0, 1)
                    Kind.ORDERED_DICT, Kind.COUNTER -> hashed(value, 0, 2)
                    Kind.DEFAULT_DICT -> hashed(value, 1, 2)
                    else -> {}
                }
                known(kind, done.asList()) ?: value
            }
            else -> value
        }
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

/** What a known object is in Kotlin; null where it has no form there. */
private fun known(kind: Kind, v: List<Any?>): Any? {
    fun int(i: Int) = (v[i] as Long).toInt()
    fun pairs(from: Int) = LinkedHashMap<Any?, Any?>().also { for (i in from until v.size - 1 step 2) it[v[i]] = v[i + 1] }
    fun time(i: Int) = LocalTime.of(int(i), int(i + 1), int(i + 2), int(i + 3) * 1000)
    return when (kind) {
        Kind.BYTES, Kind.BYTEARRAY -> v[0]
        Kind.SET, Kind.FROZENSET -> LinkedHashSet(v)
        Kind.DATE -> LocalDate.of(int(0), int(1), int(2))
        Kind.TIME -> if (v.size == 5) time(0) else null
        Kind.DATETIME -> {
            val local = LocalDateTime.of(LocalDate.of(int(0), int(1), int(2)), time(3))
            when (val zone = v.getOrNull(8)) {
                null -> local
                is ZoneOffset -> OffsetDateTime.of(local, zone)
                is ZoneId -> ZonedDateTime.of(local, zone).let { if (int(7) == 1) it.withLaterOffsetAtOverlap() else it }
                else -> null
            }
        }
        Kind.TIMEDELTA -> Duration.ofDays(v[0] as Long).plusSeconds(v[1] as Long).plusNanos(v[2] as Long * 1000)
        Kind.TIMEZONE -> {
            val seconds = v[0] as Long * 86400 + v[1] as Long
            if (v[2] == 0L && seconds in -64800..64800) ZoneOffset.ofTotalSeconds(seconds.toInt()) else null
        }
        Kind.ZONE_INFO -> runCatching { ZoneId.of(v[0] as String) }.getOrNull()
        // NaN and infinity have no BigDecimal.
        Kind.DECIMAL -> (v[0] as String).takeIf { it.length <= 10_000 }?.toBigDecimalOrNull()
        Kind.UUID -> (v[0] as ByteArray).let { b ->
            val bits = BigInteger(1, b)
            UUID(bits.shiftRight(64).toLong(), bits.toLong())
        }
        Kind.ORDERED_DICT, Kind.COUNTER -> pairs(0)
        Kind.DEFAULT_DICT -> pairs(1)
        Kind.DEQUE -> v.drop(1)
        else -> null
    }
}
