package org.libpickle

/** Reads what the native library writes: numbers of seven bits a byte, the lowest first, and texts with their length. */
internal class Cursor(val data: ByteArray, var at: Int = 0) {
    fun number(): Long {
        var number = 0L
        var shift = 0
        while (true) {
            val byte = data[at++].toLong()
            number = number or ((byte and 0x7f) shl shift)
            if (byte >= 0) return number
            shift += 7
        }
    }

    fun int(): Int = number().toInt()

    fun text(): String {
        val size = int()
        return String(data, at, size, Charsets.UTF_8).also { at += size }
    }
}
