package org.libpickle

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ScanTest {
    private val rows = File(root, "tests/data/verdicts.tsv").readLines().filter { it[0] != '#' }.map { it.split('\t') }
    private val own = "cmyapp\nUser\n)R.".toByteArray()
    private fun hex(text: String) = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

    @Test
    fun `every row is judged as the table says`() {
        assertTrue(rows.size > 200)
        for ((_, name, verdicts, rules, text) in rows) {
            val report = Pickle.scan(hex(text))
            assertTrue(report.verdict.name.lowercase() in verdicts.split('|'), "$name: $report")
            assertTrue(rules == "-" || report.findings.any { it.rule in rules.split('|') }, "$name: $report")
            assertEquals(report.verdict == Verdict.CLEAN, report.findings.isEmpty(), name)
            assertEquals(text.length / 2L, report.bytes, name)
        }
    }

    @Test
    fun `fed in pieces, the report is the same`() {
        for ((_, name, _, _, text) in rows) {
            val data = hex(text)
            val whole = Pickle.scan(data)
            for (size in listOf(1, 7)) {
                Scanner().use { scanner ->
                    var before = Verdict.CLEAN
                    for (from in data.indices step size) {
                        val now = scanner.feed(data, from, minOf(size, data.size - from))
                        assertTrue(now >= before, name)
                        before = now
                    }
                    val report = scanner.finish()
                    assertEquals(report, scanner.finish(), name)
                    assertEquals(whole.verdict, report.verdict, name)
                    // The other reading of a stream that has two is not judged again.
                    if (report.otherReading == null) assertEquals(whole, report, name) else assertFalse(report.complete)
                }
            }
        }
    }

    @Test
    fun `a finding says what, where and how`() {
        val report = Pickle.scan("cos\nsystem\n(S'true'\ntR.".toByteArray())
        assertEquals(Verdict.DANGEROUS to Executes.YES, report.verdict to report.executes)
        assertTrue(report.complete && report.pickles == 1L && report.tables.length >= 8)
        val called = report.findings.single { it.rule == "PK201" }
        assertEquals("os" to "system", called.module to called.name)
        assertEquals(listOf("process", "'true'", "REDUCE", "all"), listOf(called.capability, called.args, called.opcode, called.pythons))
        assertEquals(21L, called.offset)
        assertNull(called.via)
        assertEquals(listOf("os.system" to true), report.globals.map { "${it.module}.${it.name}" to it.called })
        val through = Pickle.scan(hex(rows.single { it[1] == "map over a sink" }[4])).findings.last { it.via != null }
        assertTrue("." in through.via!!, "$through")
    }

    @Test
    fun `own names are allowed, others refused`() {
        assertEquals(Verdict.UNKNOWN, Pickle.scan(own).verdict)
        assertEquals(Verdict.CLEAN, Pickle.scan(own, listOf("os.path.join", "myapp.User")).verdict)
        Scanner(setOf("myapp.*")).use {
            it.feed(own)
            assertEquals(Verdict.CLEAN, it.finish().verdict)
            assertEquals(ErrorKind.AFTER_END, assertThrows(PickleException::class.java) { it.feed(own) }.kind)
            assertThrows(IllegalArgumentException::class.java) { it.feed(own, 3, own.size) }
        }
        assertTrue("MODULE.NAME" in assertThrows(PickleException::class.java) { Pickle.scan(own, listOf("User")) }.message!!)
        assertThrows(PickleException::class.java) { Scanner(listOf("")).close() }
        assertThrows(PickleException::class.java) { Pickle.scan(own, listOf("a.b\u0000myapp.User")) }
    }

    @Test
    fun `a compiled policy is taken whole or refused`() {
        val policy = File(root, "tests/data/policy/policy.bin").readBytes()
        assertEquals(Verdict.CLEAN, Pickle.scan(own, policy).verdict)
        assertEquals(Verdict.DANGEROUS, Pickle.scan("cfractions\nFraction\n.".toByteArray(), policy).verdict)
        Scanner(policy).use {
            it.feed(own)
            assertEquals(Verdict.CLEAN, it.finish().verdict)
        }
        for (damaged in listOf(ByteArray(0), policy.copyOf(policy.size - 1), "version = 1".toByteArray())) {
            assertTrue("compile" in assertThrows(PickleException::class.java) { Pickle.scan(own, damaged) }.message!!)
            assertThrows(PickleException::class.java) { Scanner(damaged).close() }
        }
    }

    @Test
    fun `after close, calls throw`() {
        val scanner = Scanner()
        scanner.feed(own)
        scanner.close()
        scanner.close()
        assertEquals(ErrorKind.CLOSED, assertThrows(PickleException::class.java) { scanner.feed(own) }.kind)
        assertEquals(ErrorKind.CLOSED, assertThrows(PickleException::class.java) { scanner.finish() }.kind)
    }

    @Test
    fun `no bytes and many bytes`() {
        assertEquals(Verdict.MALFORMED, Pickle.scan(ByteArray(0)).verdict)
        for (size in listOf(1, 255, 256, 65533, 65534, 65535, 65536)) {
            val (list, end) = "](".toByteArray() to "e.".toByteArray()
            val report = Pickle.scan(list + ByteArray(size) { 'N'.code.toByte() } + end)
            assertEquals(Verdict.CLEAN to size + 4L, report.verdict to report.opcodes)
            assertEquals(listOf<String>(), report.findings.map { it.rule })
            // Lists in lists are a bomb from 65536 levels on.
            val deep = Pickle.scan(("]".repeat(size) + "a".repeat(size - 1) + ".").toByteArray())
            val bomb = size >= 65536
            assertEquals(if (bomb) Verdict.SUSPICIOUS else Verdict.CLEAN, deep.verdict)
            assertEquals(if (bomb) listOf("PK702") else listOf(), deep.findings.map { it.rule })
            val one = Pickle.scan(("]" + "Na".repeat(size) + ".").toByteArray())
            assertEquals(Verdict.CLEAN to 2L * size + 2, one.verdict to one.opcodes)
        }
    }
}
