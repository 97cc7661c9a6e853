package org.libpickle

/** The headline of a [ScanReport], in rising order: the worst finding rules. `docs/verdict.md` says what the words mean. */
enum class Verdict {
    /** Proved: loading calls only listed callees, imports only listed modules, and every byte was read. */
    CLEAN,

    /** Something is not listed, was not looked at, or a limit was hit. */
    UNKNOWN,

    /** No reader loads it, and what would run before the break is harmless. */
    MALFORMED,

    /** CPython's readers disagree about the bytes. */
    DIVERGENT,

    /** Introspection, computed names, state set on classes: nothing that honest pickles do. */
    SUSPICIOUS,

    /** Code objects of a known serialiser: the file is a program by design. */
    CODE,

    /** A dangerous global is named, or reachable through what is called. */
    DANGEROUS,
}

/** Whether loading runs something that is not proved harmless. */
enum class Executes {
    /** It does not. */
    NO,

    /** Not while loading; an object that is stored does when it is used. */
    DEFERRED,

    /** It does. */
    YES,
}

/**
 * One reason for a verdict.
 *
 * @property rule the rule, such as `PK201`
 * @property verdict the verdict that it implies for the whole
 * @property capability what the global can do, such as `process`; `none` where nothing is known
 * @property message the rule in words
 * @property module module of the global; empty where the finding is about none
 * @property name name of the global
 * @property via what calls it, as `module.name`
 * @property args the arguments in short
 * @property opcode the opcode at which it showed; empty if it was none
 * @property offset bytes from the start of the stream; inside a nested pickle, from the start of that
 * @property pickle number of the pickle in its stream, from 0
 * @property depth nesting level of the pickle that it is in; 0 for the outermost
 * @property pythons which Pythons it holds for: `all`, `2.7`, `3`, `some`, ...
 */
data class Finding(
    val rule: String,
    val verdict: Verdict,
    val capability: String,
    val message: String,
    val module: String,
    val name: String,
    val via: String?,
    val args: String,
    val opcode: String,
    val offset: Long,
    val pickle: Int,
    val depth: Int,
    val pythons: String,
)

/**
 * A class or function that a stream names.
 *
 * @property module the module, as the stream names it
 * @property name the name, as the stream names it
 * @property effect one word for what it does
 * @property called it was called
 * @property made instances were made of it without its initialiser
 * @property count times that it was named
 * @property firstOffset where it was named first
 */
data class ScannedGlobal(
    val module: String,
    val name: String,
    val effect: String,
    val called: Boolean,
    val made: Boolean,
    val count: Long,
    val firstOffset: Long,
)

/**
 * What loading would do, and whether that is proved harmless.
 *
 * @property verdict the worst that was found
 * @property complete everything was read and no limit was hit; nothing is clean without it
 * @property executes whether loading runs something
 * @property findings the reasons, in the order in which they were found
 * @property globals every class and function that is named, in the order of their names
 * @property pickles pickles that were read to their STOP
 * @property opcodes opcodes
 * @property bytes bytes
 * @property buffers buffers outside the stream
 * @property otherReading where another reading of the stream begins that was not judged: the end of a frame that was open
 * at STOP
 * @property tables the version of the tables of globals: the day on which they were made
 */
data class ScanReport(
    val verdict: Verdict,
    val complete: Boolean,
    val executes: Executes,
    val findings: List<Finding>,
    val globals: List<ScannedGlobal>,
    val pickles: Long,
    val opcodes: Long,
    val bytes: Long,
    val buffers: Long,
    val otherReading: Long?,
    val tables: String,
) {
    internal companion object {
        /** Reads what the library wrote. */
        fun read(data: ByteArray): ScanReport {
            val from = Cursor(data)
            fun flag() = from.number() != 0L
            fun finding(): Finding {
                val (rule, verdict) = from.text() to Verdict.entries[from.int()]
                val (capability, message) = from.text() to from.text()
                val (module, name) = from.text() to from.text()
                val called = flag()
                val via = from.text().takeIf { called }
                return Finding(
                    rule, verdict, capability, message, module, name, via, from.text(), from.text(), from.number(),
                    from.int(), from.int(), from.text(),
                )
            }
            // The arguments are evaluated in order, which is that of the bytes.
            return ScanReport(
                Verdict.entries[from.int()], flag(), Executes.entries[from.int()], List(from.int()) { finding() },
                List(from.int()) {
                    ScannedGlobal(
                        from.text(), from.text(), from.text(), flag(), flag(), from.number(), from.number(),
                    )
                },
                from.number(), from.number(), from.number(), from.number(),
                from.number().let { if (it == 0L) null else it - 1 }, from.text(),
            )
        }

        /** Names as the library takes them: each followed by a NUL, so that none may contain one. */
        fun names(allow: Collection<String>) = allow.joinToString("") {
            if ('\u0000' in it) throw PickleException(ErrorKind.OTHER, 0, "a NUL in \"$it\": a global is written MODULE.NAME")
            it + "\u0000"
        }.toByteArray()
    }
}

/**
 * Tells what loading a stream of pickles would do, fed in pieces. Nothing is loaded. It is made with names of globals that are
 * harmless, `MODULE.NAME`, `MODULE:NAME` where the name has dots, `MODULE.*`, `ext:CODE`, or with a policy that
 * `pickle policy compile` wrote. Calls from several threads take turns.
 *
 * A scanner takes some 8 MB until it is closed. After [close] every call throws a [PickleException] of kind
 * [ErrorKind.CLOSED]; closing twice is fine.
 *
 * @throws PickleException a name is written otherwise, or the policy is none
 */
class Scanner private constructor(names: ByteArray, policy: ByteArray?) : AutoCloseable {
    @JvmOverloads
    @Throws(PickleException::class)
    constructor(allow: Collection<String> = emptyList()) : this(ScanReport.names(allow), null)

    @Throws(PickleException::class)
    constructor(policy: ByteArray) : this(ByteArray(0), policy)

    private val native = NativeReader { Native.scanner(names, policy, it) }

    /**
     * Takes a piece of input, all of it. Returns the verdict so far, which only rises: a caller may stop early.
     *
     * @throws PickleException of kind AFTER_END: the scan is finished
     */
    @JvmOverloads
    @Throws(PickleException::class)
    fun feed(data: ByteArray, offset: Int = 0, length: Int = data.size - offset): Verdict {
        require(offset >= 0 && length >= 0 && length <= data.size - offset) { "the range is not in the array" }
        var verdict = Verdict.UNKNOWN
        native.call { scanner, out ->
            Native.feedScanner(scanner, data, offset, length, out).also {
                if (out[0] == 0L) verdict = Verdict.entries[out[1].toInt()]
            }
        }
        return verdict
    }

    /** Ends the input and returns the report; calling it again returns the same. */
    @Throws(PickleException::class)
    fun finish(): ScanReport = ScanReport.read(native.call { scanner, out -> Native.finishScanner(scanner, out) })

    override fun close() = native.close()
}
