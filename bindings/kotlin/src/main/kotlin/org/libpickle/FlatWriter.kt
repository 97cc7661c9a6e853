package org.libpickle

import java.util.IdentityHashMap

/**
 * Writes the flat form, as [Flat] reads it. The same instance becomes the same value: sharing and cycles stay. Without
 * recursion.
 */
internal class FlatWriter {
    private var out = ByteArray(1024)
    private var size = 0
    private val texts = IdentityHashMap<PickleValue, Int>()
    private var textCount = 0

    /** Names of modules, and of what is in them: Python has each once. */
    private val modules = HashMap<String, Int>()
    private val names = HashMap<String, Int>()
    private val nodes = IdentityHashMap<PickleValue, Int>()
    private var nodeCount = 0
    private val stack = ArrayList<Frame>()

    /** Values that are still to be written, and what comes then. */
    private open class Frame(val values: List<PickleValue>) {
        var next = 0
        open fun end() {}
    }

    /** The nodes by their numbers. */
    fun nodes(): Array<PickleValue?> {
        val all = arrayOfNulls<PickleValue>(nodeCount)
        for ((node, number) in nodes) all[number] = node
        return all
    }

    /** Hands the buffer over, and how many bytes of it are the value. */
    fun <T> write(root: PickleValue, take: (ByteArray, Int) -> T): T {
        fill(root)
        return take(out, size)
    }

    private fun fill(root: PickleValue) {
        byte(Flat.VERSION.toInt())
        stack.add(Frame(listOf(root)))
        while (stack.isNotEmpty()) {
            val frame = stack.last()
            if (frame.next < frame.values.size) {
                value(frame.values[frame.next++])
            } else {
                stack.removeAt(stack.size - 1)
                frame.end()
            }
        }
    }

    private fun value(value: PickleValue) {
        when (value) {
            PickleNone -> byte(0)
            is PickleBool -> byte(if (value.value) 2 else 1)
            is PickleInt -> int(value.value)
            is PickleFloat -> { byte(6); fixed(value.value.toRawBits(), 8) }
            is PickleExtension -> { byte(8); number(value.code) }
            is PickleBuffer -> { byte(9); number(value.index); byte(if (value.readOnly) 1 else 0) }
            is PickleBigInt -> text(value, 10) { value.value.toByteArray().apply { reverse() } }
            is PickleStr ->
                if (value.surrogates != null) text(value, 13) { value.surrogates } else text(value, 12) { value.value.toByteArray() }
            is PickleStr8 -> text(value, 14) { value.value }
            is PickleBytes -> text(value, 15) { value.value }
            is PickleGlobal -> global(value)
            is PickleTuple -> if (value.array.isEmpty()) byte(7) else sequence(value, 22)
            is PickleList -> sequence(value, 21)
            is PickleSet -> sequence(value, 26)
            is PickleFrozenSet -> sequence(value, 27)
            is PickleDict -> if (node(value, 23)) {
                number(value.size.toLong())
                stack.add(Frame(Pairs(value)))
            }
            is PickleByteArray -> if (node(value, 28)) {
                textCount++
                bytes(15, value.value)
            }
            is PickleReadOnly -> if (node(value, 29)) stack.add(Frame(listOf(value.inner)))
            is PicklePersistent -> if (node(value, 30)) {
                byte(PickleHow.PERSID.ordinal)
                made(listOf(value.id), value)
            }
            is PickleObject -> if (node(value, 30)) made(value)
        }
    }

    /** Keys and values by turns. */
    private class Pairs(private val dict: PickleDict) : AbstractList<PickleValue>() {
        override val size get() = 2 * dict.size
        override fun get(index: Int) = (if (index and 1 == 0) dict.keyArray else dict.valueArray)[index shr 1]!!
    }

    private fun sequence(value: PickleSequence, tag: Int) {
        if (!node(value, tag)) return
        number(value.array.size.toLong())
        stack.add(Frame(value.items))
    }

