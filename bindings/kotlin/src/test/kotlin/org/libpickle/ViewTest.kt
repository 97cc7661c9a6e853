package org.libpickle

import java.io.ByteArrayOutputStream
import java.io.File
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.util.Collections
import java.util.IdentityHashMap
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.libpickle.PickleKnown.Kind

/** What values mean, in every spelling of every Python: the table that the core is tested with, in the words of it. */
class ViewTest {
    private fun hex(text: String) = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()
    private fun latin1(text: String) = text.toByteArray(Charsets.ISO_8859_1)
    private fun read(text: String) = Pickle.loads(latin1(text))

    @Test
    fun `every spelling means what the table says`() {
        val rows = File(root, "tests/data/views/views.tsv").readLines().map { it.split('\t') }
        assertTrue(rows.size > 600)
        for ((name, means, pickle) in rows) {
            assertEquals(means, Words.of(Pickle.loads(hex(pickle))), "$name: $pickle")
            assertEquals(means, Words.of(Pickle.at(hex(pickle), "$")), "$name: $pickle")
            Pickle.loads(hex(pickle)).toKotlin()
        }
    }

    @Test
    fun `parts that lie have a reason`() {
        for ((pickle, why) in listOf(
            "cdatetime\ndate\n(I2023\nI2\nI29\ntR." to PickleUnknown.PARTS,
            "cuuid\nUUID\n)\u0081}X\u0003\u0000\u0000\u0000intI-1\nsb." to PickleUnknown.PARTS,
            "cm\nC\n)\u0081(K\u0001e(K\u0001K\u0002u." to PickleUnknown.CHANGES,
            "cm\nC\n)\u0081K\u0005b." to PickleUnknown.STATE,
        )) {
            val value = read(pickle) as PickleObject
            assertNull(value.known, pickle)
            assertEquals(why, value.unknown, pickle)
            assertSame(value, value.toKotlin())
        }
    }

    @Test
    fun `known types are known at any size`() {
        fun length(n: Int) = ByteArray(4) { (n shr (8 * it)).toByte() }
        for (size in listOf(0, 1, 255, 256, 65_535, 65_536, 10_000_000)) {
            val data = ByteArray(size) { 'x'.code.toByte() }
            val text = latin1("X") + length(size) + data
            fun items(head: String, item: String, tail: String) = ByteArrayOutputStream().apply {
                writeBytes(latin1(head))
                val one = latin1(item)
                repeat(size) { writeBytes(one) }
                writeBytes(latin1(tail))
            }.toByteArray()
            fun check(kind: Kind, count: Int, pickle: ByteArray): PickleKnown {
                val known = (Pickle.loads(pickle) as PickleObject).known!!
                assertEquals(kind, known.kind, "$size")
                assertEquals(count, known.values.size, "$kind of $size")
                return known
            }
            fun call(name: String, args: ByteArray) = latin1("c$name\n(") + args + latin1("tR.")
            val bytes = check(Kind.BYTES, 1, call("_codecs\nencode", text + latin1("X\u0006\u0000\u0000\u0000latin1"))).values[0]
            assertEquals(PickleBytes(data), bytes)
            val array = check(Kind.BYTEARRAY, 1, call("builtins\nbytearray", latin1("B") + length(size) + data)).values[0]
            assertEquals(PickleBytes(data), array)
            check(Kind.SET, size, items("c__builtin__\nset\n(](", "N", "etR."))
            check(Kind.FROZENSET, size, items("cbuiltins\nfrozenset\n(](", "N", "etR."))
            check(Kind.DEQUE, 1 + size, items("ccollections\ndeque\n)R(", "N", "e."))
            check(Kind.COUNTER, 2 * size, items("ccollections\nCounter\n(}(", "NN", "utR."))
            check(Kind.ORDERED_DICT, 2 * size, items("ccollections\nOrderedDict\n)R(", "NN", "u."))
            // Without items, nothing tells a list or dict from any other object.
            check(if (size == 0) Kind.RECORD else Kind.LIST, size, items("cm\nSub\n)\u0081(", "N", "e."))
            check(if (size == 0) Kind.RECORD else Kind.DICT, 2 * size, items("cm\nSub\n)\u0081(", "NN", "u."))
            check(Kind.RECORD, size, items("cm\nSub\n(", "N", "t\u0081."))
            check(Kind.DECIMAL, 1, call("decimal\nDecimal", text))
            check(Kind.FRACTION, 1, call("fractions\nFraction", text))
            val numbers = latin1(
                "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\u0001btR(I1\n(I$size\ntcnumpy\ndtype\n" +
                    "(X\u0002\u0000\u0000\u0000u1I0\nI1\ntR(I3\nX\u0001\u0000\u0000\u0000|NNNI-1\nI-1\nI0\ntbI00\nB",
            ) + length(size) + data + latin1("tb.")
            assertEquals(size, check(Kind.ARRAY, 6, numbers).numbers!!.size)
        }
    }

