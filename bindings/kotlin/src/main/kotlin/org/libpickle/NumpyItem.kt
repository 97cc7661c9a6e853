package org.libpickle

import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.time.Duration
import org.libpickle.PickleKnown.Kind

/**
 * The type of an item of numpy, as the library's `flat/known.rs` writes it.
 *
 * @property name as numpy shows it, such as `<U5`
 * @property axes of an item that is an array, whose own items are [item]
 * @property fields of an item that is a record
 */
internal class NumpyType(
    val name: String, val size: Int, val bigEndian: Boolean, val axes: List<Int>, val item: NumpyType?, val fields: List<Field>,
) {
    class Field(val name: String, val offset: Int, val type: NumpyType)

    private val bare = name.trimStart('<', '>')

    /** Text, and bytes of a fixed length. */
    val isText get() = bare.startsWith("U")
    val isBytes get() = bare.startsWith("S")
    val isComplex get() = bare == "complex64" || bare == "complex128"
    val isMoment get() = bare.startsWith("datetime64")
    val isSpan get() = bare.startsWith("timedelta64")

    /** Items of which nothing is known but their bytes. */
    val isOpaque get() = bare.startsWith("V") && axes.isEmpty() && fields.isEmpty()

    /** How many units a tick is, and the unit; null where a moment or span has none. */
    private val tick: Pair<Long, String>? by lazy {
        val inside = bare.substringAfter('[', "").substringBefore(']')
        val unit = inside.trimStart { it.isDigit() }
        if (unit.isEmpty()) null else (inside.dropLast(unit.length).ifEmpty { "1" }.toLongOrNull() ?: 0L) to unit
    }

    /** The value at a place of some bytes: a number or text itself, whatever else as a scalar of numpy. */
    fun at(data: ByteArray, at: Int): PickleValue {
        if (item != null) {
            val items: List<PickleValue> = List(axes.fold(1) { n, axis -> n * axis }) { item.at(data, at + it * item.size) }
            return PickleList(axes.drop(1).foldRight(items) { axis, inner -> if (axis == 0) inner else inner.chunked(axis).map { PickleList(it) } })
        }
        if (fields.isNotEmpty()) {
            val values = fields.map { it.type.at(data, at + it.offset) }
            return PickleObject(PickleHow.REDUCE).apply {
                callable = PickleGlobal("numpy", "void")
                known = PickleKnown(Kind.RECORD, values)
                named = fields.map { PickleStr(it.name) }.zip(values)
            }
        }
        return number(data, at) ?: PickleObject(PickleHow.REDUCE).apply {
            callable = PickleGlobal("numpy", name)
            val bytes = data.copyOfRange(at, at + size)
            known = PickleKnown(Kind.SCALAR, listOf(PickleStr(name), PickleInt(size.toLong()), PickleInt(if (bigEndian) 1 else 0), PickleBytes(bytes)))
        }
    }

    /** A bool, int, float or text at a place; null where it is something else. */
    fun number(data: ByteArray, at: Int): PickleValue? {
        if (isText) return PickleStr(text(data, at))
        val from = buffer(data)
        return when (bare) {
            "bool" -> PickleBool(data[at].toInt() != 0)
            "uint8" -> PickleInt(data[at].toLong() and 0xff)
            "int8" -> PickleInt(data[at].toLong())
            "uint16" -> PickleInt(from.getShort(at).toLong() and 0xffff)
            "int16" -> PickleInt(from.getShort(at).toLong())
            "uint32" -> PickleInt(from.getInt(at).toLong() and 0xffff_ffff)
            "int32" -> PickleInt(from.getInt(at).toLong())
            "uint64" -> from.getLong(at).let { if (it < 0) PickleBigInt(BigInteger(java.lang.Long.toUnsignedString(it))) else PickleInt(it) }
            "int64" -> PickleInt(from.getLong(at))
            "float16" -> PickleFloat(half(from.getShort(at).toInt()))
            "float32" -> PickleFloat(from.getFloat(at).toDouble())
            "float64" -> PickleFloat(from.getDouble(at))
            else -> null
        }
    }

    private fun buffer(data: ByteArray) = ByteBuffer.wrap(data).order(if (bigEndian) ByteOrder.BIG_ENDIAN else ByteOrder.LITTLE_ENDIAN)

    /** Text in UTF-32 without the zeros at its end; what is no character is U+FFFD. */
    private fun text(data: ByteArray, at: Int): String {
        val from = buffer(data)
        var length = size / 4
        while (length > 0 && from.getInt(at + 4 * (length - 1)) == 0) length--
        val out = StringBuilder(length)
        for (i in 0 until length) {
            val point = from.getInt(at + 4 * i)
            out.appendCodePoint(if (Character.isValidCodePoint(point) && point !in 0xd800..0xdfff) point else 0xfffd)
        }
        return out.toString()
    }

    /** Bytes without the zeros at their end, as numpy has them. */
    fun bytes(data: ByteArray): ByteArray = if (isBytes) data.copyOf(data.indexOfLast { it != 0.toByte() } + 1) else data

    /** Both parts of a complex number. */
    fun complex(data: ByteArray): List<PickleValue> = buffer(data).let {
        if (size == 16) listOf(PickleFloat(it.getDouble(0)), PickleFloat(it.getDouble(8)))
        else listOf(PickleFloat(it.getFloat(0).toDouble()), PickleFloat(it.getFloat(4).toDouble()))
    }

    /** NaT. */
    fun isMissing(data: ByteArray) = (isMoment || isSpan) && buffer(data).getLong(0) == Long.MIN_VALUE

    /** A moment or span in ticks of its [unit]; null where 64 bits do not hold them. */
    fun ticks(data: ByteArray): Long? =
        runCatching { Math.multiplyExact(buffer(data).getLong(0), tick?.first ?: 1L) }.getOrNull()

    /** The unit of a tick; null where it has none. */
    val unit: String? get() = tick?.second

    /** A moment as text, as exact as its unit; null where it has none. */
    fun moment(data: ByteArray): String? = unit?.let { unit -> ticks(data)?.let { momentText(it, unit) } }

    /** A span; null where Java's has no room for it, or rounds. Years and months have no length of their own. */
    fun span(data: ByteArray): Duration? = when (val unit = unit) {
        null, "Y", "M" -> null
        else -> ticks(data)?.let { ticks ->
            val isExact = when (unit) {
                "ps" -> ticks % 1_000 == 0L
                "fs" -> ticks % 1_000_000 == 0L
                "as" -> ticks % 1_000_000_000 == 0L
                else -> true
            }
            if (isExact) runCatching { spanOf(ticks, unit) }.getOrNull() else null
        }
    }

    companion object {
        /** The type of the items of an array, or of a scalar. */
        fun of(known: PickleKnown): NumpyType? {
            val parts = known.values.iterator()
            val head = Head(parts)
            repeat(if (known.kind == Kind.ARRAY) 3 else 1) { if (parts.hasNext()) parts.next() }
            val type = if (parts.hasNext()) read(head, parts) else head.plain()
            // What lies beyond its item is no type of numpy's.
            return type.takeIf { it.size > 0 && it.isInside() }
        }

        private class Head(parts: Iterator<PickleValue>) {
            val name = (parts.next() as PickleStr).value
            val size = int(parts)
            val bigEndian = int(parts) == 1

            fun plain() = NumpyType(name, size, bigEndian, emptyList(), null, emptyList())
        }

        private fun int(parts: Iterator<PickleValue>): Int =
            (parts.next() as? PickleInt)?.value?.takeIf { it in 0..Int.MAX_VALUE }?.toInt() ?: -1

        private fun read(head: Head, parts: Iterator<PickleValue>): NumpyType {
            val axes = List(int(parts)) { int(parts) }
            if (axes.isNotEmpty()) return NumpyType(head.name, head.size, head.bigEndian, axes, read(Head(parts), parts), emptyList())
            val fields = List(int(parts)) {
                val name = (parts.next() as PickleStr).value
                val offset = int(parts)
                Field(name, offset, read(Head(parts), parts))
            }
            return NumpyType(head.name, head.size, head.bigEndian, axes, null, fields)
        }

        private val SIZES = mapOf(
            "bool" to 1, "int8" to 1, "uint8" to 1, "int16" to 2, "uint16" to 2, "float16" to 2, "int32" to 4, "uint32" to 4,
            "float32" to 4, "int64" to 8, "uint64" to 8, "float64" to 8, "complex64" to 8, "complex128" to 16,
        )
    }

    private fun isInside(): Boolean = when {
        size < 0 -> false
        item != null -> item.size > 0 && item.isInside() && axes.all { it >= 0 } && axes.fold(item.size.toLong()) { n, axis -> if (n > size) n else n * axis } <= size
        fields.isNotEmpty() -> fields.all { it.offset >= 0 && it.offset + it.type.size.toLong() <= size && it.type.isInside() }
        else -> (SIZES[bare] ?: if (isMoment || isSpan) 8 else size) == size
    }
}

