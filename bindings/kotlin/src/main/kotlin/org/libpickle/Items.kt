@file:JvmName("PickleStreams")

package org.libpickle

import java.io.IOException
import java.io.InputStream
import java.nio.file.Files
import java.nio.file.Path
import java.util.Spliterator
import java.util.Spliterators
import java.util.concurrent.locks.ReentrantLock
import java.util.stream.Stream
import java.util.stream.StreamSupport
import kotlin.concurrent.withLock

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

        /** The state of an object, if it is not a dict. */
        STATE,
    }

    override fun toString() = if (key == null) "$value" else "$key: $value"
}

/**
 * Reads a container item by item out of a stream that is fed in pieces: of the outermost container, or of the one at a
 * `path` such as `$.rows`. Memory does not grow with the stream. Calls from several threads take turns.
 *
 * A pickle of up to `minNodes` values is read as a whole. After [close] every call throws a [PickleException] of kind
 * [ErrorKind.CLOSED]; closing twice is fine.
 *
 * @throws PickleException of kind BAD_PATH: the path cannot be read
 */
class ItemReader @JvmOverloads @Throws(PickleException::class) constructor(
    path: String = "$",
    options: ReadOptions = ReadOptions.DEFAULT,
    minNodes: Int = MIN_NODES,
) : AutoCloseable {
    private val native = NativeReader { Native.items(path.toByteArray(), options.numbers, minNodes, it) }

    /** The pickle is over. */
    @Volatile
    var done = false
        private set

    /** The input that was taken has more items: [feed] gives them before it takes more. */
    @Volatile
    var pending = false
        private set

    /**
     * Takes a piece of input and adds the items that it completes to [into]. Returns how many bytes of it were used:
     * fewer than all where items are [pending] or the pickle is [done]. Until neither is so, call it again with the rest,
     * also where nothing is left.
     *
     * @throws PickleException also of kind PATH_MISSING: the pickle is over, and has nothing at the path
     */
    @Throws(PickleException::class)
    fun feed(data: ByteArray, offset: Int, length: Int, into: MutableCollection<PickleItem>): Int {
        require(offset >= 0 && length >= 0 && length <= data.size - offset) { "the range is not in the array" }
        var used = 0
        val batch = native.call { reader, out ->
            pending = false
            Native.feedItems(reader, data, offset, length, out).also {
                used = out[1].toInt()
                pending = out[0] == 0L && out[2] == 1L
                done = out[0] == 0L && out[2] == 2L
            }
        }
        readItems(batch, into)
        return used
    }

    /** Ends the input; throws if the pickle is not complete. */
    @Throws(PickleException::class)
    fun finish() {
        native.call { reader, out -> Native.finish(reader, out) }
    }

    /** Goes on to the pickle that follows. */
    @Throws(PickleException::class)
    fun nextPickle() {
        native.call { reader, out ->
            Native.nextPickle(reader, 0, out)
            done = false
            pending = false
        }
    }

    /** Bytes of the stream that were used. */
    val offset: Long get() = native.call { reader, out ->
        Native.offset(reader, out)
        out[1]
    }

    /**
     * Where the first call stands, in what was read so far of the stream, that is made for what it does to a value, because
     * the pickle drops its result: the offset of the POP. cloudpickle and dill set so what is in functions, classes and
     * cells, which no item shows. null where there is none.
     */
    val droppedCall: Long? get() = native.droppedCall

    override fun close() = native.close()

    companion object {
        /** Minimum nodes buffered before streaming starts, by default. */
        const val MIN_NODES = 4096
        internal const val PIECE = 64 * 1024
    }
}

