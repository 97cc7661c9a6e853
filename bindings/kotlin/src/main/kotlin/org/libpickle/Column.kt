package org.libpickle

import java.math.BigDecimal
import java.math.BigInteger
import java.time.DateTimeException
import java.time.Duration
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.temporal.ChronoUnit

/**
 * A column of a [Table]: [size] cells, all of one type, some of them missing (None, NaT, NA, masked). A NaN of a column of
 * floats is a float, and not missing; in a column of anything else it is missing.
 */
sealed class Column(
    /** Its name as text; null for labels of rows and series that have none. */
    val name: String?,
    /** Its type as pandas names it, such as `int64` or `datetime64[ns, UTC]`; `object` for rows out of lists. */
    val dtype: String,
    /** Number of cells. */
    val size: Int,
    /** True where a cell is missing; null where none is. */
    val missing: BooleanArray?,
) {
    /** The cell of a row is missing. */
    open fun isMissing(row: Int): Boolean = missing?.get(row) ?: false

    /**
     * The cell of a row, as the class says; null where it is missing.
     *
     * @throws PickleException of kind BAD_VALUE: the cell is a moment, date or span that no type of Java holds; the ticks of
     * the column have it
     */
    @Throws(PickleException::class)
    operator fun get(row: Int): Any? = if (isMissing(row)) null else cell(row)

    /** Makes a cell of ticks; what Java's types do not hold is an exception that says where it is. */
    internal inline fun <T> made(row: Int, tick: Long, unit: String, make: () -> T): T = try {
        make()
    } catch (e: RuntimeException) {
        if (e !is ArithmeticException && e !is DateTimeException) throw e
        throw PickleException(
            ErrorKind.BAD_VALUE, 0, "${name?.let { "column $it" } ?: "a column without a name"} ($dtype), row $row: no type of Java holds $tick of the unit $unit; the ticks do",
        )
    }

    protected abstract fun cell(row: Int): Any?

    /** All cells, made as they are asked for. */
    fun toList(): List<Any?> = object : AbstractList<Any?>(), RandomAccess {
        override val size get() = this@Column.size
        override fun get(index: Int) = this@Column[index]
    }

    override fun toString() = "${this::class.simpleName}(name=$name, dtype=$dtype, size=$size)"
}

/** Nothing but missing cells. */
class NullColumn internal constructor(name: String?, dtype: String, size: Int) : Column(name, dtype, size, null) {
    override fun isMissing(row: Int) = true
    override fun cell(row: Int): Any? = null
}

/** Booleans; false in [values] where a cell is missing. */
class BooleanColumn internal constructor(name: String?, dtype: String, missing: BooleanArray?, val values: BooleanArray) :
    Column(name, dtype, values.size, missing) {
    override fun cell(row: Int): Any = values[row]
}

/** Ints of up to 64 bits as Long; 0 in [values] where a cell is missing. */
class LongColumn internal constructor(name: String?, dtype: String, missing: BooleanArray?, size: Int, values: () -> LongArray) :
    Column(name, dtype, size, missing) {
    /** All ints. */
    val values: LongArray by lazy(values)
    override fun cell(row: Int): Any = values[row]
}

/** Ints of 64 bits without sign: their bits in [values]. A cell is a Long, or a BigInteger where that is too small. */
class UnsignedColumn internal constructor(name: String?, dtype: String, missing: BooleanArray?, val values: LongArray) :
    Column(name, dtype, values.size, missing) {
    override fun cell(row: Int): Any =
        values[row].let { if (it >= 0) it else BigInteger(java.lang.Long.toUnsignedString(it)) }
}

/** Floats as Double; NaN in [values] where a cell is missing. */
class DoubleColumn internal constructor(name: String?, dtype: String, missing: BooleanArray?, val values: DoubleArray) :
    Column(name, dtype, values.size, missing) {
    override fun cell(row: Int): Any = values[row]
}