    @Test
    fun `times have their zones in Kotlin`() {
        // 2024-07-01 13:05 in each.
        fun at(zone: String) = read("cdatetime\ndatetime\n(C\n\u0007\u00e8\u0007\u0001\r\u0005\u0000\u0000\u0000\u0000${zone}tR.").toKotlin()
        val local = LocalDateTime.of(2024, 7, 1, 13, 5)
        val berlin = ZoneId.of("Europe/Berlin")
        assertEquals(local, at(""))
        assertEquals(OffsetDateTime.of(local, ZoneOffset.ofHoursMinutes(1, 30)), at("cpytz\n_FixedOffset\n(I90\ntR"))
        assertEquals(OffsetDateTime.of(local, ZoneOffset.UTC), at("cdateutil.tz.tz\ntzutc\n)R"))
        assertEquals(ZonedDateTime.of(local, berlin), at("cdateutil.zoneinfo\ngettz\n(X\r\u0000\u0000\u0000Europe/BerlintR"))
        assertEquals(ZonedDateTime.of(local, berlin), at("cpytz\n_p\n(X\r\u0000\u0000\u0000Europe/BerlinI7200\nI3600\nX\u0004\u0000\u0000\u0000CESTtR"))
        // Whoever gives a zone of pytz to datetime() gets the mean time of 1890.
        assertEquals(
            OffsetDateTime.of(local, ZoneOffset.ofHoursMinutes(0, 53)),
            at("cpytz\n_p\n(X\r\u0000\u0000\u0000Europe/BerlinI3180\nI0\nX\u0003\u0000\u0000\u0000LMTtR"),
        )
        assertTrue(at("cdateutil.tz.tz\ntzlocal\n)R") is PickleObject)
    }

    @Test
    fun `subclasses and their like become what they are subclasses of`() {
        assertEquals(mapOf("a" to 1L), read("ccollections\nUserDict\n)\u0081}X\u0004\u0000\u0000\u0000data}X\u0001\u0000\u0000\u0000aK\u0001ssb.").toKotlin())
        assertEquals(listOf(1L), read("cm\nSub\n)\u0081K\u0001a.").toKotlin())
        assertEquals("/usr/lib", read("cpathlib\nPurePosixPath\n(X\u0001\u0000\u0000\u0000/X\u0003\u0000\u0000\u0000usrX\u0003\u0000\u0000\u0000libtR.").toKotlin())
        assertEquals(LocalDate.of(2024, 2, 29), read("cdatetime\ndate\n(I2024\nI2\nI29\ntR.").toKotlin())
        // A plain object that holds itself stays what it is.
        val own = read("cm\nC\n)\u0081q\u0000}X\u0001\u0000\u0000\u0000ah\u0000sb.") as PickleObject
        assertSame(own, own.toKotlin())
        assertSame(own, own.attributes!!.single().second)
    }

