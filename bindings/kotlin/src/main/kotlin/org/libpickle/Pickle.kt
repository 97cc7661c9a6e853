@file:JvmName("Pickles")

package org.libpickle

import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption
import java.util.UUID

/** Reads and writes Python's pickles. Nothing is ever imported, called or executed. All functions may be used from any thread. */
object Pickle {
    /** The version of the native library. */
    @JvmStatic
    val version: String get() = String(Native.version(LongArray(3)))

    /**
     * Reads the pickle at the start of [data]; what follows it is not looked at.
     *
     * @throws PickleException what is wrong with it, or the limit that was reached
     */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun loads(data: ByteArray, options: ReadOptions = ReadOptions.DEFAULT): PickleValue {
        val out = LongArray(3)
        return Flat(calling(out) { Native.loads(data, 0, data.size, options.numbers, out) }).read()
    }

    /** The same of a buffer, from its position to its limit. A direct one is read where it is. */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun loads(data: ByteBuffer, options: ReadOptions = ReadOptions.DEFAULT): PickleValue {
        if (!data.isDirect) return loads(ByteArray(data.remaining()).also { data.duplicate().get(it) }, options)
        val out = LongArray(3)
        return Flat(calling(out) { Native.loadsDirect(data, data.position(), data.remaining(), options.numbers, out) }).read()
    }

    /**
     * The same of a file of up to 2 GiB, which is mapped into memory.
     *
     * @throws IOException the file cannot be read
     */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class, IOException::class)
    fun load(path: Path, options: ReadOptions = ReadOptions.DEFAULT): PickleValue =
        FileChannel.open(path).use {
            if (it.size() > Int.MAX_VALUE) {
                throw PickleException(ErrorKind.SIZE_LIMIT, 0, "the file has more than 2 GiB: read its items one by one")
            }
            loads(it.map(FileChannel.MapMode.READ_ONLY, 0, it.size()), options)
        }

    /**
     * The value at a [path] such as `$.rows[3].temp` of the pickle at the start of [data], the first one where the path
     * leads to several; see [PickleValue.at]. Nothing else becomes a value of Kotlin.
     *
     * @throws PickleException also of kind BAD_PATH: the path cannot be read; PATH_MISSING: no value is there
     */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun at(data: ByteArray, path: String, options: ReadOptions = ReadOptions.DEFAULT): PickleValue =
        Paths.of(data, path, false, options).first()

    /** All values at a path of a pickle, in its order; otherwise as [at]. */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun findAll(data: ByteArray, path: String, options: ReadOptions = ReadOptions.DEFAULT): List<PickleValue> =
        Paths.of(data, path, true, options)

    /**
     * Writes a value as CPython 3.12 would, with [protocol] 0 to 5. Sharing, cycles and classes stay.
     *
     * @throws PickleException of kind BAD_VALUE: the value holds what no pickle of this protocol can
     */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun dumps(value: PickleValue, protocol: Int = DEFAULT_PROTOCOL): ByteArray {
        require(protocol in 0..5) { "protocols are 0 to 5, not $protocol" }
        val out = LongArray(3)
        return FlatWriter().write(value) { flat, size -> calling(out) { Native.dumps(flat, size, protocol, out) } }
    }

    /** The same into a file, atomically: written to a temporary file that is then renamed. */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class, IOException::class)
    fun dump(value: PickleValue, path: Path, protocol: Int = DEFAULT_PROTOCOL) {
        val pickle = dumps(value, protocol)
        val temporary = path.resolveSibling(".${path.fileName}.${UUID.randomUUID()}.part")
        try {
            Files.write(temporary, pickle, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
            Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING)
        } finally {
            Files.deleteIfExists(temporary)
        }
    }

    /**
     * What a pickle names and would call in Python, without its values.
     *
     * @throws PickleException what is wrong with it, or the limit that was reached
     */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun info(data: ByteArray, options: ReadOptions = ReadOptions.DEFAULT): PickleInfo {
        val out = LongArray(3)
        return PickleInfo.read(calling(out) { Native.info(data, options.numbers, out) })
    }

    /**
     * What loading the pickles in [data] would do, in every reading that CPython has of them; what is wrong with them is in
     * the report. [allow] names globals that are harmless: `MODULE.NAME`, `MODULE:NAME` where the name has dots,
     * `MODULE.*`, `ext:CODE`.
     *
     * @throws PickleException a name in [allow] is written otherwise
     */
    @JvmStatic
    @JvmOverloads
    @Throws(PickleException::class)
    fun scan(data: ByteArray, allow: Collection<String> = emptyList()): ScanReport {
        val out = LongArray(3)
        return ScanReport.read(calling(out) { Native.scan(data, ScanReport.names(allow), null, out) })
    }

    /**
     * The same by a [policy] that `pickle policy compile` wrote.
     *
     * @throws PickleException [policy] is none
     */
    @JvmStatic
    @Throws(PickleException::class)
    fun scan(data: ByteArray, policy: ByteArray): ScanReport {
        val out = LongArray(3)
        return ScanReport.read(calling(out) { Native.scan(data, ByteArray(0), policy, out) })
    }

    /** The protocol of Python 3.8 to 3.13. */
    const val DEFAULT_PROTOCOL = 4
}

