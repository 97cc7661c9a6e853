package org.libpickle

import java.math.BigDecimal
import java.math.BigInteger
import java.time.DateTimeException
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.OffsetTime
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter.ISO_LOCAL_DATE_TIME
import java.time.format.DateTimeFormatter.ISO_LOCAL_TIME
import java.time.format.DateTimeFormatter.ISO_OFFSET_DATE_TIME
import java.time.format.DateTimeFormatter.ISO_OFFSET_TIME
import java.time.format.DateTimeFormatter.ISO_ZONED_DATE_TIME
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.BinaryFormat
import kotlinx.serialization.DeserializationStrategy
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.MissingFieldException
import kotlinx.serialization.SerializationException
import kotlinx.serialization.SerializationStrategy
import kotlinx.serialization.builtins.ByteArraySerializer
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.StructureKind
import kotlinx.serialization.encoding.AbstractDecoder
import kotlinx.serialization.encoding.AbstractEncoder
import kotlinx.serialization.encoding.CompositeDecoder
import kotlinx.serialization.encoding.CompositeEncoder
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.modules.EmptySerializersModule
import kotlinx.serialization.modules.SerializersModule
import kotlinx.serialization.serializer
import org.libpickle.PickleKnown.Kind

/**
 * Pickles as a format of kotlinx.serialization: `@Serializable` classes from dicts and objects, and back as dicts. No
 * reflection, and nothing in a pickle is called. Needs kotlinx-serialization-core, which the program brings.
 *
 * A property is the entry of a dict or the attribute of an object with its name; entries without a property are passed over. Lists, tuples,
 * sets, deques and arrays of numpy are lists, those of several axes lists of lists; dicts of every kind are maps. An item of `U` is a String, of `S` a ByteArray or, where it
 * is UTF-8, a String, of `datetime64` a String (`2024-02-29T13:05:07`, as exact as its unit: what `LocalDateTime.parse` takes) or a Long (ticks), of `timedelta64` Kotlin's
 * Duration or a Long, of a complex type two Doubles, of a structured type a class by the names of its fields, or a list; NaT is null. An enum is a str or a member of Python's enum, by its
 * name or its value, whichever the pickle has: Python writes the value as a rule, so give it to the constant, as in `@SerialName("1")`. A list or an object that is a key of a map is
 * written as a tuple. A String takes whatever has a text: str, Python 2's str where it is UTF-8, dates and times (ISO 8601), Decimal, Fraction,
 * UUID, paths, addresses; a timedelta as `str()` of it in Python, such as `-1 day, 23:59:59`. A timedelta is also Kotlin's Duration, and seconds as a float. A float takes an int that it holds exactly. A ByteArray takes bytes and bytearrays.
 *
 * @property options how pickles are read
 * @property protocol what pickles are written with, 0 to 5
 * @property maxDepth levels of values in types: each takes some of the thread's stack, so what is deeper is refused
 */
@OptIn(ExperimentalSerializationApi::class)
class PickleFormat @JvmOverloads constructor(
    val options: ReadOptions = ReadOptions.DEFAULT,
    val protocol: Int = 4,
    override val serializersModule: SerializersModule = EmptySerializersModule(),
    val maxDepth: Int = 128,
) : BinaryFormat {
    /**
     * @throws PickleException the pickle is damaged
     * @throws SerializationException a value does not fit; the message begins with its path
     */
    override fun <T> decodeFromByteArray(deserializer: DeserializationStrategy<T>, bytes: ByteArray): T =
        decodeFromValue(deserializer, Pickle.loads(bytes, options))

    /** The same of a value that was read. */
    fun <T> decodeFromValue(deserializer: DeserializationStrategy<T>, value: PickleValue): T =
        ValueDecoder(value, null, "$", 0, this).decodeSerializableValue(deserializer)

    /** @throws SerializationException a value has no form in Python */
    override fun <T> encodeToByteArray(serializer: SerializationStrategy<T>, value: T): ByteArray =
        Pickle.dumps(encodeToValue(serializer, value), protocol)

    /** The same as a value that can be written. */
    fun <T> encodeToValue(serializer: SerializationStrategy<T>, value: T): PickleValue {
        val root = ArrayList<PickleValue>(1)
        ValueEncoder(this, root, HashMap()).encodeSerializableValue(serializer, value)
        return root.single()
    }

    companion object {
        /** The format with the options that the functions of [Pickle] have. */
        @JvmField
        val DEFAULT = PickleFormat()
    }
}