/** The items of a batch, as the library gives them. */
private fun readItems(batch: ByteArray, into: MutableCollection<PickleItem>) {
    val from = Cursor(batch)
    val flat = Flat(batch)
    fun part(): PickleValue {
        val size = from.int()
        return flat.read(from.at).also { from.at += size }
    }
    while (from.at < batch.size) {
        val role = PickleItem.Role.entries[batch[from.at++].toInt()]
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
 * A pickle of up to [minNodes] values is read as a whole. Calls from several threads take turns. After [close] every call
 * throws a [PickleException] of kind [ErrorKind.CLOSED]; closing twice is fine.
 *
 * @throws IOException the file cannot be opened
 * @throws PickleException of kind BAD_PATH: the path cannot be read
 */
class FileItems @JvmOverloads @Throws(PickleException::class, IOException::class) constructor(
    file: Path,
    path: String = "$",
    options: ReadOptions = ReadOptions.DEFAULT,
    minNodes: Int = ItemReader.MIN_NODES,
) : Iterator<PickleItem>, AutoCloseable {
    private val native = try {
        NativeReader { Native.open(file.toString().toByteArray(), path.toByteArray(), options.numbers, minNodes, it) }
    } catch (e: PickleException) {
        // Whoever has no such file gets Java's own exception.
        if (e.kind == ErrorKind.INPUT_OUTPUT) Files.newInputStream(file).close()
        throw e
    }
    private val lock = ReentrantLock()
    private val found = ArrayDeque<PickleItem>()
    private var closed = false

    /** False after the last item. */
    override fun hasNext(): Boolean = lock.withLock {
        if (closed) throw PickleException(ErrorKind.CLOSED, 0, "this reader was closed")
        if (found.isEmpty()) native.call { reader, out -> Native.nextBatch(reader, out) }?.let { readItems(it, found) }
        found.isNotEmpty()
    }

    /** The next item. */
    override fun next(): PickleItem = lock.withLock {
        if (!hasNext()) throw NoSuchElementException("there are no more items")
        found.removeFirst()
    }

    /** As [ItemReader.droppedCall], in what was read so far: after the last item, in the whole file. */
    val droppedCall: Long? get() = native.droppedCall

    override fun close() = lock.withLock {
        closed = true
        native.close()
    }
}

/**
 * Items, one at a time. They can be walked once. The file or stream behind them is closed after the last item,
 * after an error, and on [close], for a caller that stops before.
 */
class PickleItems internal constructor(private val open: () -> FileItems) : Sequence<PickleItem>, AutoCloseable {
    private val lock = ReentrantLock()
    private var begun = false
    private var reader: FileItems? = null
    private var dropped: Long? = null

    /** As [FileItems.droppedCall]; it stays when the file is closed. */
    val droppedCall: Long? get() = lock.withLock { runCatching { reader?.droppedCall }.getOrNull() ?: dropped }

    override fun iterator(): Iterator<PickleItem> = lock.withLock {
        check(!begun) { "the items can be walked once" }
        begun = true
        val reader = open().also { reader = it }
        object : Iterator<PickleItem> {
            private var over = false

            override fun hasNext(): Boolean {
                if (over) return false
                val any = try {
                    reader.hasNext()
                } catch (e: PickleException) {
                    close()
                    throw e
                }
                if (!any) {
                    over = true
                    close()
                }
                return any
            }

            override fun next(): PickleItem {
                if (!hasNext()) throw NoSuchElementException("there are no more items")
                return reader.next()
            }
        }
    }

    /** The same as a stream of Java. Closing that closes the file. */
    fun stream(): Stream<PickleItem> =
        StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), Spliterator.ORDERED or Spliterator.NONNULL), false).onClose { close() }

    override fun close() = lock.withLock {
        begun = true
        reader?.let {
            dropped = runCatching { it.droppedCall }.getOrNull() ?: dropped
            it.close()
        } ?: Unit
    }
}

/**
 * The items of the outermost container of every pickle in this file, or of the container at a [path] such as `$.rows`,
 * one at a time: memory holds some of them, whatever the size of the file. See [FileItems].
 */
@JvmOverloads
fun Path.items(path: String = "$", options: ReadOptions = ReadOptions.DEFAULT): PickleItems =
    PickleItems { FileItems(this, path, options) }

/**
 * The items of the outermost container of every pickle in a stream, or of the container at a [path] such as `$.rows`,
 * one at a time: memory holds some of them, whatever the size of the stream.
 *
 * The sequence can be walked once. The stream is not closed.
 */
@JvmOverloads
fun InputStream.items(path: String = "$", options: ReadOptions = ReadOptions.DEFAULT): Sequence<PickleItem> = sequence {
    ItemReader(path, options).use { reader ->
        val piece = ByteArray(ItemReader.PIECE)
        val found = ArrayList<PickleItem>()
        var from = 0
        var to = 0
        var begun = false
        while (true) {
            if (from == to && !reader.pending) {
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
