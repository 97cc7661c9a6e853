package org.libpickle

import java.lang.ref.PhantomReference
import java.lang.ref.ReferenceQueue
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.util.Collections
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/**
 * The library's functions, as `bindings/uniffi/src/jni.rs` exports them. The last argument of each takes what became of
 * the call: 1 + the number of the [ErrorKind] where it failed, and two numbers.
 */
internal object Native {
    init {
        load()
        val out = LongArray(3)
        version(out)
        check(out[1] == Flat.VERSION.toLong()) { "the native library is of another version than these classes" }
    }

    @JvmStatic external fun version(out: LongArray): ByteArray
    @JvmStatic external fun loads(data: ByteArray, from: Int, length: Int, options: LongArray, out: LongArray): ByteArray
    @JvmStatic external fun loadsDirect(data: ByteBuffer, from: Int, length: Int, options: LongArray, out: LongArray): ByteArray
    @JvmStatic external fun findIn(data: ByteArray, path: ByteArray, all: Int, options: LongArray, out: LongArray): ByteArray
    @JvmStatic external fun find(flat: ByteArray, length: Int, path: ByteArray, all: Int, out: LongArray): ByteArray
    @JvmStatic external fun tableIn(data: ByteArray, path: ByteArray, options: LongArray, out: LongArray): ByteArray
    @JvmStatic external fun tableDirect(data: ByteBuffer, from: Int, length: Int, path: ByteArray, options: LongArray, out: LongArray): ByteArray
    @JvmStatic external fun tableOf(flat: ByteArray, length: Int, path: ByteArray, maxDepth: Int, maxBytes: Long, out: LongArray): ByteArray
    @JvmStatic external fun dumps(flat: ByteArray, length: Int, protocol: Int, out: LongArray): ByteArray
    @JvmStatic external fun info(data: ByteArray, options: LongArray, out: LongArray): ByteArray
    @JvmStatic external fun unpickler(options: LongArray, out: LongArray): ByteArray?
    @JvmStatic external fun feed(reader: Long, data: ByteArray, from: Int, length: Int, out: LongArray): ByteArray?
    @JvmStatic external fun finish(reader: Long, out: LongArray): ByteArray?
    @JvmStatic external fun document(reader: Long, out: LongArray): ByteArray
    @JvmStatic external fun nextPickle(reader: Long, keepMemo: Int, out: LongArray): ByteArray?
    @JvmStatic external fun offset(reader: Long, out: LongArray): ByteArray?
    @JvmStatic external fun droppedCall(reader: Long, out: LongArray): ByteArray?
    @JvmStatic external fun items(path: ByteArray, options: LongArray, minNodes: Int, out: LongArray): ByteArray?
    @JvmStatic external fun feedItems(reader: Long, data: ByteArray, from: Int, length: Int, out: LongArray): ByteArray
    @JvmStatic external fun open(file: ByteArray, path: ByteArray, options: LongArray, minNodes: Int, out: LongArray): ByteArray?
    @JvmStatic external fun nextBatch(reader: Long, out: LongArray): ByteArray?
    @JvmStatic external fun scan(data: ByteArray, allow: ByteArray, policy: ByteArray?, out: LongArray): ByteArray
    @JvmStatic external fun scanner(allow: ByteArray, policy: ByteArray?, out: LongArray): ByteArray?
    @JvmStatic external fun feedScanner(scanner: Long, data: ByteArray, from: Int, length: Int, out: LongArray): ByteArray?
    @JvmStatic external fun finishScanner(scanner: Long, out: LongArray): ByteArray
    @JvmStatic external fun free(reader: Long)

    /**
     * Android has the library in the APK. Elsewhere it is in the jar and must be unpacked to a file. The system property
     * `libpickle.library` names another file.
     */
    private fun load() {
        System.getProperty("libpickle.library")?.let { return System.load(it) }
        val system = System.getProperty("os.name").lowercase()
        val (os, name) = when {
            "win" in system && "darwin" !in system -> "windows" to "pickle_uniffi.dll"
            "mac" in system || "darwin" in system -> "macos" to "libpickle_uniffi.dylib"
            else -> "linux" to "libpickle_uniffi.so"
        }
        val arch = when (val arch = System.getProperty("os.arch").lowercase()) {
            "amd64", "x86-64", "x64" -> "x86_64"
            "arm64" -> "aarch64"
            else -> arch
        }
        val resource = Native::class.java.getResourceAsStream("/org/libpickle/native/$os-$arch/$name")
            ?: return System.loadLibrary("pickle_uniffi")
        val file = Files.createTempFile("libpickle", name)
        resource.use { Files.copy(it, file, StandardCopyOption.REPLACE_EXISTING) }
        System.load(file.toString())
        // Where open files can be removed, it is gone at once, however the program ends.
        if (!runCatching { Files.deleteIfExists(file) }.getOrDefault(false)) file.toFile().deleteOnExit()
    }
}

/** Does a call; what went wrong becomes an exception. */
internal inline fun <T> calling(out: LongArray, call: () -> T): T {
    val result = call()
    if (out[0] != 0L) throw PickleException(ErrorKind.entries[out[0].toInt() - 1], out[1], String(result as ByteArray))
    return result
}

/** Where the first dropped call stands of what a reader of items has read so far; null where there is none. */
internal val NativeReader.droppedCall: Long?
    get() = call { reader, out ->
        Native.droppedCall(reader, out)
        out[1].takeIf { it >= 0 }
    }

/**
 * A reader of the library's. Calls take turns. Where it is not closed, the library's part goes when the garbage collector
 * has found this, and another reader is made.
 */
internal class NativeReader(make: (LongArray) -> ByteArray?) : AutoCloseable {
    private val out = LongArray(3)
    private val owned: Owned

    init {
        Owned.collect()
        calling(out) { make(out) }
        owned = Owned(this, out[1])
    }

    /** A call with the address of the reader and the place for the outcome. This stays alive while it runs. */
    inline fun <T> call(call: (Long, LongArray) -> T): T = synchronized(this) {
        val address = owned.address.get()
        if (address == 0L) throw PickleException(ErrorKind.CLOSED, 0, "this reader was closed")
        calling(out) { call(address, out) }
    }

    override fun close() = synchronized(this) { owned.free() }

    internal class Owned(reader: NativeReader, address: Long) : PhantomReference<NativeReader>(reader, queue) {
        val address = AtomicLong(address)

        init {
            all.add(this)
        }

        fun free() {
            val address = address.getAndSet(0)
            if (address != 0L) Native.free(address)
            all.remove(this)
        }

        companion object {
            private val queue = ReferenceQueue<NativeReader>()
            private val all: MutableSet<Owned> = Collections.newSetFromMap(ConcurrentHashMap())

            fun collect() {
                while (true) (queue.poll() as Owned? ?: return).free()
            }
        }
    }
}
