package org.libpickle

/** Paths into values. The library reads them and follows them: here is only what it needs for that. */
internal object Paths {
    /** The values at a path, or the first of them: instances that the value holds. */
    fun of(value: PickleValue, path: String, all: Boolean): List<PickleValue> {
        val writer = FlatWriter()
        val out = LongArray(3)
        val found = writer.write(value) { flat, size ->
            calling(out) { Native.find(flat, size, path.toByteArray(), if (all) 1 else 0, out) }
        }
        val from = Cursor(found)
        val numbers = IntArray(from.int()) { from.int() }
        // A value that is not a node is equal wherever it is.
        val others = (Flat(found).read(from.at) as PickleList).items.iterator()
        val nodes = writer.nodes()
        return numbers.map { if (it == 0) others.next() else nodes[it - 1]!! }
    }

    /** The same of a pickle, of which nothing else is handed over. */
    fun of(data: ByteArray, path: String, all: Boolean, options: ReadOptions): List<PickleValue> {
        val out = LongArray(3)
        val found = calling(out) { Native.findIn(data, path.toByteArray(), if (all) 1 else 0, options.numbers, out) }
        return (Flat(found).read() as PickleList).items
    }
}