    @Test
    fun `a billion laughs have a short text`() {
        var value = PickleList(PickleInt(0))
        repeat(30) { value = PickleList(value, value) }
        val expected = "[2 items, in which there are ${3 * (1L shl 30) - 1} values]"
        assertEquals(expected, (value.toKotlin() as List<*>).toString())
        assertEquals("[1 items, in which there are ${3 * (1L shl 30) + 1} values]", PickleDict(listOf(PickleStr("a") to value)).toKotlin().toString())
        // As a key it would be hashed.
        assertThrows(PickleException::class.java) { PickleSet(value).toKotlin() }
        val few = PickleList(PickleInt(0)).let { PickleList(it, it) }
        assertEquals("[[0], [0]]", few.toKotlin().toString())
    }

    @Test
    fun `paths find the very instance`() {
        val pickle = latin1(
            "}(X\u0004\u0000\u0000\u0000rows](}X\u0001\u0000\u0000\u0000aK\u0001s}X\u0001\u0000\u0000\u0000aK\u0002seX\u0001\u0000\u0000\u0000ncm\nP\n(K\u0007K\u0008tRu.",
        )
        val value = Pickle.loads(pickle) as PickleDict
        val rows = value["rows"] as PickleList
        assertSame(value, value.at("$"))
        assertSame(rows, value.at("$.rows"))
        assertSame(rows.items[1], value.at("$.rows[-1]"))
        assertEquals(PickleInt(7), value.at("$.n[0]"))
        assertEquals(listOf(PickleInt(1), PickleInt(2)), value.findAll("$..a"))
        assertEquals(rows.items, value.findAll("$.rows[*]"))
        assertSame(rows, rows.at("$"))
        assertEquals(PickleStr("x"), PickleStr("x").at("$"))
        assertEquals(PickleInt(2), Pickle.at(pickle, "$.rows[1].a"))
        assertEquals(listOf(PickleInt(1), PickleInt(2)), Pickle.findAll(pickle, "$.rows[*].a"))
        for ((path, kind) in listOf("$.rows[2]" to ErrorKind.PATH_MISSING, "$.x.y" to ErrorKind.PATH_MISSING, "$[" to ErrorKind.BAD_PATH)) {
            for (find in listOf<() -> Any>({ value.at(path) }, { value.findAll(path) }, { Pickle.at(pickle, path) })) {
                assertEquals(kind, assertThrows(PickleException::class.java, { find() }, path).kind, path)
            }
        }
        val message = assertThrows(PickleException::class.java) { value.at("$.rows[2]") }.message!!
        assertTrue(message.startsWith("$.rows exists"), message)
    }

    @Test
    fun `what paths find below every fixture is a part of it`() {
        var found = 0
        for ((kind, file) in File(root, "tests/data/fixtures.tsv").readLines().map { it.split('\t') }) {
            if (kind != "graph") continue
            val value = Pickle.loads(File(root, "tests/data/$file").readBytes())
            val parts = parts(value)
            val below = try {
                value.findAll("$..*")
            } catch (e: PickleException) {
                // Scalars have nothing below; what joblib writes between opcodes cannot be handed over.
                assertTrue(e.kind == ErrorKind.PATH_MISSING || e.kind == ErrorKind.BAD_VALUE, "$file: $e")
                continue
            }
            for (part in below) {
                val isNode = part is PickleSequence && part.items.isNotEmpty() || part is PickleDict || part is PickleObject || part is PickleByteArray
                if (isNode) assertTrue(part in parts, "$file: $part")
                found++
            }
        }
        assertTrue(found > 500, "$found")
    }

