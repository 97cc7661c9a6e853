package org.libpickle

import com.sun.jna.Memory
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption
import java.util.UUID
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.libpickle.ffi.Encoding
import org.libpickle.ffi.ErrorKind
import org.libpickle.ffi.Info
import org.libpickle.ffi.ReadOptions
import org.libpickle.ffi.Status
import org.libpickle.ffi.Unpickler as NativeUnpickler

/** The defaults: Python 2 strs stay what they are, at most 1000 levels. */
fun readOptions(
    encoding: Encoding = Encoding.KEEP,
    maxBytes: Long? = null,
    maxOpcodes: Long? = null,
    maxDepth: kotlin.Int = 1000,
    buffers: kotlin.Int? = null,
): ReadOptions {
    require(maxDepth >= 0 && (maxBytes ?: 0) >= 0 && (maxOpcodes ?: 0) >= 0 && (buffers ?: 0) >= 0) { "a limit is negative" }
    return ReadOptions(encoding, maxBytes?.toULong(), maxOpcodes?.toULong(), maxDepth.toUInt(), buffers?.toUInt())
}

/** Reads and writes Python's pickles. Nothing is ever imported, called or executed. All functions may be used from any thread. */
object Pickle {
    /** The version of the native library. */
    val version: String get() = org.libpickle.ffi.version()

    /**
     * Reads the pickle at the start of [data]; what follows it is not looked at.
     *
     * @throws PickleException what is wrong with it, or the limit that was reached
     */
    @JvmStatic
    @JvmOverloads
    fun loads(data: ByteArray, options: ReadOptions = readOptions()): PickleValue =
        direct(data) { loads(it, options) }

    /** The same of a direct buffer, from its position to its limit; it is read where it is. */
    @JvmStatic
    @JvmOverloads
    fun loads(data: ByteBuffer, options: ReadOptions = readOptions()): PickleValue =
        Flat(calling { org.libpickle.ffi.loads(data.slice(), options) }).read()

    /** The same of a file of up to 2 GiB, which is mapped into memory. */
    @JvmStatic
    @JvmOverloads
    fun load(path: Path, options: ReadOptions = readOptions()): PickleValue =
        FileChannel.open(path).use { loads(it.map(FileChannel.MapMode.READ_ONLY, 0, it.size()), options) }

    /**
     * Writes a value as CPython 3.12 would, with [protocol] 0 to 5. Sharing, cycles and classes stay.
     *
     * @throws PickleException of kind BAD_VALUE: the value holds what no pickle of this protocol can
     */
    @JvmStatic
    @JvmOverloads
    fun dumps(value: PickleValue, protocol: kotlin.Int = DEFAULT_PROTOCOL): ByteArray {
        require(protocol in 0..5) { "protocols are 0 to 5, not $protocol" }
        return direct(FlatWriter().write(value)) { calling { org.libpickle.ffi.dumps(it, protocol.toUByte()) } }
    }

    /** The same into a file: under a name of its own first, so that nobody ever sees half of it. */
    @JvmStatic
    @JvmOverloads
    fun dump(value: PickleValue, path: Path, protocol: kotlin.Int = DEFAULT_PROTOCOL) {
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
    fun info(data: ByteArray, options: ReadOptions = readOptions()): Info =
        direct(data) { calling { org.libpickle.ffi.info(it, options) } }

    /** The protocol of Python 3.8 to 3.13. */
    const val DEFAULT_PROTOCOL = 4
}

/** Gives a call the bytes where the library can see them: JNA has no way into arrays. */
internal inline fun <T> direct(data: ByteArray, call: (ByteBuffer) -> T): T =
    if (data.isEmpty()) call(ByteBuffer.allocateDirect(0))
    else Memory(data.size.toLong()).use { memory ->
        memory.write(0, data, 0, data.size)
        call(memory.getByteBuffer(0, data.size.toLong()))
    }

/**
 * Reads pickles out of a stream that is fed in pieces. Calls from several threads take turns.
 *
 * After [close] every call throws a [PickleException] of kind [ErrorKind.CLOSED]; closing twice is fine.
 */
class Unpickler(options: ReadOptions = readOptions()) : AutoCloseable {
    private val lock = ReentrantLock()
    private val buffer: ByteBuffer = ByteBuffer.allocateDirect(PIECE)
    private var native: NativeUnpickler? = NativeUnpickler(options)

    private inline fun <T> open(call: (NativeUnpickler) -> T): T = lock.withLock {
        val native = native ?: throw PickleException(ErrorKind.CLOSED, 0, "this reader was closed")
        calling { call(native) }
    }

    /**
     * Takes a piece of input. Returns how many bytes of it were used: fewer than all only when the pickle is [done].
     */
    fun feed(data: ByteArray, offset: kotlin.Int = 0, length: kotlin.Int = data.size - offset): kotlin.Int = open { native ->
        var used = 0
        while (used < length && !done) {
            buffer.clear()
            buffer.put(data, offset + used, minOf(PIECE, length - used))
            buffer.flip()
            val fed = native.feed(buffer.slice())
            used += fed.consumed.toInt()
            done = fed.status == Status.DONE
        }
        used
    }

    /** The pickle is over: [value] has it. */
    var done = false
        private set

    /** Says that no input follows; throws where the pickle is not complete. */
    fun finish() = open { it.finish() }

    /** What was read. */
    fun value(): PickleValue = Flat(open { it.document() }).read()

    /** Goes on to the pickle that follows; with [keepMemo] it can refer to what the one before put into the memo. */
    fun nextPickle(keepMemo: Boolean = false) = open {
        it.nextPickle(keepMemo)
        done = false
    }

    /** Bytes of the stream that were used. */
    val offset: Long get() = open { it.offset().toLong() }

    override fun close() = lock.withLock {
        native?.close()
        native = null
    }

    private companion object {
        const val PIECE = 64 * 1024
    }
}

/**
 * The pickles that lie one after another in a stream, read as they are asked for: memory holds one at a time.
 *
 * The sequence can be walked once. The stream is not closed.
 */
fun InputStream.pickles(options: ReadOptions = readOptions()): Sequence<PickleValue> = sequence {
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
