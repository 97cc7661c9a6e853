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
import org.libpickle.PickleValue.Known.Kind

/**
 * The value as plain Kotlin: null, Boolean, Long, BigInteger, Double, String, ByteArray, List, LinkedHashMap,
 * LinkedHashSet; dates and times of `java.time`, BigDecimal, UUID. What has no such form stays a [PickleValue].
 *
 * The same object becomes the same object. Without recursion.
 *
 * @throws PickleException of kind BAD_VALUE for a cycle, or a key or set item that holds more than 256 values
 */
fun PickleValue.toKotlin(): Any? {
    val made = IdentityHashMap<PickleValue, Any>()
    val open = ArrayDeque<PickleValue>()
    fun inside(value: PickleValue): List<PickleValue> = when (value) {
        is PickleValue.Sequence -> value.items
        is PickleValue.Dict -> value.keys + value.values
        is PickleValue.Object -> value.known?.values ?: emptyList()
        else -> emptyList()
    }
    // Containers, the innermost first.
    if (isNode(this)) open.addLast(this)
    val sizes = IdentityHashMap<PickleValue, Int>()
    val begun = IdentityHashMap<PickleValue, Unit>()
    while (open.isNotEmpty()) {
        val value = open.last()
        if (made.containsKey(value)) {
            open.removeLast()
        } else if (begun.put(value, Unit) == null) {
            for (child in inside(value)) {
                if (!isNode(child) || made.containsKey(child)) continue
                if (begun.containsKey(child)) throw bad("a value holds itself: read it as a PickleValue")
                open.addLast(child)
            }
        } else {
            open.removeLast()
            val size = inside(value).fold(1) { sum, child -> minOf(sum + (sizes[child] ?: 1), KEY_MAX + 1) }
            sizes[value] = size
            keysOf(value).forEach { if ((sizes[it] ?: 1) > KEY_MAX) throw bad("a key or set item holds more than $KEY_MAX values") }
            made[value] = container(value) { plain(it, made) }
        }
    }
    return plain(this, made)
}

/**
 * Values in one key, counted at every place where they stand: a hash visits each. Tuples of tuples that share their
 * items would take longer to hash than the universe lasts.
 */
private const val KEY_MAX = 256

/** What will be hashed. */
private fun keysOf(value: PickleValue): List<PickleValue> = when (value) {
    is PickleValue.Set, is PickleValue.FrozenSet -> (value as PickleValue.Sequence).items
    is PickleValue.Dict -> value.keys
    is PickleValue.Object -> when (value.known?.kind) {
        Kind.SET, Kind.FROZENSET -> value.known!!.values
        Kind.ORDERED_DICT, Kind.COUNTER -> value.known!!.values.filterIndexed { i, _ -> i % 2 == 0 }
        Kind.DEFAULT_DICT -> value.known!!.values.filterIndexed { i, _ -> i % 2 == 1 }
        else -> emptyList()
    }
    else -> emptyList()
}

private fun bad(text: String) = PickleException(org.libpickle.ffi.ErrorKind.BAD_VALUE, 0, text)

private fun isNode(value: PickleValue) =
    value is PickleValue.Sequence || value is PickleValue.Dict || value is PickleValue.Object

private fun plain(value: PickleValue, made: Map<PickleValue, Any>): Any? = when (value) {
    PickleValue.None -> null
    is PickleValue.Bool -> value.value
    is PickleValue.Int -> value.value
    is PickleValue.BigInt -> value.value
    is PickleValue.Float -> value.value
    is PickleValue.Str -> value.value
    is PickleValue.Bytes -> value.value
    is PickleValue.ByteArray -> value.value
    else -> made[value] ?: value
}

private fun container(value: PickleValue, plain: (PickleValue) -> Any?): Any = when (value) {
    is PickleValue.List, is PickleValue.Tuple -> (value as PickleValue.Sequence).items.map(plain)
    is PickleValue.Sequence -> value.items.mapTo(LinkedHashSet(), plain)
    is PickleValue.Dict -> LinkedHashMap<Any?, Any?>(value.size * 2).also { map ->
        for (i in value.keyArray.indices) map[plain(value.keyArray[i]!!)] = plain(value.valueArray[i]!!)
    }
    is PickleValue.Object -> value.known?.let { known(it.kind, it.values.map(plain)) } ?: value
    else -> value
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