/** Text; null in [values] where a cell is missing. */
class TextColumn internal constructor(name: String?, dtype: String, val values: Array<String?>) :
    Column(name, dtype, values.size, missingOf(values)) {
    override fun cell(row: Int): Any? = values[row]
}

/** Bytes, also of items that numpy has no other form for; null in [values] where a cell is missing. */
class BytesColumn internal constructor(name: String?, dtype: String, val values: Array<ByteArray?>) :
    Column(name, dtype, values.size, missingOf(values)) {
    override fun cell(row: Int): Any? = values[row]
}

/** Decimal numbers with all their digits; null in [values] where a cell is missing. */
class DecimalColumn internal constructor(name: String?, dtype: String, val values: Array<BigDecimal?>) :
    Column(name, dtype, values.size, missingOf(values)) {
    override fun cell(row: Int): Any? = values[row]
}

/**
 * Moments: [ticks] are units since 1970, in UTC if there is a [zone], else in local time of an unknown zone. A cell is an
 * [Instant] if there is a zone, else a [LocalDateTime]; what is finer than a nanosecond is in the ticks alone.
 *
 * @property unit of a tick as numpy names it: `ns`, `us`, `ms`, `s`, `m`, `h`, `D`, `W`, `M`, `Y`, `ps`, `fs`, `as`
 * @property zone `Europe/Berlin`, `UTC`, `+05:30`
 */
class MomentColumn internal constructor(
    name: String?, dtype: String, missing: BooleanArray?, val ticks: LongArray, val unit: String, val zone: String?,
) : Column(name, dtype, ticks.size, missing) {
    override fun cell(row: Int): Any =
        instant(row).let { if (zone != null) it else made(row, ticks[row], unit) { LocalDateTime.ofInstant(it, ZoneOffset.UTC) } }

    /**
     * The cells as instants, those without a zone as if they were in UTC; null where one is missing.
     *
     * @throws PickleException of kind BAD_VALUE: one is so far away that [Instant] does not hold it
     */
    @Throws(PickleException::class)
    fun instants(): Array<Instant?> = Array(size) { if (isMissing(it)) null else instant(it) }

    /**
     * The time zone by its name; null where there is none.
     *
     * @throws PickleException of kind BAD_VALUE: Java knows no zone of this name
     */
    @Throws(PickleException::class)
    fun zoneId(): ZoneId? = zone?.let {
        try {
            ZoneId.of(it)
        } catch (e: DateTimeException) {
            throw PickleException(ErrorKind.BAD_VALUE, 0, "${name?.let { "column $it" } ?: "a column without a name"} ($dtype): Java knows no time zone $it")
        }
    }

    private fun instant(row: Int): Instant = made(row, ticks[row], unit) {
        val tick = ticks[row]
        fun months(months: Long) = LocalDate.EPOCH.plusMonths(months).atStartOfDay().toInstant(ZoneOffset.UTC)
        when (unit) {
            "Y" -> months(Math.multiplyExact(tick, 12L))
            "M" -> months(tick)
            else -> spanOf(tick, unit).let { Instant.ofEpochSecond(it.seconds, it.nano.toLong()) }
        }
    }
}

/** Spans of time: [ticks] of a [unit] as in [MomentColumn]. A cell is a [Duration]; years and months are of numpy's length. */
class DurationColumn internal constructor(
    name: String?, dtype: String, missing: BooleanArray?, val ticks: LongArray, val unit: String,
) : Column(name, dtype, ticks.size, missing) {
    override fun cell(row: Int): Any = made(row, ticks[row], unit) { spanOf(ticks[row], unit) }
}

/** Dates: [days] since 1970. A cell is a [LocalDate]. */
class DateColumn internal constructor(name: String?, dtype: String, missing: BooleanArray?, val days: LongArray) :
    Column(name, dtype, days.size, missing) {
    override fun cell(row: Int): Any = made(row, days[row], "D") { LocalDate.ofEpochDay(days[row]) }
}