/**
 * Reads a pickle into a `@Serializable` type: see [PickleFormat].
 *
 * @throws PickleException the pickle is damaged
 * @throws SerializationException a value does not fit; the message begins with its path
 */
inline fun <reified T> Pickle.decode(bytes: ByteArray): T = PickleFormat.DEFAULT.decodeFromByteArray(serializer<T>(), bytes)

/** Writes a `@Serializable` value as a pickle of plain data. */
inline fun <reified T> Pickle.encode(value: T): ByteArray = PickleFormat.DEFAULT.encodeToByteArray(serializer<T>(), value)

/** The value as a `@Serializable` type: see [PickleFormat]. */
inline fun <reified T> PickleValue.decode(): T = PickleFormat.DEFAULT.decodeFromValue(serializer<T>(), this)

private val BYTES = ByteArraySerializer().descriptor
private val DURATION = Duration.serializer().descriptor
private val UNSIGNED = setOf(UByte.serializer(), UShort.serializer(), UInt.serializer(), ULong.serializer()).map { it.descriptor }.toSet()

private fun fault(path: String, text: String) = SerializationException("$path: $text")

/** What a value is called in messages. */
private fun nameOf(value: PickleValue): String = when (value) {
    PickleNone -> "None"
    is PickleBool -> "a bool"
    is PickleInt, is PickleBigInt -> "an int"
    is PickleFloat -> "a float"
    is PickleStr -> "a str"
    is PickleStr8 -> "a str of Python 2"
    is PickleBytes, is PickleByteArray -> "bytes"
    is PickleList -> "a list"
    is PickleTuple -> "a tuple"
    is PickleSet, is PickleFrozenSet -> "a set"
    is PickleDict -> "a dict"
    is PickleObject -> {
        val dtype = value.known?.takeIf { it.kind == Kind.SCALAR || it.kind == Kind.ARRAY }?.let { (it.values[0] as? PickleStr)?.value }
        when {
            dtype == null -> value.className?.let { "an object of ${it.module}.${it.name}" } ?: "an object"
            value.known!!.kind == Kind.ARRAY -> "an array of numpy of $dtype"
            NumpyScalar.of(value)?.let { it.type.isMissing(it.data) } == true -> "NaT ($dtype of numpy)"
            else -> "$dtype of numpy"
        }
    }
    else -> value.javaClass.simpleName
}

/** What an instance of a subclass of a scalar holds. */
private tailrec fun plain(value: PickleValue): PickleValue {
    val known = (value as? PickleObject)?.known ?: return value
    return when (known.kind) {
        Kind.DERIVED -> plain(known.values[0])
        Kind.SCALAR -> NumpyScalar.of(value)?.let { if (it.type.fields.isEmpty()) it.type.number(it.data, 0) else it.type.at(it.data, 0) } ?: value
        else -> value
    }
}

/** The items of a value; null where it has none. */
private fun itemsOf(value: PickleValue): List<PickleValue>? {
    if (value is PickleSequence) return value.items
    val known = (value as? PickleObject)?.known ?: return null
    return when (known.kind) {
        Kind.LIST, Kind.TUPLE, Kind.SET, Kind.FROZENSET, Kind.USER_LIST, Kind.RECORD, Kind.FIELDS -> known.values
        Kind.DEQUE -> known.values.drop(1)
        Kind.ARRAY -> rows(known)
        Kind.COMPLEX -> known.values
        Kind.SCALAR -> NumpyScalar.of(value)?.takeIf { it.type.isComplex }?.let { it.type.complex(it.data) }
        else -> null
    }
}

