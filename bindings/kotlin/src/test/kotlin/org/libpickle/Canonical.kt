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
        is PickleValue.Tuple -> value.items.isNotEmpty()
        is PickleValue.Sequence, is PickleValue.Dict, is PickleValue.Changeable, is PickleValue.ByteArray,
        is PickleValue.ReadOnly -> true
        else -> false
    }

    private fun children(value: PickleValue): List<PickleValue> = when (value) {
        is PickleValue.Sequence -> value.items
        is PickleValue.Dict -> value.entries.flatMap { it.toList() }
        is PickleValue.ReadOnly -> listOf(value.inner)
        is PickleValue.Changeable -> parts(value) + value.changes.flatMap {
            when (it) {
                is PickleValue.Change.Append -> it.items
                is PickleValue.Change.SetItem -> it.keysAndValues
                is PickleValue.Change.Add -> it.items
                is PickleValue.Change.Build -> listOf(it.state)
                is PickleValue.Change.Nested -> listOf(it.root)
                is PickleValue.Change.Raw -> emptyList()
            }
        }
        else -> emptyList()
    }

    private fun parts(value: PickleValue.Changeable): List<PickleValue> = when (value) {
        is PickleValue.Persistent -> listOf(value.id)
        is PickleValue.Object -> when (value.how) {
            // The arguments of OBJ and INST stand inline.
            PickleValue.How.OBJ, PickleValue.How.INST ->
                listOf(value.callable) + (value.args as PickleValue.Tuple).items
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
        PickleValue.None -> "null"
        is PickleValue.Bool -> value.value.toString()
        is PickleValue.Int ->
            if (value.value in -(1L shl 53)..(1L shl 53)) value.value.toString() else "{\"int\":\"${value.value}\"}"
        is PickleValue.BigInt -> {
            val n = value.value
            val text = if (n.abs().bitLength() <= 4096) n.toString() else (if (n.signum() < 0) "-0x" else "0x") + n.abs().toString(16)
            "{\"int\":\"$text\"}"
        }
        is PickleValue.Float -> "{\"float\":\"%016x\"}".format(value.value.toRawBits())
        is PickleValue.Str -> str(value)
        is PickleValue.Str8 -> "{\"str8\":${blob(value.value)}}"
        is PickleValue.Bytes -> "{\"bytes\":${blob(value.value)}}"
        is PickleValue.Global -> "{\"global\":[${json(value.module)},${json(value.name)}]}"
        is PickleValue.Extension -> "{\"ext\":${value.code}}"
        is PickleValue.Buffer -> "{\"buffer\":${value.index}${if (value.readOnly) ",\"readonly\":true" else ""}}"
        else -> if (isNode(value)) "{\"\$ref\":${numbers[value]}}" else "{\"tuple\":[]}"
    }

    private fun str(value: PickleValue.Str): String {
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
        is PickleValue.List -> "{\"list\":${list(node.items)}}"
        is PickleValue.Tuple -> "{\"tuple\":${list(node.items)}}"
        is PickleValue.Set -> "{\"set\":${list(node.items)}}"
        is PickleValue.FrozenSet -> "{\"frozenset\":${list(node.items)}}"
        is PickleValue.Dict -> "{\"dict\":${pairs(children(node))}}"
        is PickleValue.ByteArray -> "{\"bytearray\":${blob(node.value)}}"
        is PickleValue.ReadOnly -> "{\"readonly\":${value(node.inner)}}"
        is PickleValue.Changeable -> {
            val ops = node.changes.map {
                when (it) {
                    is PickleValue.Change.Append -> "{\"append\":${list(it.items)}}"
                    is PickleValue.Change.SetItem -> "{\"setitem\":${pairs(it.keysAndValues)}}"
                    is PickleValue.Change.Add -> "{\"add\":${list(it.items)}}"
                    is PickleValue.Change.Build -> "{\"build\":${value(it.state)}}"
                    is PickleValue.Change.Nested -> "{\"joblib_pickle\":${value(it.root)}}"
                    is PickleValue.Change.Raw ->
                        "{\"joblib_raw\":{\"len\":${it.bytes.size},\"offset\":${it.offset},\"sha256\":\"${sha256(it.bytes)}\"}}"
                }
            }
            val made = when (node) {
                is PickleValue.Persistent -> "persid" to value(node.id)
                is PickleValue.Object -> when (node.how) {
                    PickleValue.How.OBJ, PickleValue.How.INST -> node.how.name.lowercase() to
                        "[${value(node.callable)},${list((node.args as PickleValue.Tuple).items)}]"
                    PickleValue.How.CHANGED -> "changed" to value(node.callable)
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