/** Times of day: [ticks] of a [unit] since midnight. A cell is a [LocalTime]. */
class ClockColumn internal constructor(
    name: String?, dtype: String, missing: BooleanArray?, val ticks: LongArray, val unit: String,
) : Column(name, dtype, ticks.size, missing) {
    override fun cell(row: Int): Any = made(row, ticks[row], unit) { LocalTime.ofNanoOfDay(spanOf(ticks[row], unit).toNanos()) }
}

/** Complex numbers. A cell is a [PickleComplex]. */
class ComplexColumn internal constructor(
    name: String?, dtype: String, missing: BooleanArray?, val real: DoubleArray, val imaginary: DoubleArray,
) : Column(name, dtype, real.size, missing) {
    override fun cell(row: Int): Any = PickleComplex(real[row], imaginary[row])
}

/** A complex number. */
data class PickleComplex(val real: Double, val imaginary: Double)

/** A category a row: its number in [codes], -1 where it is missing. A cell is what the category is. */
class CategoryColumn internal constructor(
    name: String?, dtype: String, val codes: IntArray, val categories: Column, val isOrdered: Boolean,
) : Column(name, dtype, codes.size, if (-1 in codes) BooleanArray(codes.size) { codes[it] < 0 } else null) {
    override fun cell(row: Int): Any? = categories[codes[row]]
}

/**
 * Intervals. A cell is a [PickleInterval].
 *
 * @property closed which ends belong to them: `left`, `right`, `both` or `neither`
 */
class IntervalColumn internal constructor(
    name: String?, dtype: String, val left: Column, val right: Column, val closed: String,
) : Column(name, dtype, left.size, null) {
    override fun isMissing(row: Int) = left[row].let { it == null || it is Double && it.isNaN() }
    override fun cell(row: Int): Any = PickleInterval(left[row], right[row], closed)
}

/** An interval of pandas: its ends, and which of them belong to it. */
data class PickleInterval(val left: Any?, val right: Any?, val closed: String)

/** Whatever has no type that holds all of it: a [PickleValue] a cell; null in [values] where it is missing. */
class ValueColumn internal constructor(name: String?, dtype: String, val values: Array<PickleValue?>) :
    Column(name, dtype, values.size, missingOf(values)) {
    override fun cell(row: Int): Any? = values[row]
}

private fun missingOf(values: Array<*>): BooleanArray? =
    if (values.any { it == null }) BooleanArray(values.size) { values[it] == null } else null

/** A span as numpy counts it: a year has 365.2425 days, a month a twelfth of that. */
internal fun spanOf(ticks: Long, unit: String): Duration = when (unit) {
    "Y" -> Duration.ofSeconds(Math.multiplyExact(ticks, 31_556_952L))
    "M" -> Duration.ofSeconds(Math.multiplyExact(ticks, 2_629_746L))
    "W" -> Duration.of(Math.multiplyExact(ticks, 7L), ChronoUnit.DAYS)
    "D" -> Duration.ofDays(ticks)
    "h" -> Duration.ofHours(ticks)
    "m" -> Duration.ofMinutes(ticks)
    "s" -> Duration.ofSeconds(ticks)
    "ms" -> fraction(ticks, 1_000L)
    "us" -> fraction(ticks, 1_000_000L)
    "ns" -> fraction(ticks, 1_000_000_000L)
    "ps" -> fraction(Math.floorDiv(ticks, 1_000L), 1_000_000_000L)
    "fs" -> fraction(Math.floorDiv(ticks, 1_000_000L), 1_000_000_000L)
    else -> fraction(Math.floorDiv(ticks, 1_000_000_000L), 1_000_000_000L)
}

private fun fraction(ticks: Long, perSecond: Long) =
    Duration.ofSeconds(Math.floorDiv(ticks, perSecond), Math.floorMod(ticks, perSecond) * (1_000_000_000L / perSecond))
