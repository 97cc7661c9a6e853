package org.libpickle

/** What becomes of Python 2 strs: the `encoding` of `pickle.load`. */
enum class Encoding {
    /** They stay Python 2 strings, distinct from str and bytes. */
    KEEP,

    /** They become bytes. */
    BYTES,

    /** They become strs; anything but ASCII is an error. */
    ASCII,

    /** They become strs, a code point a byte. */
    LATIN1,

    /** They become strs. */
    UTF8,
}

/**
 * Options for reading.
 *
 * @property encoding what becomes of Python 2 strs
 * @property maxBytes bytes that the values of one pickle may take in each of the reader's memory regions
 * @property maxOpcodes opcodes that one pickle may have
 * @property maxDepth levels that values may nest
 * @property buffers how many out-of-band buffers the caller has; without, as many as the pickle asks for
 */
class ReadOptions @JvmOverloads constructor(
    val encoding: Encoding = Encoding.KEEP,
    val maxBytes: Long? = null,
    val maxOpcodes: Long? = null,
    val maxDepth: Int = 1000,
    val buffers: Int? = null,
) {
    init {
        require(maxDepth >= 0 && (maxBytes ?: 0) >= 0 && (maxOpcodes ?: 0) >= 0 && (buffers ?: 0) >= 0) { "a limit is negative" }
    }

    /** These with another encoding. */
    fun withEncoding(encoding: Encoding) = ReadOptions(encoding, maxBytes, maxOpcodes, maxDepth, buffers)

    /** These with another limit on memory. */
    fun withMaxBytes(maxBytes: Long?) = ReadOptions(encoding, maxBytes, maxOpcodes, maxDepth, buffers)

    /** These with another limit on opcodes. */
    fun withMaxOpcodes(maxOpcodes: Long?) = ReadOptions(encoding, maxBytes, maxOpcodes, maxDepth, buffers)

    /** These with another limit on depth. */
    fun withMaxDepth(maxDepth: Int) = ReadOptions(encoding, maxBytes, maxOpcodes, maxDepth, buffers)

    /** These with another number of buffers. */
    fun withBuffers(buffers: Int?) = ReadOptions(encoding, maxBytes, maxOpcodes, maxDepth, buffers)

    /** As the library takes them. */
    internal val numbers =
        longArrayOf(encoding.ordinal.toLong(), maxBytes ?: -1, maxOpcodes ?: -1, maxDepth.toLong(), buffers?.toLong() ?: -1)

    companion object {
        /** Python 2 strs stay what they are; values nest at most 1000 levels. */
        @JvmField
        val DEFAULT = ReadOptions()
    }
}
