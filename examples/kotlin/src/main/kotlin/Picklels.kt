// picklels FILE [--write COPY]: lists what is in a pickle, without Python and without running anything that it names,
// and writes it again.
import java.nio.file.Path
import kotlin.system.exitProcess
import org.libpickle.*
import org.libpickle.PickleKnown.Kind

/** One line for a value, and the lines of what it holds, so many levels down. */
fun list(value: PickleValue, name: String, indent: Int, levels: Int) {
    val (summary, parts) = describe(value)
    println("  ".repeat(indent) + (if (name.isEmpty()) "" else "$name: ") + summary)
    if (levels == 0) return
    for ((part, inside) in parts.take(8)) list(inside, part, indent + 1, levels - 1)
    if (parts.size > 8) println("  ".repeat(indent + 1) + "... ${parts.size - 8} more")
}

fun describe(value: PickleValue): Pair<String, List<Pair<String, PickleValue>>> = when (value) {
    is PickleSequence -> "${value.javaClass.simpleName.removePrefix("Pickle").lowercase()} of ${value.items.size}" to
        value.items.mapIndexed { i, item -> "[$i]" to item }
    is PickleDict -> "dict of ${value.size}" to value.entries.map { (key, item) -> describe(key).first to item }
    is PickleStr -> "'${value.value.take(60)}'" to emptyList()
    is PickleBytes -> "${value.value.size} bytes" to emptyList()
    is PickleByteArray -> "${value.value.size} bytes" to emptyList()
    is PickleGlobal -> "${value.module}.${value.name}" to emptyList()
    is PickleObject -> describe(value)
    is PicklePersistent -> "persistent" to listOf("id" to value.id)
    else -> value.toKotlin().toString() to emptyList()
}

fun describe(value: PickleObject): Pair<String, List<Pair<String, PickleValue>>> {
    val name = value.className?.let { "${it.module}.${it.name}" } ?: "an object"
    val attributes = value.attributes?.map { (key, item) -> describe(key).first to item }
    val known = value.known
    fun fact(i: Int) = known?.let { describe(it.values[i]).first }
    return when (known?.kind) {
        Kind.DATA_FRAME -> "$name, ${fact(0)} rows, ${fact(1)} columns" to (attributes ?: emptyList())
        Kind.ARRAY -> {
            val items = known.numbers?.let { it.take(4).joinToString() + if (it.size > 4) ", ..." else "" } ?: "..."
            "array of ${fact(0)}, shape ${known.shape}: $items" to emptyList()
        }
        Kind.SCALAR -> "${fact(0)}: ${known.numbers?.singleOrNull() ?: "..."}" to emptyList()
        Kind.DTYPE -> "dtype ${fact(0)}" to emptyList()
        null, Kind.RECORD, Kind.FIELDS -> name to (attributes ?: listOfNotNull(value.args?.let { "args" to it }, value.state?.let { "state" to it }))
        else -> when (val plain = value.toKotlin()) {
            is PickleValue -> name to known.values.mapIndexed { i, part -> "[$i]" to part }
            else -> plain.toString() to emptyList()
        }
    }
}

fun main(args: Array<String>) {
    if (args.isEmpty() || (args.size > 1 && (args.size != 3 || args[1] != "--write"))) {
        println("usage: picklels FILE [--write COPY]")
        exitProcess(2)
    }
    try {
        val value = Pickle.load(Path.of(args[0]))
        list(value, args[0], 0, 4)
        if (args.size == 3) {
            Pickle.dump(value, Path.of(args[2]))
            println("written to ${args[2]}")
        }
    } catch (e: PickleException) {
        System.err.println("${args[0]}: ${e.message}")
        exitProcess(1)
    }
}