/** Empty lists that an array without items becomes at most. */
private const val EMPTY_MAX = 1000L

/** The items of an array, in lists for each axis but the last; null where they are not in the pickle, or are others than its shape says. */
private fun rows(known: PickleKnown): List<PickleValue>? {
    val shape = known.shape?.takeIf { it.isNotEmpty() && it.all { axis -> axis >= 0 } } ?: return null
    val count = shape.fold(1L) { n, axis -> if (n > Int.MAX_VALUE) n else n * axis }
    // A shape of few bytes asks for as many empty lists as it likes.
    if (count == 0L && shape.takeWhile { it != 0 }.fold(1L) { n, axis -> if (n > EMPTY_MAX) n else n * axis } > EMPTY_MAX) return null
    val objects = (known.values[5] as? PickleList)?.items
    val type = if (objects == null) NumpyType.of(known) ?: return null else null
    val data = when (val octets = known.values[5]) {
        is PickleBytes -> octets.value
        is PickleByteArray -> octets.value
        else -> ByteArray(0)
    }
    if (count != objects?.size?.toLong() && (type == null || count * type.size != data.size.toLong())) return null
    // How far the next item along each axis lies; objects are listed with the last axis fastest, whatever the order is.
    val steps = IntArray(shape.size) { 1 }
    if (known.values[3] == PickleInt(1) && objects == null) {
        for (axis in 1 until shape.size) steps[axis] = steps[axis - 1] * shape[axis - 1]
    } else {
        for (axis in shape.size - 2 downTo 0) steps[axis] = steps[axis + 1] * shape[axis + 1]
    }
    fun along(axis: Int, from: Int): List<PickleValue> = List(shape[axis]) {
        val at = from + it * steps[axis]
        when {
            axis < shape.size - 1 -> PickleList(along(axis + 1, at))
            objects != null -> objects[at]
            else -> type!!.at(data, at * type.size)
        }
    }
    return along(0, 0)
}

/** The keys and values of a value, in turn; null where it has none. */
private fun entriesOf(value: PickleValue): List<PickleValue>? {
    if (value is PickleDict) return List(2 * value.size) { (if (it % 2 == 0) value.keyArray else value.valueArray)[it / 2]!! }
    val known = (value as? PickleObject)?.known ?: return null
    return when (known.kind) {
        Kind.ORDERED_DICT, Kind.COUNTER, Kind.DICT, Kind.CHAIN_MAP, Kind.USER_DICT, Kind.FROZEN_DICT, Kind.PROXY -> known.values
        Kind.DEFAULT_DICT -> known.values.drop(1)
        else -> null
    }
}