    /** Everything that a value holds, by identity. */
    private fun parts(root: PickleValue): Set<PickleValue> {
        val seen = Collections.newSetFromMap(IdentityHashMap<PickleValue, Boolean>())
        val open = ArrayDeque(listOf(root))
        while (open.isNotEmpty()) {
            val value = open.removeLast()
            if (!seen.add(value)) continue
            when (value) {
                is PickleSequence -> open.addAll(value.items)
                is PickleDict -> open.addAll(value.keys + value.values)
                is PickleReadOnly -> open.add(value.inner)
                is PickleChangeable -> {
                    if (value is PicklePersistent) open.add(value.id)
                    if (value is PickleObject) open.addAll(listOfNotNull(value.callable, value.args, value.kwargs))
                    for (change in value.changes) when (change) {
                        is PickleChange.Append -> open.addAll(change.items)
                        is PickleChange.Add -> open.addAll(change.items)
                        is PickleChange.SetItem -> open.addAll(change.keysAndValues)
                        is PickleChange.Build -> open.add(change.state)
                        is PickleChange.Nested -> open.add(change.root)
                        is PickleChange.Raw -> {}
                    }
                }
                else -> {}
            }
        }
        return seen
    }
}

/** The words of `core/tests/view.rs`. */
private object Words {
    fun of(value: PickleValue): String = when (value) {
        PickleNone -> "None"
        is PickleBool -> "${value.value}"
        is PickleInt -> "${value.value}"
        is PickleBigInt -> "big ${value.value}"
        is PickleFloat -> "${value.value}"
        is PickleStr -> "'${value.value}'"
        is PickleStr8 -> runCatching { value.value.decodeToString(throwOnInvalidSequence = true) }.map { "'$it'" }.getOrElse { blob(value.value) }
        is PickleBytes -> blob(value.value)
        is PickleByteArray -> blob(value.value)
        is PickleList -> "[${list(value.items)}]"
        is PickleTuple -> "(${list(value.items)})"
        is PickleSet -> "set{${list(value.items)}}"
        is PickleFrozenSet -> "frozenset{${list(value.items)}}"
        is PickleDict -> "{${pairs(value.entries)}}"
        is PickleGlobal -> "global ${value.name}"
        is PickleObject -> of(value)
        else -> "$value"
    }

    private fun of(value: PickleObject): String {
        val known = value.known ?: return "object: ${value.unknown?.name?.lowercase()?.replaceFirstChar { it.uppercase() }}"
        val v = known.values
        fun text(i: Int) = (v[i] as PickleStr).value
        fun int(i: Int) = (v[i] as PickleInt).value.toInt()
        fun map(from: Int = 0) = "{${pairs((from until v.size step 2).map { v[it] to v[it + 1] })}}"
        val own = named(value.attributes ?: emptyList())
        return when (known.kind) {
            Kind.BYTES, Kind.BYTEARRAY -> of(v[0])
            Kind.SET -> "set{${list(v)}}"
            Kind.FROZENSET -> "frozenset{${list(v)}}"
            Kind.COMPLEX -> "complex(${v.joinToString(",") { (it as PickleFloat).value.toInt().toString() }})"
            Kind.RANGE -> "range(${list(v)})"
            Kind.SLICE -> "slice(${list(v)})"
            Kind.DATE -> "date ${date(v)}"
            Kind.TIME -> "time ${time(v)}${v.getOrNull(5)?.let { zone(it) } ?: ""}"
            Kind.DATETIME -> "datetime ${date(v)}T${time(v.drop(3))}${v.getOrNull(8)?.let { zone(it) } ?: ""}"
            Kind.TIMEDELTA -> {
                val days = when (int(0)) {
                    0 -> ""
                    1, -1 -> "${int(0)} day, "
                    else -> "${int(0)} days, "
                }
                "delta $days%d:%02d:%02d".format(int(1) / 3600, int(1) / 60 % 60, int(1) % 60) + micros(int(2))
            }
            Kind.TIMEZONE -> "zone ${zone(value)} ${if (v.size > 3) text(3) else "None"}"
            Kind.ZONE_INFO -> "zone ${zone(value)} ${text(0)}"
            Kind.LOCAL_ZONE -> "zone  local"
            Kind.DECIMAL -> "decimal ${text(0)}"
            Kind.FRACTION -> "fraction " + if (v.size == 1) text(0) else "${of(v[0])}/${of(v[1])}"
            Kind.UUID -> "uuid ${value.toKotlin()}"
            Kind.PATH -> "path ${text(0)} ${text(1)}"
            Kind.PATTERN -> "pattern ${of(v[0])} ${int(1)}"
            Kind.IP -> "ip ${text(0)}"
            Kind.MEMBER -> "member ${name(v[0])}.${text(1)}"
            Kind.PARTIAL -> {
                val end = 2 + int(1)
                "partial ${name(v[0])}(${list(v.subList(2, end))})" + named((end until v.size step 2).map { v[it] to v[it + 1] })
            }
            Kind.DERIVED -> "derived ${of(v[0])}"
            Kind.RECORD -> "record ${name(value.type)}(${list(v)})$own"
            Kind.FIELDS -> "record ${name(value.type)}()[${list(v)}]$own"
            Kind.LIST -> "${type(value)}[${list(v)}]"
            Kind.TUPLE -> "(${list(v)})"
            Kind.USER_LIST -> "UserList[${list(v)}]"
            Kind.DEQUE -> "deque[${list(v.drop(1))}]" + if (v[0] == PickleInt(-1)) "" else "max=${of(v[0])}"
            Kind.DICT -> "${type(value)}${map()}$own"
            Kind.ORDERED_DICT -> "OrderedDict${map()}$own"
            Kind.DEFAULT_DICT -> "DefaultDict${map(1)}$own"
            Kind.COUNTER -> "Counter${map()}$own"
            Kind.FROZEN_DICT -> "FrozenDict${map()}"
            Kind.PROXY -> "Proxy${map()}"
            Kind.CHAIN_MAP -> "ChainMap${map()}"
            Kind.USER_DICT -> "UserDict${map()}"
            // The table has no words for the types of numpy.
            Kind.ARRAY, Kind.SCALAR, Kind.DTYPE -> "Object"
            else -> "?"
        }
    }

