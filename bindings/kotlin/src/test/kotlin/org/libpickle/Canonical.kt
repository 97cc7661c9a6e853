package org.libpickle

import java.io.File
import java.security.MessageDigest
import java.util.Base64
import java.util.IdentityHashMap

val root = File(System.getProperty("project.root"))

fun sha256(bytes: ByteArray): String = MessageDigest.getInstance("SHA-256").digest(bytes).toHex()

fun ByteArray.toHex() = joinToString("") { "%02x".format(it) }

/** The canonical text of a graph, as `pickle graph` prints it: written from the Kotlin values alone. */
class Canonical private constructor() {
    private val numbers = IdentityHashMap<PickleValue, Int>()
    private val order = ArrayList<PickleValue>()

    companion object {
        fun of(root: PickleValue): String {
            val text = Canonical()
            text.number(root)
            val nodes = text.order.joinToString(",") { text.node(it) }
            return "{\"nodes\":[$nodes],\"root\":${text.value(root)}}"
        }
    }

    private fun isNode(value: PickleValue) = when (value) {
        is PickleTuple -> value.items.isNotEmpty()
        is PickleSequence, is PickleDict, is PickleChangeable, is PickleByteArray,
        is PickleReadOnly -> true
        else -> false
    }

    private fun children(value: PickleValue): List<PickleValue> = when (value) {
        is PickleSequence -> value.items
        is PickleDict -> value.entries.flatMap { it.toList() }
        is PickleReadOnly -> listOf(value.inner)
        is PickleChangeable -> parts(value) + value.changes.flatMap {
            when (it) {
                is PickleChange.Append -> it.items
                is PickleChange.SetItem -> it.keysAndValues
                is PickleChange.Add -> it.items
                is PickleChange.Build -> listOf(it.state)
                is PickleChange.Nested -> listOf(it.root)
                is PickleChange.Raw -> emptyList()
            }
        }
        else -> emptyList()
    }

    private fun parts(value: PickleChangeable): List<PickleValue> = when (value) {
        is PicklePersistent -> listOf(value.id)
        is PickleObject -> when (value.how) {
            // The arguments of OBJ and INST stand inline.
            PickleHow.OBJ, PickleHow.INST ->
                listOf(value.callable) + (value.args as PickleTuple).items
            else -> listOfNotNull(value.callable, value.args, value.kwargs)
        }
    }

    private fun number(root: PickleValue) {
        val stack = ArrayDeque(listOf(root))
        while (stack.isNotEmpty()) {
            val value = stack.removeLast()
            if (!isNode(value) || numbers.containsKey(value)) continue
            numbers[value] = order.size
            order.add(value)
            children(value).asReversed().forEach { stack.addLast(it) }
        }
    }

    private fun value(value: PickleValue): String = when (value) {
        PickleNone -> "null"
        is PickleBool -> value.value.toString()
        is PickleInt ->
            if (value.value in -(1L shl 53)..(1L shl 53)) value.value.toString() else "{\"int\":\"${value.value}\"}"
        is PickleBigInt -> {
            val n = value.value
            val text = if (n.abs().bitLength() <= 4096) n.toString() else (if (n.signum() < 0) "-0x" else "0x") + n.abs().toString(16)
            "{\"int\":\"$text\"}"
        }
        is PickleFloat -> "{\"float\":\"%016x\"}".format(value.value.toRawBits())
        is PickleStr -> str(value)
        is PickleStr8 -> "{\"str8\":${blob(value.value)}}"
        is PickleBytes -> "{\"bytes\":${blob(value.value)}}"
        is PickleGlobal -> "{\"global\":[${json(value.module)},${json(value.name)}]}"
        is PickleExtension -> "{\"ext\":${value.code}}"
        is PickleBuffer -> "{\"buffer\":${value.index}${if (value.readOnly) ",\"readonly\":true" else ""}}"
        else -> if (isNode(value)) "{\"\$ref\":${numbers[value]}}" else "{\"tuple\":[]}"
    }

    private fun str(value: PickleStr): String {
        val utf8 = value.surrogates ?: value.value.toByteArray()
        return when {
            utf8.size > 1024 -> "{\"str\":{\"sha256\":\"${sha256(utf8)}\",\"utf8_len\":${utf8.size}}}"
            value.surrogates != null -> "{\"str\":{\"surrogatepass_hex\":\"${utf8.toHex()}\"}}"
            else -> json(value.value)
        }
    }

    private fun blob(bytes: ByteArray) =
        if (bytes.size <= 256) "\"${Base64.getEncoder().encodeToString(bytes)}\""
        else "{\"len\":${bytes.size},\"sha256\":\"${sha256(bytes)}\"}"

    private fun list(values: List<PickleValue>) = values.joinToString(",", "[", "]") { value(it) }

    private fun pairs(values: List<PickleValue>) = values.chunked(2).joinToString(",", "[", "]") { list(it) }

    private fun node(node: PickleValue): String = when (node) {
        is PickleList -> "{\"list\":${list(node.items)}}"
        is PickleTuple -> "{\"tuple\":${list(node.items)}}"
        is PickleSet -> "{\"set\":${list(node.items)}}"
        is PickleFrozenSet -> "{\"frozenset\":${list(node.items)}}"
        is PickleDict -> "{\"dict\":${pairs(children(node))}}"
        is PickleByteArray -> "{\"bytearray\":${blob(node.value)}}"
        is PickleReadOnly -> "{\"readonly\":${value(node.inner)}}"
        is PickleChangeable -> {
            val ops = node.changes.map {
                when (it) {
                    is PickleChange.Append -> "{\"append\":${list(it.items)}}"
                    is PickleChange.SetItem -> "{\"setitem\":${pairs(it.keysAndValues)}}"
                    is PickleChange.Add -> "{\"add\":${list(it.items)}}"
                    is PickleChange.Build -> "{\"build\":${value(it.state)}}"
                    is PickleChange.Nested -> "{\"joblib_pickle\":${value(it.root)}}"
                    is PickleChange.Raw ->
                        "{\"joblib_raw\":{\"len\":${it.bytes.size},\"offset\":${it.offset},\"sha256\":\"${sha256(it.bytes)}\"}}"
                }
            }
            val made = when (node) {
                is PicklePersistent -> "persid" to value(node.id)
                is PickleObject -> when (node.how) {
                    PickleHow.OBJ, PickleHow.INST -> node.how.name.lowercase() to
                        "[${value(node.callable)},${list((node.args as PickleTuple).items)}]"
                    PickleHow.CHANGED -> "changed" to value(node.callable)
                    else -> node.how.name.lowercase() to list(parts(node))
                }
            }
            val fields = listOf(made.first to made.second) + if (ops.isEmpty()) listOf() else listOf("ops" to ops.joinToString(",", "[", "]"))
            fields.sortedBy { it.first }.joinToString(",", "{", "}") { "\"${it.first}\":${it.second}" }
        }
        else -> error("no node: $node")
    }

    private fun json(text: String) = buildString {
        append('"')
        for (c in text) when {
            c == '"' || c == '\\' -> append('\\').append(c)
            c == '\b' -> append("\\b")
            c == '\t' -> append("\\t")
            c == '\n' -> append("\\n")
            c == '\u000c' -> append("\\f")
            c == '\r' -> append("\\r")
            c < ' ' || c > '~' -> append("\\u%04x".format(c.code))
            else -> append(c)
        }
        append('"')
    }
}