private class ValueDecoder(
    given: PickleValue,
    private val children: Children?,
    private val path: String,
    private val depth: Int,
    private val format: PickleFormat,
) : AbstractDecoder() {
    /** The values inside, in the order in which they are asked for. */
    class Children(val values: List<PickleValue?>, val pathOf: (Int) -> String)

    override val serializersModule get() = format.serializersModule

    /** The value that is decoded next; of a container, the child at [next] - 1. */
    private var value = plain(given)
    private var here = path
    private var next = 0

    override fun decodeSequentially() = children != null && sequential
    private var sequential = false

    private fun of(children: Children, sequential: Boolean): ValueDecoder {
        if (depth >= format.maxDepth) throw PickleException(ErrorKind.DEPTH_LIMIT, 0, "$here: values nest deeper than ${format.maxDepth} levels, the maxDepth of this PickleFormat")
        return ValueDecoder(value, children, here, depth + 1, format).also { it.sequential = sequential }
    }

    override fun beginStructure(descriptor: SerialDescriptor): CompositeDecoder = when (descriptor.kind) {
        StructureKind.LIST -> {
            val items = itemsOf(value) ?: wrong("a list")
            of(Children(items) { "$here[$it]" }, true)
        }
        StructureKind.MAP -> {
            val entries = entriesOf(value) ?: attributes()?.flatMap { listOf(it.first, it.second) } ?: wrong("a dict")
            val base = here
            of(Children(entries) { i -> if (i % 2 == 0) "$base, key ${i / 2}" else base + step(entries[i - 1]) }, true)
        }
        else -> {
            // A class: its properties by name, or of a tuple in order.
            // A pair has no names of its own.
            val named = if (descriptor.serialName in PAIRS && itemsOf(value) != null) null else named()
            val names = List(descriptor.elementsCount) { descriptor.getElementName(it) }
            val base = here
            when {
                named != null -> of(Children(names.map { named[it] }) { "$base.${names[it]}" }, false)
                else -> {
                    // A set has no order.
                    val items = itemsOf(value).takeUnless { isSet() } ?: wrong("a dict or an object with attributes")
                    of(Children(List(names.size) { items.getOrNull(it) }) { "$base[$it]" }, false)
                }
            }
        }
    }

    private fun isSet() = value is PickleSet || value is PickleFrozenSet ||
        (value as? PickleObject)?.known?.kind.let { it == Kind.SET || it == Kind.FROZENSET }

    private fun step(key: PickleValue) = if (key is PickleStr) ".${key.value}" else "[...]"

    private fun attributes(): List<Pair<PickleValue, PickleValue>>? = (value as? PickleObject)?.attributes

    /** Entries or attributes by their names; of equal ones the last counts. */
    private fun named(): Map<String, PickleValue>? {
        val entries = entriesOf(value) ?: attributes()?.flatMap { listOf(it.first, it.second) } ?: return null
        val found = HashMap<String, PickleValue>(entries.size)
        for (i in entries.indices step 2) text(entries[i])?.let { found[it] = entries[i + 1] }
        return found
    }

    override fun decodeCollectionSize(descriptor: SerialDescriptor): Int {
        val count = children!!.values.size
        return if (descriptor.kind == StructureKind.MAP) count / 2 else count
    }

    override fun decodeElementIndex(descriptor: SerialDescriptor): Int {
        val children = children ?: return CompositeDecoder.DECODE_DONE
        // Of a class, what is not there is for its defaults.
        while (!sequential && next < children.values.size && children.values[next] == null) next++
        if (next >= children.values.size) return CompositeDecoder.DECODE_DONE
        val index = next
        if (!sequential) turn()
        return index
    }

    /** Goes on to the next child. */
    private fun turn() {
        val children = children ?: return
        value = plain(children.values[next] ?: PickleNone)
        here = children.pathOf(next)
        next++
    }

    override fun <T> decodeSerializableElement(
        descriptor: SerialDescriptor, index: Int, deserializer: DeserializationStrategy<T>, previousValue: T?,
    ): T {
        if (sequential) turn()
        return ValueDecoder(value, null, here, depth, format).decodeSerializableValue(deserializer)
    }

    @Suppress("UNCHECKED_CAST")
    override fun <T> decodeSerializableValue(deserializer: DeserializationStrategy<T>): T {
        when (deserializer.descriptor) {
            BYTES -> return (bytes() ?: wrong("bytes")) as T
            DURATION -> duration()?.let { return it as T }
        }
        val place = here
        val given = value
        return try {
            deserializer.deserialize(this)
        } catch (e: MissingFieldException) {
            // The innermost says where.
            throw if (e.message?.startsWith("$") == true) e else MissingFieldException(e.missingFields, "$place: ${e.message}", e)
        } catch (e: DateTimeException) {
            // A serializer of the program's that parses the text of a moment.
            throw SerializationException("$place: ${e.message}, out of ${nameOf(given)}", e)
        }
    }

    /** A span of time; null where the value is none, and may be the text of one. */
    private fun duration(): Duration? {
        val span = value as? PickleObject ?: return null
        val known = span.known
        val (seconds, nanos) = if (known?.kind == Kind.TIMEDELTA) {
            val (days, seconds, micros) = known.values.map { (it as PickleInt).value }
            days * 86_400 + seconds to micros * 1000
        } else {
            val scalar = NumpyScalar.of(span)?.takeIf { it.type.isSpan } ?: return null
            if (scalar.type.isMissing(scalar.data)) wrong("a span")
            val exact = scalar.type.span(scalar.data) ?: throw fault(here, "${nameOf(span)} is no span of so many nanoseconds")
            exact.seconds to exact.nano.toLong()
        }
        // Kotlin rounds long spans to milliseconds, and cuts what is longer still.
        return (seconds.seconds + nanos.nanoseconds).also {
            val whole = it.inWholeSeconds
            val rest = (it - whole.seconds).inWholeNanoseconds
            val down = if (rest < 0) 1 else 0
            if (whole - down != seconds || rest + down * 1_000_000_000L != nanos) throw fault(here, "Kotlin's Duration does not hold this span exactly; it is ${textOfSpan() ?: nameOf(span)}")
        }
    }

    private fun textOfSpan() = (value as? PickleObject)?.known?.takeIf { it.kind == Kind.TIMEDELTA }?.let { spanText(it) }

    private fun bytes(): ByteArray? = when (val value = value) {
        is PickleBytes -> value.value
        is PickleByteArray -> value.value
        is PickleStr8 -> value.value
        is PickleObject -> value.known?.takeIf { it.kind == Kind.BYTES || it.kind == Kind.BYTEARRAY }?.let {
            ValueDecoder(it.values[0], null, here, depth, format).bytes()
        } ?: NumpyScalar.of(value)?.takeIf { it.type.isBytes || it.type.isOpaque }?.let { it.type.bytes(it.data) }
        else -> null
    }

    private fun wrong(wanted: String): Nothing = throw fault(here, "$wanted was expected, and ${nameOf(value)} is there")

    /** The next int is one of Kotlin's without a sign. */
    private var unsigned = false

    override fun decodeInline(descriptor: SerialDescriptor): Decoder {
        unsigned = descriptor in UNSIGNED
        return this
    }

    override fun decodeNotNullMark() = value !== PickleNone && NumpyScalar.of(value)?.let { it.type.isMissing(it.data) } != true
    override fun decodeNull(): Nothing? = null

    override fun decodeBoolean(): Boolean = (scalar(value) as? PickleBool ?: wrong("a bool")).value

    /** An int of so many bits. */
    private fun int(bits: Int): Long {
        val number = when (val value = scalar(value)) {
            is PickleInt -> BigInteger.valueOf(value.value)
            is PickleBigInt -> value.value
            else -> BigInteger.valueOf(ticks(value) ?: wrong("an int"))
        }
        val fits = if (unsigned) number.signum() >= 0 && number.bitLength() <= bits else number.bitLength() < bits
        if (!fits) throw fault(here, "$number does not fit ${if (unsigned) "0 to 2^$bits - 1" else "$bits bits"}")
        unsigned = false
        return number.toLong()
    }

    /** A moment or span of numpy as its count of units. */
    private fun ticks(value: PickleValue): Long? =
        NumpyScalar.of(value)?.takeIf { (it.type.isMoment || it.type.isSpan) && !it.type.isMissing(it.data) }?.let { it.type.ticks(it.data) }

    override fun decodeByte() = int(8).toByte()
    override fun decodeShort() = int(16).toShort()
    override fun decodeInt() = int(32).toInt()
    override fun decodeLong() = int(64)

    override fun decodeDouble(): Double = when (val value = scalar(value)) {
        is PickleFloat -> value.value
        is PickleInt -> if (value.value in -(1L shl 53)..(1L shl 53)) value.value.toDouble() else exactly(BigInteger.valueOf(value.value)) { it.toDouble() }
        is PickleBigInt -> exactly(value.value) { it.toDouble() }
        else -> (value as? PickleObject)?.known?.takeIf { it.kind == Kind.TIMEDELTA }?.let { secondsOf(it) } ?: wrong("a float")
    }

    /** A float of 64 bits is rounded to 32, an int is not. */
    override fun decodeFloat(): Float = when (val value = scalar(value)) {
        is PickleInt -> exactly(BigInteger.valueOf(value.value)) { it.toFloat() }
        is PickleBigInt -> exactly(value.value) { it.toFloat() }
        else -> {
            val number = decodeDouble()
            number.toFloat().also { if (it.isInfinite() && !number.isInfinite()) throw fault(here, "$number does not fit a Float") }
        }
    }

    /** An int as a float that holds it. */
    private fun <T : Number> exactly(number: BigInteger, convert: (BigInteger) -> T): T {
        val float = convert(number)
        if (!float.toDouble().isFinite() || BigDecimal(float.toDouble()).compareTo(BigDecimal(number)) != 0) {
            throw fault(here, "$number is no float exactly")
        }
        return float
    }

    override fun decodeChar(): Char = decodeString().singleOrNull() ?: throw fault(here, "one character was expected")

    override fun decodeString(): String = text(value) ?: wrong("a str")

    override fun decodeEnum(enumDescriptor: SerialDescriptor): Int {
        val name = when (val found = scalar(value)) {
            is PickleInt -> found.value.toString()
            else -> text(found) ?: wrong("the name of an enum's member")
        }
        val index = enumDescriptor.getElementIndex(name)
        if (index == CompositeDecoder.UNKNOWN_NAME) throw fault(here, "${enumDescriptor.serialName} has no $name")
        return index
    }

    /**
     * A number of numpy as the number that it holds; a member of an enum by its value, which from protocol 2 on looks as an
     * instance of a subclass of int or str, as that value.
     */
    private fun scalar(value: PickleValue): PickleValue {
        if (value !is PickleObject) return value
        val known = value.known ?: return value
        if (known.kind == Kind.RECORD && known.values.size == 1 && value.attributes == null) return plain(known.values[0])
        return plain(value)
    }

    private fun text(given: PickleValue): String? = when (val value = scalar(given)) {
        is PickleStr -> value.value
        is PickleStr8 -> utf8(value.value)
        is PickleObject -> when (value.known?.kind) {
            Kind.DERIVED -> text(plain(value))
            Kind.TIMEDELTA -> spanText(value.known!!)
            Kind.SCALAR -> NumpyScalar.of(value)?.let {
                when {
                    it.type.isMissing(it.data) -> null
                    it.type.isMoment -> it.type.moment(it.data)
                    it.type.isBytes -> utf8(it.type.bytes(it.data))
                    else -> null
                }
            }
            Kind.DECIMAL -> text(value.known!!.values[0])
            Kind.FRACTION -> value.known!!.values.map { (it.toKotlin() as? Number)?.toString() ?: it.toKotlin().toString() }.joinToString("/")
            Kind.MEMBER -> text(value.known!!.values[1])
            Kind.PATTERN -> text(value.known!!.values[0])
            Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.TIMEZONE, Kind.ZONE_INFO, Kind.UUID, Kind.PATH, Kind.IP ->
                when (val plain = value.toKotlin()) {
                    is PickleValue -> null
                    // With seconds also where these are 0: parsers of moments want them.
                    is LocalTime -> ISO_LOCAL_TIME.format(plain)
                    is OffsetTime -> ISO_OFFSET_TIME.format(plain)
                    is LocalDateTime -> ISO_LOCAL_DATE_TIME.format(plain)
                    is OffsetDateTime -> ISO_OFFSET_DATE_TIME.format(plain)
                    is ZonedDateTime -> ISO_ZONED_DATE_TIME.format(plain)
                    else -> plain.toString()
                }
            else -> null
        }
        is PickleGlobal -> "${value.module}.${value.name}"
        else -> null
    }
}