    private fun list(items: List<PickleValue>) = items.joinToString(",") { of(it) }
    private fun pairs(items: List<Pair<PickleValue, PickleValue>>) = items.joinToString(",") { "${of(it.first)}:${of(it.second)}" }
    private fun named(items: List<Pair<PickleValue, PickleValue>>) =
        items.joinToString("") { ".${of(it.first).removeSurrounding("'")}=${of(it.second)}" }
    /** Of a class, also of one in a class. */
    private fun name(value: PickleValue): String {
        val member = (value as? PickleObject)?.known?.takeIf { it.kind == Kind.MEMBER }?.values
        return member?.let { "${name(it[0])}.${(it[1] as PickleStr).value}" } ?: (value as? PickleGlobal)?.name ?: "?"
    }

    private fun type(value: PickleObject) = value.className?.let { if (it.module in setOf("builtins", "__builtin__")) "" else "${it.name}:" } ?: "?:"
    private fun blob(bytes: ByteArray) = "b'${bytes.joinToString("") { "%02x".format(it) }}'"
    private fun n(value: PickleValue) = (value as PickleInt).value.toInt()
    private fun micros(n: Int) = if (n == 0) "" else ".%06d".format(n)
    private fun date(v: List<PickleValue>) = "%04d-%02d-%02d".format(n(v[0]), n(v[1]), n(v[2]))
    private fun time(v: List<PickleValue>) = "%02d:%02d:%02d".format(n(v[0]), n(v[1]), n(v[2])) + micros(n(v[3]))

    private fun zone(value: PickleValue): String {
        val known = (value as PickleObject).known ?: return ""
        val from = if (known.kind == Kind.ZONE_INFO) 1 else 0
        if (known.kind == Kind.ZONE_INFO && known.values.size < 4) return "[${(known.values[0] as PickleStr).value}]"
        if (known.kind != Kind.ZONE_INFO && known.kind != Kind.TIMEZONE) return ""
        val total = n(known.values[from]) * 86400 + n(known.values[from + 1])
        val size = kotlin.math.abs(total)
        return "%s%02d:%02d".format(if (total < 0) "-" else "+", size / 3600, size / 60 % 60) + if (size % 60 == 0) "" else ":%02d".format(size % 60)
    }
}
