package org.libpickle

import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.libpickle.ffi.ErrorKind

/**
 * Reads the flat form: a buffer that holds a whole document from some byte on. The layout stands in `bindings/uniffi/src/flat/mod.rs`.
 * Without recursion, so that depth costs no stack.
 */
internal class Flat(private val data: ByteArray, private val from: kotlin.Int = 0) {
    private val numbers = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)
    private var at = 0
    private var texts = arrayOfNulls<PickleValue>(64)
    private var textCount = 0
    private var nodes = arrayOfNulls<PickleValue>(64)
    private var nodeCount = 0
    private val keys = ArrayList<Array<PickleValue?>>()

    private var stack = arrayOfNulls<Frame>(32)
    private var depth = 0

    fun read(): PickleValue {
        if (from >= data.size || data[from] != VERSION) {
            throw PickleException(ErrorKind.OTHER, 0, "the native library is of another version than these classes")
        }
        at = from + 1
        val root = arrayOfNulls<PickleValue>(1)
        push(Frame(root))
        while (depth > 0) {
            val frame = stack[depth - 1]!!
            if (run(frame)) {
                // A node may have opened above it.
                stack[--depth] = null
                frame.end(this)
            }
        }
        return root[0]!!
    }

    /** Goes on with a frame; true when it is complete, false when another was pushed. */
    private fun run(frame: Frame): Boolean {
        val into = frame.into
        val other = frame.other
        var i = frame.next
        if (other == null) {
            while (i < into.size) {
                val before = depth
                into[i++] = value()
                if (depth != before) {
                    frame.next = i
                    return false
                }
            }
        } else {
            // Keys and values by turns.
            while (i < 2 * into.size) {
                val before = depth
                val value = value()
                if (i and 1 == 0) into[i shr 1] = value else other[i shr 1] = value
                i++
                if (depth != before) {
                    frame.next = i
                    return false
                }
            }
        }
        frame.next = i
        return true
    }

    private fun push(frame: Frame) {
        if (depth == stack.size) stack = stack.copyOf(depth * 2)
        stack[depth++] = frame
    }

    /** Values that are still to come. */
    private open class Frame(val into: Array<PickleValue?>, val other: Array<PickleValue?>? = null) {
        var next = 0
        open fun end(flat: Flat) {}
    }

    private fun value(): PickleValue = when (val tag = data[at++].toInt()) {
        0 -> PickleValue.None
        1 -> FALSE
        2 -> TRUE
        3 -> SMALL[data[at++] + 128]
        4 -> PickleValue.Int(numbers.getInt(at).toLong()).also { at += 4 }
        5 -> PickleValue.Int(numbers.getLong(at)).also { at += 8 }
        6 -> PickleValue.Float(Double.fromBits(numbers.getLong(at))).also { at += 8 }
        17 -> texts[size()]!!
        11 -> text(PickleValue.Str(string(Charsets.ISO_8859_1)))
        12 -> text(PickleValue.Str(string(Charsets.UTF_8)))
        20 -> nodes[size()]!!
        21 -> sequence(PickleValue.List(arrayOfNulls(size())))
        22 -> sequence(PickleValue.Tuple(arrayOfNulls(size())))
        26 -> sequence(PickleValue.Set(arrayOfNulls(size())))
        27 -> sequence(PickleValue.FrozenSet(arrayOfNulls(size())))
        25 -> {
            val shared = keys[size()]
            val dict = PickleValue.Dict(shared, arrayOfNulls(shared.size))
            node(dict)
            push(Frame(dict.valueArray))
            dict
        }
        else -> rare(tag)
    }

    private fun rare(tag: kotlin.Int): PickleValue = when (tag) {
        7 -> EMPTY_TUPLE
        8 -> PickleValue.Extension(number())
        9 -> PickleValue.Buffer(number(), data[at++].toInt() == 1)
        10 -> text(PickleValue.BigInt(BigInteger(bytes().apply { reverse() })))
        13 -> bytes().let { text(PickleValue.Str(surrogates(it), it)) }
        14 -> text(PickleValue.Str8(bytes()))
        15 -> text(PickleValue.Bytes(bytes()))
        16 -> {
            val module = value() as PickleValue.Str
            text(PickleValue.Global(module.value, (value() as PickleValue.Str).value))
        }
        23 -> {
            val count = size()
            val dict = PickleValue.Dict(arrayOfNulls(count), arrayOfNulls(count))
            node(dict)
            push(Frame(dict.keyArray, dict.valueArray))
            dict
        }
        24 -> {
            val own = arrayOfNulls<PickleValue>(size())
            keys.add(own)
            val dict = PickleValue.Dict(own, arrayOfNulls(own.size))
            node(dict)
            for (i in own.indices) own[i] = value()
            push(Frame(dict.valueArray))
            dict
        }
        28 -> {
            // The content is a text, which has no node: the order of the two does not matter.
            val content = value() as PickleValue.Bytes
            PickleValue.ByteArray(content.value.copyOf()).also { node(it) }
        }
        29 -> {
            val view = PickleValue.ReadOnly()
            node(view)
            push(object : Frame(arrayOfNulls(1)) {
                override fun end(flat: Flat) { view.inner = into[0]!! }
            })
            view
        }
        30 -> made()
        else -> throw PickleException(ErrorKind.OTHER, at.toLong(), "the buffer from the native library has the unknown tag $tag")
    }

    private fun made(): PickleValue {
        val how = PickleValue.How.entries[data[at++].toInt()]
        val parts = arrayOfNulls<PickleValue>(
            when (how) {
                PickleValue.How.PERSID, PickleValue.How.CHANGED -> 1
                PickleValue.How.NEWOBJ_EX -> 3
                else -> 2
            },
        )
        val made = if (how == PickleValue.How.PERSID) PickleValue.Persistent() else PickleValue.Object(how)
        node(made)
        push(object : Frame(parts) {
            override fun end(flat: Flat) {
                when (made) {
                    is PickleValue.Persistent -> made.id = parts[0]!!
                    is PickleValue.Object -> {
                        made.callable = parts[0]!!
                        made.args = parts.getOrNull(1)
                        made.kwargs = parts.getOrNull(2)
                    }
                }
                flat.changes(made, ArrayList(1))
            }
        })
        return made
    }

    /** The next change of an object; its values come in a frame of their own, and after them the next. */
    private fun changes(made: PickleValue.Changeable, so: ArrayList<PickleValue.Change>) {
        val kind = data[at++].toInt()
        var offset = 0L
        val known = if (kind == 7) PickleValue.Known.Kind.entries[data[at++] - 1] else null
        val count = when (kind) {
            0 -> {
                made.changes = if (so.isEmpty()) emptyList() else so
                return
            }
            2 -> 2 * size()
            4, 6 -> 1
            5 -> { offset = number(); 1 }
            else -> size()
        }
        push(object : Frame(arrayOfNulls(count)) {
            override fun end(flat: Flat) {
                @Suppress("UNCHECKED_CAST")
                val values = (into as Array<PickleValue>).asList()
                when (kind) {
                    1 -> so.add(PickleValue.Change.Append(values))
                    2 -> so.add(PickleValue.Change.SetItem(values))
                    3 -> so.add(PickleValue.Change.Add(values))
                    4 -> so.add(PickleValue.Change.Build(values[0]))
                    5 -> so.add(PickleValue.Change.Raw(offset, (values[0] as PickleValue.Bytes).value))
                    6 -> so.add(PickleValue.Change.Nested(values[0]))
                    else -> made.known = PickleValue.Known(known!!, values)
                }
                flat.changes(made, so)
            }
        })
    }

    private fun sequence(value: PickleValue.Sequence): PickleValue {
        node(value)
        push(Frame(value.array))
        return value
    }

    private fun node(value: PickleValue) {
        if (nodeCount == nodes.size) nodes = nodes.copyOf(nodeCount * 2)
        nodes[nodeCount++] = value
    }

    private fun text(value: PickleValue): PickleValue {
        if (textCount == texts.size) texts = texts.copyOf(textCount * 2)
        texts[textCount++] = value
        return value
    }

    private fun string(charset: java.nio.charset.Charset): String {
        val size = size()
        return String(data, at, size, charset).also { at += size }
    }

    private fun bytes(): ByteArray {
        val size = size()
        return data.copyOfRange(at, at + size).also { at += size }
    }

    private fun size(): kotlin.Int {
        val byte = data[at].toInt()
        if (byte >= 0) {
            at++
            return byte
        }
        return number().toInt()
    }

    private fun number(): Long {
        var shift = 0
        var number = 0L
        while (true) {
            val byte = data[at++].toLong()
            number = number or ((byte and 0x7f) shl shift)
            if (byte >= 0) return number
            shift += 7
        }
    }

    companion object {
        const val VERSION: Byte = 1
        private val TRUE = PickleValue.Bool(true)
        private val FALSE = PickleValue.Bool(false)
        private val SMALL = Array(256) { PickleValue.Int((it - 128).toLong()) }
        private val EMPTY_TUPLE = PickleValue.Tuple(arrayOfNulls(0))

        /** UTF-8 in which surrogates stand as three bytes. */
        private fun surrogates(bytes: ByteArray): String {
            val text = StringBuilder(bytes.size)
            var i = 0
            while (i < bytes.size) {
                val lead = bytes[i].toInt() and 0xff
                val more = if (lead < 0x80) 0 else if (lead < 0xe0) 1 else if (lead < 0xf0) 2 else 3
                var point = if (more == 0) lead else lead and (0x3f shr more)
                for (k in 1..more) point = point shl 6 or (bytes[i + k].toInt() and 0x3f)
                text.appendCodePoint(point)
                i += 1 + more
            }
            return text.toString()
        }
    }
}
