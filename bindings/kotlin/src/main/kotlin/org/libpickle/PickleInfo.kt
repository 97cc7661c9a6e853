package org.libpickle

/**
 * Facts about a pickle, without its values.
 *
 * @property length bytes from the first opcode to STOP, STOP included
 * @property protocol the protocol that it says it is in; 0 where it says nothing
 * @property opcodes its opcodes
 * @property memo entries in the memo at the end
 * @property root what it holds: `dict`, or the class of the object, such as `datetime.date`
 * @property globals every class and function that it names, also those of values that it drops again, in the order of
 * their names
 * @property unnamedCalls objects that Python would make by calling something that has no name of its own
 * @property extensions extension codes that it names, in order
 * @property persistentIds objects that stand outside and are named by a persistent id
 * @property buffers out-of-band buffers that it asks for
 * @property droppedCall where the first call stands that is made for what it does to a value, because the pickle drops its
 * result: the offset of the POP. cloudpickle and dill set so what is in functions, classes and cells, which no value shows;
 * null where there is none
 */
class PickleInfo internal constructor(
    val length: Long,
    val protocol: Int,
    val opcodes: Long,
    val memo: Long,
    val root: String,
    val globals: List<GlobalUse>,
    val unnamedCalls: Long,
    val extensions: List<Long>,
    val persistentIds: Long,
    val buffers: Long,
    val droppedCall: Long?,
) {
    internal companion object {
        /** Reads what the library wrote. */
        fun read(data: ByteArray): PickleInfo {
            val from = Cursor(data)
            // The arguments are evaluated in order, which is that of the bytes.
            return PickleInfo(
                from.number(), from.int(), from.number(), from.number(), from.text(),
                List(from.int()) { GlobalUse(from.text(), from.text(), from.number()) },
                from.number(), List(from.int()) { from.number() }, from.number(), from.number(),
                // One more, so that 0 is none.
                (from.number() - 1).takeIf { it >= 0 },
            )
        }
    }
}

/**
 * A class or function that a pickle names: Python would import its module.
 *
 * @property module the module, as the pickle names it
 * @property name the name in it; may have dots
 * @property calls objects that Python would make by calling it, or as its instances
 */
data class GlobalUse(val module: String, val name: String, val calls: Long)
