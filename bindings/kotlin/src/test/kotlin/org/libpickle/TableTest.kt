package org.libpickle

import java.io.File
import java.math.BigDecimal
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class TableTest {
    private val folder = File(root, "tests/data/tables")

    private fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }
    private fun bits(value: Double) = if (value.isNaN()) "nan" else "%016x".format(value.toRawBits())

    /** The words of tables.tsv, see its generator. */
    private fun kind(column: Column): String = when (column) {
        is NullColumn -> "null"
        is BooleanColumn -> "bool"
        is LongColumn -> "int"
        is UnsignedColumn -> "uint"
        is DoubleColumn -> "float"
        is TextColumn -> "text"
        is BytesColumn -> "bytes"
        is DecimalColumn -> "decimal"
        is MomentColumn -> "datetime" + (column.zone?.let { " $it" } ?: "")
        is DurationColumn -> "timedelta"
        is DateColumn -> "date"
        is ClockColumn -> "time"
        is ComplexColumn -> "complex"
        is CategoryColumn -> "category " + (if (column.isOrdered) "ordered " else "") + kind(column.categories)
        is IntervalColumn -> "interval ${column.closed}"
        is ValueColumn -> "value"
    }

    private fun cell(column: Column, row: Int): String = if (column.isMissing(row)) "-" else when (column) {
        is NullColumn -> "-"
        is BooleanColumn, is LongColumn, is UnsignedColumn -> column[row].toString()
        is DoubleColumn -> bits(column.values[row])
        is TextColumn -> "t" + hex(column.values[row]!!.toByteArray())
        is BytesColumn -> "b" + hex(column.values[row]!!)
        is DecimalColumn -> column.values[row]!!.toString()
        is MomentColumn -> "${column.ticks[row]}${column.unit}"
        is DurationColumn -> "${column.ticks[row]}${column.unit}"
        is DateColumn -> "${column.days[row]}D"
        is ClockColumn -> "${column.ticks[row]}${column.unit}"
        is ComplexColumn -> bits(column.real[row]) + "," + bits(column.imaginary[row])
        is CategoryColumn -> cell(column.categories, column.codes[row])
        is IntervalColumn -> cell(column.left, row) + ";" + cell(column.right, row)
        is ValueColumn -> "v"
    }

    @Test
    fun `tables are what their makers say`() {
        val lines = File(folder, "tables.tsv").readLines().map { it.split('\t') }
        val tables = lines.groupBy { it[0] to it[1] }
        assertTrue(tables.size > 25)
        for ((place, columns) in tables) {
            val (file, path) = place
            val data = File(folder, file).readBytes()
            for (table in listOf(Table.of(data, path), Table.of(File(folder, file).toPath(), path), Pickle.loads(data).table(path))) {
                val all = table.columns + table.index
                assertEquals(columns.size, all.size, "$place")
                for ((_, _, rows, number, name, dtype, kind, cells) in columns.map(::Line)) {
                    val column = all[number.toInt()]
                    assertEquals(rows.toInt(), table.rowCount)
                    assertEquals(name, column.name?.let { "n$it" } ?: "-", "$place $number")
                    assertEquals(dtype, column.dtype, "$place $number")
                    assertEquals(kind.replace("range", "int"), kind(column), "$place $number")
                    assertEquals(cells, (0 until column.size).joinToString(" ") { cell(column, it) }, "$place $number")
                    column.toList().forEach { _ -> }
                }
            }
        }
    }

    private data class Line(
        val file: String, val path: String, val rows: String, val number: String, val name: String, val dtype: String,
        val kind: String, val cells: String,
    ) {
        constructor(cells: List<String>) : this(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7])
    }

    @Test
    fun `columns are arrays, rows are maps`() {
        val table = Table.of(File(folder, "frame_pd3_p5.pkl").readBytes(), "$.made[0]")
        assertEquals(4, table.rowCount)
        assertArrayEquals(longArrayOf(-128, 0, 1, 127), (table["i1"] as LongColumn).values)
        assertEquals(listOf(0.1, -0.0, Double.NaN, 1e300), table["f8"].toList())
        assertEquals(listOf("a", null, "a", "b"), (table["nan text"] as TextColumn).values.toList())
        assertArrayEquals(booleanArrayOf(false, true, false, false), table["ints"].missing)
        assertNull(table["i1"].missing)
        assertEquals(LocalDateTime.of(2020, 1, 2, 3, 4, 5, 6), table["time"][0])
        assertEquals(Instant.parse("2020-01-02T03:04:05.000000006Z"), (table["zone"] as MomentColumn).instants()[0])
        assertEquals("Europe/Berlin", (table["zone"] as MomentColumn).zoneId().toString())
        assertEquals(LocalDate.of(2020, 2, 29), table["date"][0])
        assertEquals(LocalTime.of(1, 2, 3, 4000), table["clock"][0])
        assertEquals(BigDecimal("1.10"), table["decimal"][0])
        assertEquals(PickleInterval(0L, 1L, "left"), table["interval"][0])
        assertEquals(PickleComplex(1.0, 2.0), table["complex"][0])
        assertEquals(listOf("x", "y", null, "x"), table.toMap()["category"])
        assertEquals("r", table.index[0][2])
        val row = table.rows()[1]
        assertEquals(table.names, row.keys.toList())
        assertEquals(false, row["bool"])
        assertNull(row["ints"])
        assertThrows(IndexOutOfBoundsException::class.java) { table.rows()[4] }
        val missing = assertThrows(NoSuchElementException::class.java) { table["nothing"] }
        assertTrue("i1" in missing.message!!)
        // Java has the names of the conversions.
        val rows = Table.of(listOf(mapOf("a" to 1, "b" to "x"), mapOf("a" to 2)).toPickle())
        assertEquals(listOf(mapOf("a" to 1L, "b" to "x"), mapOf("a" to 2L, "b" to null)), rows.rows())
    }

    @Test
    fun `what is not a table says so with its path`() {
        val data = File(folder, "lists_p4.pkl").readBytes()
        for ((path, kind) in listOf("$.scalar" to ErrorKind.NO_TABLE, "$.nothing" to ErrorKind.PATH_MISSING, "$[" to ErrorKind.BAD_PATH)) {
            for (read in listOf({ Table.of(data, path) }, { Pickle.loads(data).table(path) })) {
                val error = assertThrows(PickleException::class.java) { read() }
                assertEquals(kind, error.kind, path)
                if (kind == ErrorKind.NO_TABLE) assertTrue(error.message!!.startsWith("$.scalar is not a table"), error.message)
            }
        }
        val wide = Pickle.dumps(List(10_000) { mapOf("key $it" to 1) }.toPickle())
        val error = assertThrows(PickleException::class.java) { Table.of(wide) }
        assertEquals(ErrorKind.SIZE_LIMIT, error.kind)
    }

    @Test
    fun `tables of any number of rows`() {
        for (size in listOf(0, 1, 255, 256, 65_535, 65_536)) {
            val pickle = Pickle.dumps(List(size) { mapOf("id" to it, "x" to it / 2.0, "t" to "row $it") }.toPickle())
            val table = Table.of(pickle)
            assertEquals(size, table.rowCount)
            if (size == 0) continue
            assertArrayEquals(LongArray(size) { it.toLong() }, (table["id"] as LongColumn).values)
            assertArrayEquals(DoubleArray(size) { it / 2.0 }, (table["x"] as DoubleColumn).values)
            assertArrayEquals(Array<String?>(size) { "row $it" }, (table["t"] as TextColumn).values)
        }
    }

    @Test
    fun `what no type of Java holds is an exception that says where`() {
        fun moments(unit: String, tick: Long, zone: String? = null) = MomentColumn("at", "datetime64[$unit]", null, longArrayOf(0, tick), unit, zone)
        fun fails(text: String, call: () -> Unit) {
            val error = assertThrows(PickleException::class.java) { call() }
            assertEquals(ErrorKind.BAD_VALUE, error.kind)
            assertTrue(text in error.message!!, error.message)
        }
        for (unit in listOf("Y", "M", "W", "D", "h", "m", "s")) {
            for (tick in listOf(Long.MAX_VALUE, -Long.MAX_VALUE)) {
                for (zone in listOf(null, "UTC")) {
                    fails("column at (datetime64[$unit]), row 1: no type of Java holds $tick of the unit $unit") { moments(unit, tick, zone)[1] }
                }
                fails("row 1") { moments(unit, tick).instants() }
            }
            assertEquals(LocalDateTime.of(1970, 1, 1, 0, 0), moments(unit, 1)[0])
        }
        for (unit in listOf("ms", "us", "ns", "ps", "fs", "as")) for (tick in listOf(Long.MAX_VALUE, -Long.MAX_VALUE)) moments(unit, tick)[1]
        for (unit in listOf("Y", "M", "W", "D", "h", "m")) {
            fails("column span (timedelta64[$unit]), row 0") { DurationColumn("span", "timedelta64[$unit]", null, longArrayOf(Long.MAX_VALUE), unit)[0] }
        }
        fails("a column without a name (date32), row 0: no type of Java holds ${Long.MAX_VALUE} of the unit D") {
            DateColumn(null, "date32", null, longArrayOf(Long.MAX_VALUE))[0]
        }
        fails("column t (time64), row 0") { ClockColumn("t", "time64", null, longArrayOf(86_400), "s")[0] }
        fails("Java knows no time zone Mars/Base") { moments("s", 1, "Mars/Base").zoneId() }
    }
}
