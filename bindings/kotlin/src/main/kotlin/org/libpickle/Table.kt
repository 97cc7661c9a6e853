package org.libpickle

import java.math.BigDecimal
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel
import java.nio.file.Path

/**
 * A table as columns of types: a frame, series or index of pandas, an array of numpy of one or two axes, a structured or
 * masked one, a dict of arrays, a sparse matrix of SciPy (`row`, `col`, `value`), a list of dicts, tuples or objects.
 *
 * @property rowCount number of rows
 * @property columns the columns in their order
 * @property index the labels of the rows, a column a level; none where rows are only counted
 */
class Table internal constructor(val rowCount: Int, val columns: List<Column>, val index: List<Column>) {
    /** The names of the columns: their numbers where they have none. */
    val names: List<String> get() = columns.mapIndexed { at, column -> column.name ?: at.toString() }

    /** The types of the columns as pandas names them. */
    val dtypes: List<String> get() = columns.map { it.dtype }

    /**
     * The first column of a name.
     *
     * @throws NoSuchElementException there is none: the message has the names that there are
     */
    operator fun get(name: String): Column = columns.getOrNull(names.indexOf(name))
        ?: throw NoSuchElementException("there is no column $name; there are ${names.take(20).joinToString()}")

    /** The columns by their names, the cells made as they are asked for. Of equal names the first counts. */
    fun toMap(): Map<String, List<Any?>> = LinkedHashMap<String, List<Any?>>().also { map ->
        names.forEachIndexed { at, name -> map.putIfAbsent(name, columns[at].toList()) }
    }

    /** The rows by the names of their cells, made as they are asked for. Of equal names the first counts. */
    fun rows(): List<Map<String, Any?>> {
        val names = names
        return object : AbstractList<Map<String, Any?>>(), RandomAccess {
            override val size get() = rowCount
            override fun get(index: Int): Map<String, Any?> {
                if (index !in 0 until rowCount) throw IndexOutOfBoundsException("row $index of $rowCount")
                val row = LinkedHashMap<String, Any?>(names.size * 2)
                names.forEachIndexed { at, name -> if (name !in row) row[name] = columns[at][index] }
                return row
            }
        }
    }

    override fun toString() = "Table($rowCount rows, ${columns.size} columns)"

    companion object {
        /**
         * The table at a [path] such as `$.frames[0]` of the pickle at the start of [data]; nothing else becomes a value of
         * Kotlin.
         *
         * @throws PickleException of kind NO_TABLE: what is there is not a table, or its parts do not fit together; SIZE_LIMIT:
         * it has far more cells than the pickle has bytes (with [ReadOptions.maxBytes]: takes more than that); the kinds of
         * [Pickle.at]. The message begins with the path
         */
        @JvmStatic
        @JvmOverloads
        @Throws(PickleException::class)
        fun of(data: ByteArray, path: String = "$", options: ReadOptions = ReadOptions.DEFAULT): Table {
            val out = LongArray(3)
            return read(calling(out) { Native.tableIn(data, path.toByteArray(), options.numbers, out) })
        }

        /** The same of a file of up to 2 GiB, which is mapped into memory. */
        @JvmStatic
        @JvmOverloads
        @Throws(PickleException::class, java.io.IOException::class)
        fun of(file: Path, path: String = "$", options: ReadOptions = ReadOptions.DEFAULT): Table = FileChannel.open(file).use {
            if (it.size() > Int.MAX_VALUE) throw PickleException(ErrorKind.SIZE_LIMIT, 0, "the file has more than 2 GiB")
            val data = it.map(FileChannel.MapMode.READ_ONLY, 0, it.size())
            val out = LongArray(3)
            read(calling(out) { Native.tableDirect(data, 0, data.limit(), path.toByteArray(), options.numbers, out) })
        }

        /** The same of a value that was read. Every call looks at the whole of it. */
        @JvmStatic
        @JvmOverloads
        @Throws(PickleException::class)
        fun of(value: PickleValue, path: String = "$", options: ReadOptions = ReadOptions.DEFAULT): Table {
            val out = LongArray(3)
            return read(
                FlatWriter().write(value) { flat, size ->
                    calling(out) {
                        Native.tableOf(flat, size, path.toByteArray(), options.maxDepth, options.maxBytes ?: -1, out)
                    }
                },
            )
        }

        private fun read(table: ByteArray): Table = try {
            TableReader(table).table()
        } catch (e: OutOfMemoryError) {
            throw PickleException(ErrorKind.SIZE_LIMIT, 0, "the table takes more memory than there is", e)
        }
    }
}

/** The table that this value is, or that is at a path in it: see [Table.of]. */
@JvmOverloads
@Throws(PickleException::class)
fun PickleValue.table(path: String = "$", options: ReadOptions = ReadOptions.DEFAULT): Table = Table.of(this, path, options)

