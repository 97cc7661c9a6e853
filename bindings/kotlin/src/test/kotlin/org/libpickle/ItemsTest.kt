package org.libpickle

import java.io.ByteArrayInputStream
import java.io.File
import java.io.InputStream
import java.nio.file.Files
import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ItemsTest {
    private fun plain(stream: InputStream, path: String = "$") =
        stream.items(path).map { item -> item.key?.let { it.toKotlin() to item.value.toKotlin() } ?: item.value.toKotlin() }.toList()

    @Test
    fun `items are those of the whole`() {
        val rows = List(20_000) { mapOf("id" to it.toLong(), "name" to "row $it", "tags" to listOf("a", "b")) }
        for (protocol in 0..5) {
            assertEquals(rows, plain(ByteArrayInputStream(Pickle.dumps(rows.toPickle(), protocol))), "protocol $protocol")
        }
        val pickle = Pickle.dumps(mapOf("n" to 1, "rows" to rows).toPickle())
        assertEquals(rows, plain(ByteArrayInputStream(pickle), "$.rows"))
        val entries = (0 until 20_000L).associateWith { "v$it" }
        assertEquals(entries.toList(), plain(ByteArrayInputStream(Pickle.dumps(entries.toPickle()))))
        // Pickles one after another.
        val two = Pickle.dumps(listOf(1, 2).toPickle()) + Pickle.dumps(listOf(3).toPickle())
        assertEquals(listOf(1L, 2L, 3L), plain(ByteArrayInputStream(two)))
    }

    @Test
    fun `calls that are dropped are told`() {
        // setattr(a list, 1), whose result POP drops; a call whose result stays.
        val dropped = "]q\u0000cbuiltins\nsetattr\nh\u0000K\u0001\u0086R0.".toByteArray(Charsets.ISO_8859_1)
        val kept = "](K\u0001cbuiltins\nsetattr\n)K\u0001\u0086Re.".toByteArray(Charsets.ISO_8859_1)
        assertEquals(27L, Pickle.info(dropped).droppedCall)
        assertEquals(null, Pickle.info(kept).droppedCall)
        val at = kept.size + 27L
        ItemReader().use { reader ->
            assertEquals(null, reader.droppedCall)
            val items = ArrayList<PickleItem>()
            for (pickle in listOf(kept, dropped)) {
                do reader.feed(pickle, 0, pickle.size, items) while (reader.pending)
                assertEquals(if (pickle === kept) null else at, reader.droppedCall)
                reader.nextPickle()
            }
            assertEquals(at, reader.droppedCall)
            assertEquals(2, items.size)
        }
        val items = file(kept + dropped).items()
        assertEquals(2, items.count())
        assertEquals(at, items.droppedCall)
        items.close()
        assertEquals(at, items.droppedCall)
        FileItems(file(kept)).use { reader ->
            while (reader.hasNext()) reader.next()
            assertEquals(null, reader.droppedCall)
        }
    }

    @Test
    fun `a damaged stream fails after its good items`() {
        val pickle = Pickle.dumps(List(20_000) { "row $it" }.toPickle())
        val items = ByteArrayInputStream(pickle.copyOf(pickle.size - 10)).items().iterator()
        var good = 0
        val error = assertThrows(PickleException::class.java) { while (items.hasNext()) { items.next(); good++ } }
        assertTrue(error.kind == ErrorKind.END_OF_INPUT || error.kind == ErrorKind.TRUNCATED, "${error.kind}")
        assertTrue(good >= 19_000, "$good")
    }

    @Test
    fun `a closed reader says so`() {
        val reader = ItemReader()
        reader.close()
        reader.close()
        val error = assertThrows(PickleException::class.java) { reader.feed(ByteArray(1), 0, 1, ArrayList()) }
        assertEquals(ErrorKind.CLOSED, error.kind)
    }

    /** A list in which the last item is an earlier one again, which was given away long before. */
    private val shared = List(20_000) { PickleStr("row $it") }.let { PickleList(it + it[8000]) }

    private fun file(data: ByteArray): Path = Files.createTempFile("items", ".pkl").also {
        it.toFile().deleteOnExit()
        Files.write(it, data)
    }

    @Test
    fun `a file is read twice, so that what is shared is kept`() {
        for (protocol in 0..5) {
            val pickle = Pickle.dumps(shared, protocol)
            val error = assertThrows(PickleException::class.java) { ByteArrayInputStream(pickle).items().count() }
            assertEquals(ErrorKind.MEMO_DROPPED, error.kind)
            // Another pickle follows, whose memo is another.
            val items = file(pickle + pickle).items().map { it.value }.toList()
            assertEquals(shared.items + shared.items, items, "protocol $protocol")
        }
    }

    @Test
    fun `a file that is none or that is damaged fails`() {
        assertThrows(java.io.IOException::class.java) { Path.of("there is no such file").items().count() }
        assertThrows(PickleException::class.java) { file(ByteArray(0)).items().count() }
        val pickle = Pickle.dumps(shared)
        var good = 0
        val error = assertThrows(PickleException::class.java) {
            file(pickle.copyOf(pickle.size - 10)).items().forEach { _ -> good++ }
        }
        assertTrue(error.kind == ErrorKind.END_OF_INPUT || error.kind == ErrorKind.TRUNCATED, "${error.kind}")
        assertTrue(good >= 19_000, "$good")
    }

    @Test
    fun `a file's reader can be left at any time, and may be used by threads`() {
        val path = file(Pickle.dumps(shared))
        repeat(50) { FileItems(path).use { assertEquals("row 0", (it.next().value as PickleStr).value) } }
        val reader = FileItems(path)
        val count = java.util.concurrent.atomic.AtomicInteger()
        val threads = List(4) {
            kotlin.concurrent.thread {
                try {
                    while (true) {
                        reader.next()
                        count.incrementAndGet()
                    }
                } catch (e: NoSuchElementException) {
                    // The end.
                }
            }
        }
        threads.forEach { it.join() }
        assertEquals(20_001, count.get())
        reader.close()
        reader.close()
        assertEquals(ErrorKind.CLOSED, assertThrows(PickleException::class.java) { reader.hasNext() }.kind)
    }

    /** A list of rows, as many bytes as are wanted, that never exists as a whole. */
    private class Rows(private val bytes: Long) : InputStream() {
        private val row = "}(X\u0002\u0000\u0000\u0000idK\u0001X\u0004\u0000\u0000\u0000dataX\u00e8\u0003\u0000\u0000".toByteArray(Charsets.ISO_8859_1) +
            ByteArray(1000) { 'x'.code.toByte() } + "u".toByteArray()
        private val batch = "(".toByteArray() + ByteArray(100 * row.size) { row[it % row.size] } + "e".toByteArray()
        val rows = bytes / batch.size * 100
        private var current: ByteArray = "]".toByteArray()
        private var at = 0
        private var batches = bytes / batch.size

        override fun read(): Int = if (fill()) current[at++].toInt() and 0xff else -1

        override fun read(into: ByteArray, offset: Int, length: Int): Int {
            if (!fill()) return -1
            val count = minOf(length, current.size - at)
            current.copyInto(into, offset, at, at + count)
            at += count
            return count
        }

        private fun fill(): Boolean {
            if (at < current.size) return true
            at = 0
            current = when {
                batches-- > 0 -> batch
                batches == -1L -> ".".toByteArray()
                else -> return false
            }
            return true
        }
    }

    @Test
    fun `a large stream takes a small heap`() {
        // In a JVM of its own, with -Xmx64m.
        val bytes = System.getProperty("items.bytes", "100000000")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val process = ProcessBuilder(java, "-Xmx64m", "-cp", System.getProperty("java.class.path"), "org.libpickle.ItemsTestKt", bytes)
            .redirectErrorStream(true).start()
        val output = process.inputStream.bufferedReader().readText()
        assertEquals(0, process.waitFor(), output)
        println("items of $bytes bytes: ${output.trim()}")
    }

    companion object {
        fun count(bytes: Long) {
            val stream = Rows(bytes)
            var count = 0L
            for (item in stream.items()) {
                check((item.value as PickleDict)["id"] == PickleInt(1))
                count++
            }
            check(count == stream.rows) { "$count of ${stream.rows}" }
            val status = File("/proc/self/status").takeIf { it.exists() }?.readLines()?.firstOrNull { it.startsWith("VmHWM") }
            println("$count items, ${status ?: "memory not known"}")
        }
    }
}

fun main(args: Array<String>) = ItemsTest.count(args[0].toLong())
