package org.libpickle

import java.math.BigInteger

/**
 * A value of a pickle. Everything that a pickle can say is one of these; `when` over them is complete.
 *
 * Atoms are equal by content. Containers and objects have identity, as in Python: the same object is the same instance,
 * and a pickle may be cyclic, so they are compared by reference.
 */
sealed class PickleValue {
    /**
     * The value at a path such as `$.rows[3].temp`, the very instance that this holds; the first one, where the path leads
     * to several. docs/paths.md has the grammar. Every call looks at the whole of this value: for one of a pickle that was
     * not read yet, [Pickle.at] is faster.
     *
     * @throws PickleException of kind BAD_PATH: the path cannot be read; PATH_MISSING: no value is there, and the message
     * says how far it comes and what is there
     */
    @Throws(PickleException::class)
    fun at(path: String): PickleValue = Paths.of(this, path, false).first()

    /** All values at a path such as `$.rows[*].temp` or `$..temp`, in the order of the pickle; otherwise as [at]. */
    @Throws(PickleException::class)
    fun findAll(path: String): List<PickleValue> = Paths.of(this, path, true)
}

/** Python's None. */
data object PickleNone : PickleValue()

/** True or False. */
data class PickleBool(val value: Boolean) : PickleValue()

/** An int that fits 64 bits. */
data class PickleInt(val value: Long) : PickleValue()

/** An int that does not. */
data class PickleBigInt(val value: BigInteger) : PickleValue()

/** A float; equal by its bits, so that every NaN survives. */
class PickleFloat(val value: Double) : PickleValue() {
    override fun equals(other: Any?) = other is PickleFloat && value.toRawBits() == other.value.toRawBits()
    override fun hashCode() = value.toRawBits().hashCode()
    override fun toString() = "Float(value=$value)"
}

/**
 * A str.
 *
 * @property surrogates the UTF-8 form, lone surrogates as three bytes, of a str that has some: two of
 * them may look like one character in [value]
 */
class PickleStr internal constructor(val value: String, val surrogates: ByteArray?) : PickleValue() {
    constructor(value: String) : this(value, if (hasLoneSurrogates(value)) surrogatePass(value) else null)

    override fun equals(other: Any?) =
        other is PickleStr && value == other.value && surrogates.contentEquals(other.surrogates)
    override fun hashCode() = value.hashCode()
    override fun toString() = "Str(value=$value)"
}