/** Reads the form of `bindings/uniffi/src/table`. */
private class TableReader(private val data: ByteArray) {
    private val cursor = Cursor(data)
    private val numbers = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)

    fun table(): Table {
        check(data[cursor.at++] == VERSION) { "the native library is of another version than these classes" }
        val rows = cursor.number()
        if (rows > Int.MAX_VALUE) throw PickleException(ErrorKind.SIZE_LIMIT, 0, "the table has more than 2^31 rows")
        val columns = cursor.int()
        val all = arrayOfNulls<Column>(columns + cursor.int())
        repeat(all.size) {
            val at = cursor.int()
            val named = cursor.int()
            val name = if (named == 0) null else String(data, cursor.at, named - 1, Charsets.UTF_8).also { cursor.at += named - 1 }
            all[at] = column(name, cursor.text())
        }
        val list = all.requireNoNulls().asList()
        return Table(rows.toInt(), list.subList(0, columns), list.subList(columns, all.size))
    }

    private fun column(name: String?, dtype: String): Column {
        val kind = byte()
        val count = cursor.number()
        if (count > Int.MAX_VALUE) throw PickleException(ErrorKind.SIZE_LIMIT, 0, "a column has more than 2^31 cells")
        val size = count.toInt()
        return when (kind) {
            0 -> NullColumn(name, dtype, size)
            1 -> {
                val missing = missing(size)
                BooleanColumn(name, dtype, missing, BooleanArray(size) { byte() != 0 })
            }
            2 -> missing(size).let { missing -> longs(size).let { LongColumn(name, dtype, missing, size) { it } } }
            3 -> missing(size).let { UnsignedColumn(name, dtype, it, longs(size)) }
            4 -> missing(size).let { missing ->
                val values = DoubleArray(size)
                numbers.position(cursor.at)
                numbers.asDoubleBuffer().get(values)
                cursor.at += 8 * size
                DoubleColumn(name, dtype, missing, values)
            }
            5 -> {
                val texts = Array(cursor.int()) { cursor.text() }
                TextColumn(name, dtype, Array(size) { texts.getOrNull(place() - 1) })
            }
            6 -> {
                val texts = Array(cursor.int()) { bytes() }
                BytesColumn(name, dtype, Array(size) { texts.getOrNull(place() - 1) })
            }
            7 -> {
                val unit = unit()
                val zone = cursor.text().ifEmpty { null }
                missing(size).let { MomentColumn(name, dtype, it, longs(size), unit, zone) }
            }
            8 -> unit().let { unit -> missing(size).let { DurationColumn(name, dtype, it, longs(size), unit) } }
            9 -> missing(size).let { DateColumn(name, dtype, it, longs(size)) }
            10 -> unit().let { unit -> missing(size).let { ClockColumn(name, dtype, it, longs(size), unit) } }
            11 -> {
                val texts = Array(cursor.int()) { BigDecimal(cursor.text().replace("_", "")) }
                DecimalColumn(name, dtype, Array(size) { texts.getOrNull(place() - 1) })
            }
            12 -> {
                val missing = missing(size)
                val pairs = longs(2 * size)
                fun part(at: Int) = DoubleArray(size) { Double.fromBits(pairs[2 * it + at]) }
                ComplexColumn(name, dtype, missing, part(0), part(1))
            }
            13 -> {
                val missing = missing(size)
                val values = (Flat(bytes()).read() as PickleList).items.iterator()
                ValueColumn(name, dtype, Array(size) { if (missing?.get(it) == true) null else values.next() })
            }
            14 -> {
                val (start, step) = longs(2)
                LongColumn(name, dtype, null, size) { LongArray(size) { start + it * step } }
            }
            15 -> {
                val isOrdered = byte() == 1
                val categories = column(null, dtype)
                CategoryColumn(name, dtype, IntArray(size) { place() }, categories, isOrdered)
            }
            16 -> {
                val closed = CLOSED[byte()]
                val left = column(null, dtype)
                IntervalColumn(name, dtype, left, column(null, dtype), closed)
            }
            else -> throw PickleException(ErrorKind.OTHER, 0, "the native library has columns of the unknown kind $kind")
        }
    }

    private fun missing(size: Int) = if (byte() == 0) null else BooleanArray(size) { byte() != 0 }

    private fun longs(size: Int): LongArray {
        val values = LongArray(size)
        numbers.position(cursor.at)
        numbers.asLongBuffer().get(values)
        cursor.at += 8 * size
        return values
    }

    private fun byte() = data[cursor.at++].toInt()

    private fun place() = numbers.getInt(cursor.at).also { cursor.at += 4 }

    private fun unit() = UNITS[byte() - 1]

    private fun bytes(): ByteArray {
        val size = cursor.int()
        return data.copyOfRange(cursor.at, cursor.at + size).also { cursor.at += size }
    }

    companion object {
        const val VERSION: Byte = 1
        val UNITS = listOf("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
        val CLOSED = listOf("left", "right", "both", "neither")
    }
}