/**
 * Reads pickles out of a stream that is fed in pieces. Calls from several threads take turns.
 *
 * After [close] every call throws a [PickleException] of kind [ErrorKind.CLOSED]; closing twice is fine.
 */
class Unpickler @JvmOverloads constructor(options: ReadOptions = ReadOptions.DEFAULT) : AutoCloseable {
    private val native = NativeReader { Native.unpickler(options.numbers, it) }

    /**
     * Takes a piece of input. Returns how many bytes of it were used: fewer than all only when the pickle is [done].
     */
    @JvmOverloads
    @Throws(PickleException::class)
    fun feed(data: ByteArray, offset: Int = 0, length: Int = data.size - offset): Int {
        require(offset >= 0 && length >= 0 && length <= data.size - offset) { "the range is not in the array" }
        return native.call { reader, out ->
            var used = 0
            do {
                // What follows a small pickle need not be copied.
                val piece = minOf(if (used == 0) SMALL_PIECE else PIECE, length - used)
                val message = Native.feed(reader, data, offset + used, piece, out)
                if (out[0] != 0L) return@call calling(out) { message }.let { used }
                used += out[1].toInt()
                done = out[2] != 0L
            } while (used < length && !done)
            used
        }
    }

    /** The pickle is over: [value] has it. */
    @Volatile
    var done = false
        private set

    /** Ends the input; throws if the pickle is not complete. */
    @Throws(PickleException::class)
    fun finish() {
        native.call { reader, out -> Native.finish(reader, out) }
    }

    /** What was read. */
    @Throws(PickleException::class)
    fun value(): PickleValue = Flat(native.call { reader, out -> Native.document(reader, out) }).read()

    /** Goes on to the pickle that follows; with [keepMemo] it can refer to what the one before put into the memo. */
    @JvmOverloads
    @Throws(PickleException::class)
    fun nextPickle(keepMemo: Boolean = false) {
        native.call { reader, out ->
            Native.nextPickle(reader, if (keepMemo) 1 else 0, out)
            done = false
        }
    }

    /** Bytes of the stream that were used. */
    val offset: Long get() = native.call { reader, out ->
        Native.offset(reader, out)
        out[1]
    }

    override fun close() = native.close()

    private companion object {
        const val SMALL_PIECE = 4 * 1024
        const val PIECE = 256 * 1024
    }
}

/**
 * The pickles of a stream, one after another, each read on demand: memory holds one at a time.
 *
 * The sequence can be walked once. The stream is not closed.
 */
@JvmOverloads
fun InputStream.pickles(options: ReadOptions = ReadOptions.DEFAULT): Sequence<PickleValue> = sequence {
    Unpickler(options).use { unpickler ->
        val piece = ByteArray(64 * 1024)
        var from = 0
        var to = 0
        while (true) {
            var any = false
            while (!unpickler.done) {
                if (from == to) {
                    from = 0
                    to = maxOf(read(piece), 0)
                    if (to == 0) {
                        if (!any && unpickler.offset > 0) return@use
                        unpickler.finish()
                    }
                }
                from += unpickler.feed(piece, from, to - from)
                any = true
            }
            yield(unpickler.value())
            unpickler.nextPickle()
        }
    }
}.constrainOnce()
