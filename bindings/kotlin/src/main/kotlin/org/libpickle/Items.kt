package org.libpickle

import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.libpickle.ffi.ErrorKind
import org.libpickle.ffi.FileItems as NativeFile
import org.libpickle.ffi.ItemStatus
import org.libpickle.ffi.ReadOptions
import org.libpickle.ffi.ItemReader as NativeReader

/**
 * One item of a container.
 *
 * @property role what it is to its container
 * @property key the key of an entry, the name of an attribute
 */
class PickleItem internal constructor(val role: Role, val key: PickleValue?, val value: PickleValue) {
    /** What an item is to its container. */
    enum class Role {
        /** An item of a list, tuple or set, or what was appended or added to an object. */
        ITEM,

        /** A key and a value of a dict, or what was set in an object. */
        ENTRY,

        /** A name and a value of an object's state. */
        ATTRIBUTE,

        /** The state of an object that is no dict. */
        STATE,
    }

    override fun toString() = if (key == null) "$value" else "$key: $value"
}

/**
 * Reads a container item by item out of a stream that is fed in pieces: of the outermost container, or of the one at a
 * [path] such as `$.rows`. Memory does not grow with the stream. Calls from several threads take turns.
 *
 * A pickle of up to [hold] values is read as a whole. After [close] every call throws a [PickleException] of kind
 * [ErrorKind.CLOSED]; closing twice is fine.
 */
class ItemReader(path: String = "$", options: ReadOptions = readOptions(), hold: kotlin.Int = HOLD) : AutoCloseable {
    private val lock = ReentrantLock()
    private val buffer: ByteBuffer = ByteBuffer.allocateDirect(PIECE)
    private var native: NativeReader? = NativeReader(path, options, hold.toUInt())

    private inline fun <T> open(call: (NativeReader) -> T): T = lock.withLock {
        val native = native ?: throw PickleException(ErrorKind.CLOSED, 0, "this reader was closed")
        calling { call(native) }
    }

    /** The pickle is over. */
    @Volatile
    var done = false
        private set

    /**
     * Takes a piece of input of at most 64 KiB and adds the items that it completes to [into]. Returns how many bytes
     * of it were used: where those are fewer than all and the pickle is not [done], there is more to be had.
     */
    fun feed(data: ByteArray, offset: kotlin.Int, length: kotlin.Int, into: MutableCollection<PickleItem>): kotlin.Int {
        val batch = open { native ->
            buffer.clear()
            buffer.put(data, offset, minOf(PIECE, length))
            buffer.flip()
            native.feed(buffer.slice()).also { done = it.status == ItemStatus.DONE }
        }
        readItems(batch.items, into)
        return batch.consumed.toInt()
    }

    /** Says that no input follows; throws where the pickle is not complete. */
    fun finish() = open { it.finish() }

    /** Goes on to the pickle that follows. */
    fun nextPickle() = open {
        it.nextPickle()
        done = false
    }

    /** Bytes of the stream that were used. */
    val offset: Long get() = open { it.offset().toLong() }

    override fun close() = lock.withLock {
        native?.close()
        native = null
    }

    companion object {
        /** Values up to which a pickle is read as a whole. */
        const val HOLD = 4096
        internal const val PIECE = 64 * 1024
    }
}

/** The items of a batch, as the library gives them. */
private fun readItems(batch: ByteArray, into: MutableCollection<PickleItem>) {
    var at = 0
    fun part(): PickleValue {
        var size = 0
        var shift = 0
        do {
            val byte = batch[at++].toInt()
            size = size or (byte and 0x7f shl shift)
            shift += 7
        } while (byte < 0)
        return Flat(batch, at).read().also { at += size }
    }
    while (at < batch.size) {
        val role = PickleItem.Role.entries[batch[at++].toInt()]
        val key = if (role == PickleItem.Role.ENTRY || role == PickleItem.Role.ATTRIBUTE) part() else null
        into.add(PickleItem(role, key, part()))
    }
}

/**
 * Reads containers item by item out of a [file]: of the outermost container of every pickle, or of the one at a [path].
 *
 * The file is read twice: a first pass finds what later items share with earlier ones, and nothing else is kept. An
 * [ItemReader] has to guess, and throws kind [ErrorKind.MEMO_DROPPED] where something was shared long ago.
 *
 * A pickle of up to [hold] values is read as a whole. Calls from several threads take turns. After [close] every call
 * throws a [PickleException] of kind [ErrorKind.CLOSED]; closing twice is fine.
 *
 * @throws java.io.IOException the file cannot be opened
 */
class FileItems(
    file: Path,
    path: String = "$",
    options: ReadOptions = readOptions(),
    hold: kotlin.Int = ItemReader.HOLD,
) : Iterator<PickleItem>, AutoCloseable {
    private val lock = ReentrantLock()
    private var native: NativeFile? = try {
        calling { NativeFile.open(file.toString(), path, options, hold.toUInt()) }
    } catch (e: PickleException) {
        // Whoever has no such file gets Java's own exception.
        Files.newInputStream(file).close()
        throw e
    }
    private val found = ArrayDeque<PickleItem>()

    /** False after the last item. */
    override fun hasNext(): Boolean = lock.withLock {
        val native = native ?: throw PickleException(ErrorKind.CLOSED, 0, "this reader was closed")
        if (found.isEmpty()) calling { native.nextBatch() }?.let { readItems(it, found) }
        found.isNotEmpty()
    }

    /** The next item. */
    override fun next(): PickleItem = lock.withLock {
        if (!hasNext()) throw NoSuchElementException("there are no more items")
        found.removeFirst()
    }

    override fun close() = lock.withLock {
        native?.close()
        native = null
    }
}

/**
 * The items of the outermost container of every pickle in this file, or of the container at a [path] such as `$.rows`,
 * one at a time: memory holds some of them, whatever the size of the file. See [FileItems].
 *
 * The sequence can be walked once.
 */
fun Path.items(path: String = "$", options: ReadOptions = readOptions()): Sequence<PickleItem> = sequence {
    FileItems(this@items, path, options).use { yieldAll(it) }
}.constrainOnce()

/**
 * The items of the outermost container of every pickle in a stream, or of the container at a [path] such as `$.rows`,
 * one at a time: memory holds some of them, whatever the size of the stream.
 *
 * The sequence can be walked once. The stream is not closed.
 */
fun InputStream.items(path: String = "$", options: ReadOptions = readOptions()): Sequence<PickleItem> = sequence {
    ItemReader(path, options).use { reader ->
        val piece = ByteArray(ItemReader.PIECE)
        val found = ArrayList<PickleItem>()
        var from = 0
        var to = 0
        var begun = false
        while (true) {
            if (from == to) {
                from = 0
                to = maxOf(read(piece), 0)
                if (to == 0) {
                    if (!begun && reader.offset > 0) return@use
                    // It throws: the pickle is not over.
                    reader.finish()
                    return@use
                }
            }
            begun = true
            found.clear()
            from += reader.feed(piece, from, to - from, found)
            yieldAll(found)
            if (reader.done) {
                reader.nextPickle()
                begun = false
            }
        }
    }
}.constrainOnce()