private fun utf8(bytes: ByteArray): String? =
    runCatching { Charsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes)).toString() }.getOrNull()

/** The classes of Kotlin whose properties are items by their places. */
private val PAIRS = setOf("kotlin.Pair", "kotlin.Triple")

/** A timedelta as `str()` of it in Python, which is the text that Rust and Swift have, too: `-1 day, 23:59:59.000001`. */
private fun spanText(known: PickleKnown): String {
    val (days, seconds, micros) = known.values.map { (it as PickleInt).value }
    val before = when (days) {
        0L -> ""
        1L, -1L -> "$days day, "
        else -> "$days days, "
    }
    fun two(number: Long) = number.toString().padStart(2, '0')
    val clock = "${seconds / 3600}:${two(seconds / 60 % 60)}:${two(seconds % 60)}"
    return before + clock + if (micros == 0L) "" else "." + micros.toString().padStart(6, '0')
}

/** A timedelta in seconds: the float next to it, as `total_seconds()` of Python gives it. */
private fun secondsOf(known: PickleKnown): Double {
    val (days, seconds, micros) = known.values.map { (it as PickleInt).value }
    val whole = days * 86_400 + seconds
    // Where a float does not hold all microseconds, they would be rounded twice.
    return if (kotlin.math.abs(whole) < 1L shl 33) (whole * 1_000_000 + micros) / 1e6 else whole + micros / 1e6
}