/** The type of a numpy scalar and its bytes; null where a value is none. */
internal class NumpyScalar private constructor(val type: NumpyType, val data: ByteArray) {
    companion object {
        fun of(value: PickleValue): NumpyScalar? {
            val known = (value as? PickleObject)?.known?.takeIf { it.kind == Kind.SCALAR } ?: return null
            val data = when (val data = known.values[3]) {
                is PickleBytes -> data.value
                is PickleByteArray -> data.value
                else -> return null
            }
            return NumpyType.of(known)?.takeIf { it.size == data.size }?.let { NumpyScalar(it, data) }
        }
    }
}

/** A float of 16 bits. */
internal fun half(bits: Int): Double {
    val exponent = bits shr 10 and 0x1f
    val fraction = bits and 0x3ff
    val size = when (exponent) {
        0 -> fraction / 16_777_216.0
        0x1f -> if (fraction == 0) Double.POSITIVE_INFINITY else Double.NaN
        else -> Math.scalb(1024.0 + fraction, exponent - 25)
    }
    return if (bits and 0x8000 != 0) -size else size
}

/** Ticks since 1970 in ISO 8601, as exact as their unit: `2024`, `2024-02`, `2024-02-29`, `2024-02-29T13:05:07.000001`. */
internal fun momentText(ticks: Long, unit: String): String {
    fun padded(number: BigInteger, digits: Int) =
        (if (number.signum() < 0) "-" else "") + number.abs().toString().padStart(digits, '0')
    val big = BigInteger.valueOf(ticks)
    fun split(number: BigInteger, by: Long): Pair<BigInteger, Long> =
        number.mod(BigInteger.valueOf(by)).let { (number - it) / BigInteger.valueOf(by) to it.toLong() }
    val epoch = BigInteger.valueOf(1970)
    if (unit == "Y") return padded(big + epoch, 4)
    if (unit == "M") return split(big, 12).let { (years, month) -> "${padded(years + epoch, 4)}-${(month + 1).toString().padStart(2, '0')}" }
    val digits = when (unit) {
        "ms" -> 3
        "us" -> 6
        "ns" -> 9
        "ps" -> 12
        "fs" -> 15
        "as" -> 18
        else -> 0
    }
    val length = when (unit) {
        "W" -> 604_800L
        "D" -> 86_400L
        "h" -> 3600L
        "m" -> 60L
        else -> 1L
    }
    val (second, fraction) = split(big * BigInteger.valueOf(length), Math.pow(10.0, digits.toDouble()).toLong())
    val (day, inDay) = split(second, 86_400)
    // The calendar repeats after 400 years, which have as many days.
    val (eras, rest) = split(day, 146_097)
    val date = java.time.LocalDate.ofEpochDay(rest)
    val year = eras * BigInteger.valueOf(400) + BigInteger.valueOf(date.year.toLong())
    fun two(number: Number) = number.toString().padStart(2, '0')
    val text = "${padded(year, 4)}-${two(date.monthValue)}-${two(date.dayOfMonth)}"
    if (unit == "D" || unit == "W") return text
    val clock = "${two(inDay / 3600)}:${two(inDay / 60 % 60)}:${two(inDay % 60)}"
    if (fraction == 0L) return "${text}T$clock"
    // Digits in threes, the last ones no zeros.
    var shown = fraction.toString().padStart(digits, '0')
    while (shown.endsWith("000")) shown = shown.dropLast(3)
    return "${text}T$clock.$shown"
}