private fun hasLoneSurrogates(text: String): Boolean {
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

/** A str of Python 2: the pickle does not say whether it is bytes or text. */
class PickleStr8(val value: ByteArray) : PickleValue() {
    override fun equals(other: Any?) = other is PickleStr8 && value.contentEquals(other.value)
    override fun hashCode() = value.contentHashCode()
    override fun toString() = "Str8(${value.size} bytes)"
}

/** Immutable bytes. */
class PickleBytes(val value: ByteArray) : PickleValue() {
    override fun equals(other: Any?) = other is PickleBytes && value.contentEquals(other.value)
    override fun hashCode() = value.contentHashCode()
    override fun toString() = "Bytes(${value.size} bytes)"
}

/** A bytearray. */
class PickleByteArray(val value: ByteArray) : PickleValue()

/** What has items. */
sealed class PickleSequence(internal val array: Array<PickleValue?>) : PickleValue() {
    /** The items in the order of the pickle; of sets, duplicates and all. */
    val items: List<PickleValue>
        get() = @Suppress("UNCHECKED_CAST") (array as Array<PickleValue>).asList()
    override fun toString() = "${this::class.simpleName}(${array.size} items)"
}

/** A list. */
class PickleList internal constructor(array: Array<PickleValue?>) : PickleSequence(array) {
    constructor(items: Collection<PickleValue>) : this(items.toTypedArray<PickleValue?>())

    companion object {
        operator fun invoke(vararg items: PickleValue) = PickleList(items.asList())

        /** The same for Java. */
        @JvmStatic
        fun of(vararg items: PickleValue) = PickleList(items.asList())
    }
}

/** A tuple. */
class PickleTuple internal constructor(array: Array<PickleValue?>) : PickleSequence(array) {
    constructor(items: Collection<PickleValue>) : this(items.toTypedArray<PickleValue?>())

    companion object {
        operator fun invoke(vararg items: PickleValue) = PickleTuple(items.asList())

        /** The same for Java. */
        @JvmStatic
        fun of(vararg items: PickleValue) = PickleTuple(items.asList())
    }
}

/** A set. */
class PickleSet internal constructor(array: Array<PickleValue?>) : PickleSequence(array) {
    constructor(items: Collection<PickleValue>) : this(items.toTypedArray<PickleValue?>())

    companion object {
        operator fun invoke(vararg items: PickleValue) = PickleSet(items.asList())

        /** The same for Java. */
        @JvmStatic
        fun of(vararg items: PickleValue) = PickleSet(items.asList())
    }
}

/** A frozenset. */
class PickleFrozenSet internal constructor(array: Array<PickleValue?>) : PickleSequence(array) {
    constructor(items: Collection<PickleValue>) : this(items.toTypedArray<PickleValue?>())

    companion object {
        operator fun invoke(vararg items: PickleValue) = PickleFrozenSet(items.asList())

        /** The same for Java. */
        @JvmStatic
        fun of(vararg items: PickleValue) = PickleFrozenSet(items.asList())
    }
}

/** A dict: its keys and values in the order of the pickle, duplicates and all. */
class PickleDict internal constructor(
    internal val keyArray: Array<PickleValue?>,
    internal val valueArray: Array<PickleValue?>,
) : PickleValue() {
    constructor(entries: Collection<Pair<PickleValue, PickleValue>>) : this(
        entries.map { it.first }.toTypedArray<PickleValue?>(),
        entries.map { it.second }.toTypedArray<PickleValue?>(),
    )

    /** Number of entries, duplicate keys counted. */
    val size: Int get() = keyArray.size

    /** The keys; dicts with the same keys share them. */
    val keys: List<PickleValue>
        get() = @Suppress("UNCHECKED_CAST") (keyArray as Array<PickleValue>).asList()

    /** The values in the order of [keys]. */
    val values: List<PickleValue>
        get() = @Suppress("UNCHECKED_CAST") (valueArray as Array<PickleValue>).asList()

    /** Keys and values. */
    val entries: List<Pair<PickleValue, PickleValue>> get() = keys.zip(values)

    /** The value under a str key; the last of equal ones counts, as in Python. Looks at every key. */
    operator fun get(key: String): PickleValue? {
        for (i in keyArray.indices.reversed()) {
            val here = keyArray[i]
            if (here is PickleStr && here.value == key) return valueArray[i]
        }
        return null
    }

    override fun toString() = "Dict($size entries)"
}

/** A class or function by its name; nothing was imported. */
data class PickleGlobal(val module: String, val name: String) : PickleValue()

/** An extension code of `copyreg`. */
data class PickleExtension(val code: Long) : PickleValue()

/** An out-of-band buffer by its number. */
data class PickleBuffer(val index: Long, val readOnly: Boolean) : PickleValue()

/** A read-only view of a bytearray. */
class PickleReadOnly internal constructor() : PickleValue() {
    constructor(inner: PickleValue) : this() {
        this.inner = inner
    }

    /** What it looks at. */
    lateinit var inner: PickleValue
        internal set
}

/** The object that a persistent id names. */
class PicklePersistent internal constructor() : PickleChangeable() {
    constructor(id: PickleValue) : this() {
        this.id = id
    }

    /** The persistent id. */
    lateinit var id: PickleValue
        internal set
}

/** An object: how it was made and what happened to it. Nothing was called. */
class PickleObject internal constructor(val how: PickleHow) : PickleChangeable() {
    /** An object that Python will make by calling [callable] with [args], and then give its [state], if any. */
    constructor(callable: PickleValue, args: PickleTuple, state: PickleValue? = null, how: PickleHow = PickleHow.REDUCE) : this(how) {
        require(how == PickleHow.REDUCE || how == PickleHow.NEWOBJ) { "made in this way, an object has other parts" }
        this.callable = callable
        this.args = args
        if (state != null) changes = listOf(PickleChange.Build(state))
    }

    /** What made it: a class or function, as a rule. For [PickleHow.CHANGED] the thing itself. */
    lateinit var callable: PickleValue
        internal set

    /** The arguments; a [PickleTuple] in every pickle that Python writes. */
    var args: PickleValue? = null
        internal set

    /** The keyword arguments of [PickleHow.NEWOBJ_EX]. */
    var kwargs: PickleValue? = null
        internal set

    /** Its class or the function that made it, looked up through the helpers of protocols 0 and 1. */
    val type: PickleValue get() = given ?: callable

    internal var given: PickleValue? = null

    /** Module and name of its class or of the function that made it, where it has them. */
    val className: PickleGlobal? get() = type as? PickleGlobal

    /** Its attributes with their names, slots too; null if it has no state, or one that is not attributes. */
    val attributes: List<Pair<PickleValue, PickleValue>>? get() = named ?: (state as? PickleDict)?.entries

    internal var named: List<Pair<PickleValue, PickleValue>>? = null

    /** Why [known] is null, for an object that was read. */
    var unknown: PickleUnknown? = null
        internal set

    override fun toString() = "Object($how, $callable)"
}

/** What can be changed after it was made. */
sealed class PickleChangeable : PickleValue() {
    /** What happened to it, in the order of the pickle. */
    var changes: List<PickleChange> = emptyList()
        internal set

    /** The type that it is known to be. */
    var known: PickleKnown? = null
        internal set

    /** The state of the last BUILD. */
    val state: PickleValue? get() = changes.filterIsInstance<PickleChange.Build>().lastOrNull()?.state
}

/** Which opcode made an object. */
enum class PickleHow { REDUCE, NEWOBJ, NEWOBJ_EX, OBJ, INST, PERSID, CHANGED }

/** One thing that happened to an object. */
sealed class PickleChange {
    /** APPEND, APPENDS. */
    class Append(val items: List<PickleValue>) : PickleChange()

    /** SETITEM, SETITEMS: key, value, key, value, ... */
    class SetItem(val keysAndValues: List<PickleValue>) : PickleChange()

    /** ADDITEMS. */
    class Add(val items: List<PickleValue>) : PickleChange()

    /** BUILD. */
    class Build(val state: PickleValue) : PickleChange()

    /** Bytes between the opcodes (joblib), and where they stand. */
    class Raw(val offset: Long, val bytes: ByteArray) : PickleChange()

    /** A pickle between the opcodes (joblib). */
    class Nested(val root: PickleValue) : PickleChange()
}

/** Why no more is known of an object than how it was made. */
enum class PickleUnknown {
    /** Its class is known, but its parts are not such as that class writes them. */
    PARTS,

    /** It was changed in more ways than one value can show. */
    CHANGES,

    /** Its state is of a kind that only its class understands. */
    STATE,

    /** What makes it is not a class or function with a name. */
    CALLABLE,
}

/**
 * What an object is known to be, and what it holds.
 *
 * @property values the parts, by [kind]: see there
 */
class PickleKnown(val kind: Kind, val values: List<PickleValue>) {
    /** What objects are known to be, in the order of their numbers in the flat form, whose table has their parts. */
    enum class Kind {
        BYTES, BYTEARRAY, SET, FROZENSET, COMPLEX, RANGE, SLICE, DATE, TIME, DATETIME, TIMEDELTA, TIMEZONE, ZONE_INFO,
        DECIMAL, FRACTION, UUID, ORDERED_DICT, DEFAULT_DICT, COUNTER, DEQUE, PATH, DTYPE, ARRAY, SCALAR, DATA_FRAME,
        SERIES, INDEX, TENSOR, SPARSE, PATTERN, IP, MEMBER, PARTIAL, DERIVED, RECORD, FIELDS, LIST, TUPLE, USER_LIST,
        DICT, CHAIN_MAP, USER_DICT, FROZEN_DICT, PROXY, LOCAL_ZONE,
    }

    internal companion object {
        /** Those without parts, one for all. */
        val EMPTY = Kind.entries.map { PickleKnown(it, emptyList()) }
    }
}