private class ValueEncoder(
    private val format: PickleFormat,
    private val into: MutableList<PickleValue>,
    private val names: HashMap<String, PickleStr>,
    /** What is written stands in a key. */
    private val isKey: Boolean = false,
    /** Keys and values are written in turn. */
    private val isMap: Boolean = false,
) : AbstractEncoder() {
    override val serializersModule get() = format.serializersModule

    private var end: (() -> Unit)? = null
    private var unsigned = false

    override fun encodeInline(descriptor: SerialDescriptor): Encoder {
        unsigned = descriptor in UNSIGNED
        return this
    }

    private fun int(value: Long, bits: Int) {
        val number = if (unsigned && value < 0) BigInteger.valueOf(value).mod(BigInteger.ONE.shiftLeft(bits)) else BigInteger.valueOf(value)
        unsigned = false
        encodeValue(number)
    }

    override fun encodeByte(value: Byte) = int(value.toLong(), 8)
    override fun encodeShort(value: Short) = int(value.toLong(), 16)
    override fun encodeInt(value: Int) = int(value.toLong(), 32)
    override fun encodeLong(value: Long) = int(value, 64)

    override fun beginStructure(descriptor: SerialDescriptor): CompositeEncoder {
        val kind = descriptor.kind
        // In a key Python takes no list and no dict: a list is a tuple there, an object the tuple of its properties.
        val isKey = isKey || isMap && into.size % 2 == 0
        if (isKey && kind == StructureKind.MAP) throw SerializationException("a map cannot be in a key: Python takes nothing there that can be changed")
        val inner = ArrayList<PickleValue>()
        val encoder = ValueEncoder(format, inner, names, isKey, kind == StructureKind.MAP)
        encoder.end = {
            into += when {
                isKey -> PickleTuple(inner)
                kind == StructureKind.LIST -> PickleList(inner)
                else -> PickleDict(List(inner.size / 2) { inner[2 * it] to inner[2 * it + 1] })
            }
        }
        return encoder
    }

    override fun endStructure(descriptor: SerialDescriptor) = end!!()

    override fun encodeElement(descriptor: SerialDescriptor, index: Int): Boolean {
        // The properties of a class have names, which are the same str in all objects, as in Python.
        if (!isKey && descriptor.kind != StructureKind.LIST && descriptor.kind != StructureKind.MAP) {
            into += descriptor.getElementName(index).let { names.getOrPut(it) { PickleStr(it) } }
        }
        return true
    }

    override fun <T> encodeSerializableValue(serializer: SerializationStrategy<T>, value: T) {
        if (serializer.descriptor == BYTES) into += PickleBytes(value as ByteArray) else super.encodeSerializableValue(serializer, value)
    }

    override fun encodeValue(value: Any) {
        into += try {
            value.toPickle()
        } catch (error: PickleException) {
            throw SerializationException(error.message, error)
        }
    }

    override fun encodeNull() {
        into += PickleNone
    }

    override fun encodeEnum(enumDescriptor: SerialDescriptor, index: Int) = encodeValue(enumDescriptor.getElementName(index))
}