    private fun made(value: PickleObject) {
        byte(value.how.ordinal)
        val args = value.args
        if (value.how == PickleHow.OBJ || value.how == PickleHow.INST) {
            // The arguments stand inline: a tuple of their own.
            val items = (args as? PickleTuple)?.items ?: emptyList()
            stack.add(object : Frame(listOf(value.callable)) {
                override fun end() {
                    if (items.isEmpty()) byte(7) else {
                        byte(22)
                        // Not for other places that hold the same tuple: there it is one of its own.
                        nodeCount++
                        number(items.size.toLong())
                    }
                    made(items, value)
                }
            })
        } else {
            made(listOfNotNull(value.callable, args, value.kwargs), value)
        }
    }

    private fun made(parts: List<PickleValue>, value: PickleChangeable) {
        stack.add(object : Frame(parts) {
            override fun end() = changes(value.changes, 0)
        })
    }

    private fun changes(all: List<PickleChange>, from: Int) {
        val change = all.getOrNull(from) ?: return byte(0)
        val values = when (change) {
            is PickleChange.Append -> counted(1, change.items, 1)
            is PickleChange.SetItem -> counted(2, change.keysAndValues, 2)
            is PickleChange.Add -> counted(3, change.items, 1)
            is PickleChange.Build -> { byte(4); listOf(change.state) }
            is PickleChange.Nested -> { byte(6); listOf(change.root) }
            is PickleChange.Raw -> { byte(5); number(change.offset); listOf(PickleBytes(change.bytes)) }
        }
        stack.add(object : Frame(values) {
            override fun end() = changes(all, from + 1)
        })
    }

    private fun counted(kind: Int, values: List<PickleValue>, width: Int): List<PickleValue> {
        byte(kind)
        number((values.size / width).toLong())
        return values
    }

    /** Begins a node; false where it was written before and only its number is left to write. */
    private fun node(value: PickleValue, tag: Int): Boolean {
        val known = nodes.putIfAbsent(value, nodeCount)
        if (known != null) {
            byte(20)
            number(known.toLong())
            return false
        }
        nodeCount++
        byte(tag)
        return true
    }

    private inline fun text(value: PickleValue, tag: Int, content: () -> ByteArray) {
        val known = texts.putIfAbsent(value, textCount)
        if (known != null) {
            byte(17)
            number(known.toLong())
            return
        }
        textCount++
        bytes(tag, content())
    }

    private fun global(value: PickleGlobal) {
        val known = texts[value]
        if (known != null) {
            byte(17)
            number(known.toLong())
            return
        }
        byte(16)
        for ((part, seen) in listOf(value.module to modules, value.name to names)) {
            val number = seen.putIfAbsent(part, textCount)
            if (number != null) {
                byte(17)
                number(number.toLong())
            } else {
                textCount++
                bytes(12, part.toByteArray())
            }
        }
        texts[value] = textCount++
    }

    private fun int(n: Long) {
        when (n) {
            in Byte.MIN_VALUE..Byte.MAX_VALUE -> { byte(3); byte(n.toInt()) }
            in Int.MIN_VALUE..Int.MAX_VALUE -> { byte(4); fixed(n, 4) }
            else -> { byte(5); fixed(n, 8) }
        }
    }

    private fun bytes(tag: Int, content: ByteArray) {
        byte(tag)
        number(content.size.toLong())
        reserve(content.size)
        content.copyInto(out, size)
        size += content.size
    }

    private fun fixed(n: Long, count: Int) {
        for (i in 0 until count) byte((n shr (8 * i)).toInt())
    }

    private fun number(n: Long) {
        var left = n
        while (left and 0x7f.inv() != 0L) {
            byte(left.toInt() or 0x80)
            left = left ushr 7
        }
        byte(left.toInt())
    }

    private fun byte(n: Int) {
        reserve(1)
        out[size++] = n.toByte()
    }

    private fun reserve(more: Int) {
        if (size + more <= out.size) return
        // What an array can hold.
        val wanted = maxOf(2L * out.size, size.toLong() + more).coerceAtMost(Int.MAX_VALUE - 64L)
        if (wanted < size.toLong() + more) {
            throw PickleException(ErrorKind.SIZE_LIMIT, 0, "the values take more than 2 GiB")
        }
        out = out.copyOf(wanted.toInt())
    }
}
