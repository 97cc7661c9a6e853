package org.libpickle

import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Reads the flat form: a buffer that holds whole documents from some bytes on. The layout is in `bindings/uniffi/src/flat/mod.rs`.
 * Without recursion, so that depth costs no stack.
 */
internal class Flat(private val data: ByteArray) {
    private val numbers = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN)
    private var at = 0
    /** Behind the last are those of the document before: rows have the same keys at the same places. */
    private var texts = arrayOfNulls<PickleValue>((data.size / 4).coerceIn(8, 64))
    private var textCount = 0
    private var nodes = arrayOfNulls<PickleValue>((data.size / 4).coerceIn(8, 64))
    private var nodeCount = 0
    private val keys = ArrayList<Array<PickleValue?>>()

    private var stack = arrayOfNulls<Frame>(8)
    private var depth = 0

    /** The document that begins at a byte. */
    fun read(from: Int = 0): PickleValue {
        textCount = 0
        nodeCount = 0
        depth = 0
        keys.clear()
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
        0 -> PickleNone
        1 -> FALSE
        2 -> TRUE
        3 -> SMALL[data[at++] + 128]
        4 -> PickleInt(numbers.getInt(at).toLong()).also { at += 4 }
        5 -> PickleInt(numbers.getLong(at)).also { at += 8 }
        6 -> PickleFloat(Double.fromBits(numbers.getLong(at))).also { at += 8 }
        17 -> texts[size()]!!
        11 -> latin()
        12 -> text(PickleStr(string(Charsets.UTF_8), null))
        20 -> nodes[size()]!!
        21 -> sequence(PickleList(arrayOfNulls(size())))
        22 -> sequence(PickleTuple(arrayOfNulls(size())))
        26 -> sequence(PickleSet(arrayOfNulls(size())))
        27 -> sequence(PickleFrozenSet(arrayOfNulls(size())))
        25 -> {
            val shared = keys[size()]
            val dict = PickleDict(shared, arrayOfNulls(shared.size))
            node(dict)
            push(Frame(dict.valueArray))
            dict
        }
        else -> rare(tag)
    }

    private fun rare(tag: Int): PickleValue = when (tag) {
        7 -> EMPTY_TUPLE
        8 -> PickleExtension(number())
        9 -> PickleBuffer(number(), data[at++].toInt() == 1)
        10 -> text(PickleBigInt(BigInteger(bytes().apply { reverse() })))
        13 -> bytes().let { text(PickleStr(surrogates(it), it)) }
        14 -> text(PickleStr8(bytes()))
        15 -> text(PickleBytes(bytes()))
        16 -> {
            val module = value() as PickleStr
            text(PickleGlobal(module.value, (value() as PickleStr).value))
        }
        23 -> {
            val count = size()
            val dict = PickleDict(arrayOfNulls(count), arrayOfNulls(count))
            node(dict)
            push(Frame(dict.keyArray, dict.valueArray))
            dict
        }
        24 -> {
            val own = arrayOfNulls<PickleValue>(size())
            keys.add(own)
            val dict = PickleDict(own, arrayOfNulls(own.size))
            node(dict)
            for (i in own.indices) own[i] = value()
            push(Frame(dict.valueArray))
            dict
        }
        28 -> {
            // The content is a text, which has no node: the order of the two does not matter.
            val content = value() as PickleBytes
            PickleByteArray(content.value.copyOf()).also { node(it) }
        }
        29 -> {
            val view = PickleReadOnly()
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
        val how = PickleHow.entries[data[at++].toInt()]
        val parts = arrayOfNulls<PickleValue>(
            when (how) {
                PickleHow.PERSID, PickleHow.CHANGED -> 1
                PickleHow.NEWOBJ_EX -> 3
                else -> 2
            },
        )
        val made = if (how == PickleHow.PERSID) PicklePersistent() else PickleObject(how)
        node(made)
        push(object : Frame(parts) {
            override fun end(flat: Flat) {
                when (made) {
                    is PicklePersistent -> made.id = parts[0]!!
                    is PickleObject -> {
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
    private fun changes(made: PickleChangeable, so: ArrayList<PickleChange>) {
        val kind = data[at++].toInt()
        var offset = 0L
        val known = if (kind == 7) PickleKnown.Kind.entries[data[at++] - 1] else null
        val count = when (kind) {
            0 -> {
                made.changes = if (so.isEmpty()) emptyList() else so
                return
            }
            2 -> 2 * size()
            4, 6, 8 -> 1
            5 -> { offset = number(); 1 }
            9 -> 2 * size()
            10 -> {
                (made as PickleObject).unknown = PickleUnknown.entries[data[at++].toInt()]
                0
            }
            else -> size()
        }
        push(object : Frame(arrayOfNulls(count)) {
            override fun end(flat: Flat) {
                @Suppress("UNCHECKED_CAST")
                val values = (into as Array<PickleValue>).asList()
                when (kind) {
                    1 -> so.add(PickleChange.Append(values))
                    2 -> so.add(PickleChange.SetItem(values))
                    3 -> so.add(PickleChange.Add(values))
                    4 -> so.add(PickleChange.Build(values[0]))
                    5 -> so.add(PickleChange.Raw(offset, (values[0] as PickleBytes).value))
                    6 -> so.add(PickleChange.Nested(values[0]))
                    7 -> made.known = if (values.isEmpty()) PickleKnown.EMPTY[known!!.ordinal] else PickleKnown(known!!, values)
                    8 -> (made as PickleObject).given = values[0]
                    9 -> (made as PickleObject).named = List(values.size / 2) { values[2 * it] to values[2 * it + 1] }
                }
                flat.changes(made, so)
            }
        })
    }

    private fun sequence(value: PickleSequence): PickleValue {
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

    /** Text of one byte a character; where that before was the same, the same. */
    private fun latin(): PickleValue {
        val size = size()
        val before = if (textCount < texts.size) texts[textCount] as? PickleStr else null
        if (before == null || !isAt(before.value, size)) {
            return text(PickleStr(String(data, at, size, Charsets.ISO_8859_1), null)).also { at += size }
        }
        textCount++
        at += size
        return before
    }

    /** The text is that of so many bytes here. */
    private fun isAt(text: String, size: Int): Boolean {
        if (text.length != size) return false
        for (i in 0 until size) if (text[i].code != data[at + i].toInt() and 0xff) return false
        return true
    }

    private fun string(charset: java.nio.charset.Charset): String {
        val size = size()
        return String(data, at, size, charset).also { at += size }
    }

    private fun bytes(): ByteArray {
        val size = size()
        return data.copyOfRange(at, at + size).also { at += size }
    }

    private fun size(): Int {
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
        const val VERSION: Byte = 2
        private val TRUE = PickleBool(true)
        private val FALSE = PickleBool(false)
        private val SMALL = Array(256) { PickleInt((it - 128).toLong()) }
        private val EMPTY_TUPLE = PickleTuple(arrayOfNulls(0))

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
