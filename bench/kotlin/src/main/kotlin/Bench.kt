// Bench FILE REPS: a line for each case, its name and milliseconds of CPU, tab-separated, the median first; garbage
// collection and the compiler count. Bench items FILE: the items of a large file: seconds of CPU and MB of memory at most.
// Bench small: pickles of 43 bytes and of 1 KB, microseconds of wall clock for one.
import com.sun.management.OperatingSystemMXBean
import java.io.File
import java.lang.management.ManagementFactory
import java.nio.file.Path
import net.razorvine.pickle.Pickler
import net.razorvine.pickle.Unpickler
import org.libpickle.Pickle
import org.libpickle.items
import org.libpickle.pickles
import org.libpickle.toKotlin
import org.libpickle.toPickle

private val cpu = ManagementFactory.getOperatingSystemMXBean() as OperatingSystemMXBean

/** Where results go, so that nothing is left out. */
@Volatile private var sink: Any? = null

private fun measure(name: String, reps: Int, run: () -> Any?) {
    repeat(reps) { sink = run() }
    val times = List(reps) {
        sink = null
        System.gc()
        val before = cpu.processCpuTime
        sink = run()
        (cpu.processCpuTime - before) / 1e6
    }.sorted()
    println("$name\t%.1f\t%.1f\t%.1f".format(times[times.size / 2], times.first(), times.last()))
}

/** The median, least and most of nine runs: microseconds for one of so many pickles in a call. */
private fun small(name: String, pickles: Int = 1, run: () -> Any?) {
    val calls = 20_000 / pickles
    val times = List(12) {
        val before = System.nanoTime()
        repeat(calls) { sink = run() }
        (System.nanoTime() - before) / 1e3 / calls / pickles
        // The first are the compiler's.
    }.drop(3).sorted()
    println("$name\t%.2f\t%.2f\t%.2f".format(times[times.size / 2], times.first(), times.last()))
}

private fun smalls() {
    val row = mapOf("id" to 7L, "at" to 21.5, "ok" to true)
    for (kotlin in listOf(row, List(30) { mapOf("id" to it.toLong(), "name" to "pump $it", "at" to it + 0.5) })) {
        val value = kotlin.toPickle()
        val pickle = Pickle.dumps(value, 4)
        val bytes = "${pickle.size} bytes"
        small("$bytes: loads") { Pickle.loads(pickle) }
        small("$bytes: loads, toKotlin") { Pickle.loads(pickle).toKotlin() }
        val stream = ByteArray(100 * pickle.size) { pickle[it % pickle.size] }
        small("$bytes: pickles()", 100) { stream.inputStream().pickles().count() }
        small("$bytes: dumps") { Pickle.dumps(value, 4) }
        small("$bytes: toPickle, dumps") { Pickle.dumps(kotlin.toPickle(), 4) }
        small("$bytes: net.razorvine:pickle, loads") { Unpickler().loads(pickle) }
        small("$bytes: net.razorvine:pickle, dumps") { Pickler().dumps(kotlin) }
    }
}

fun main(args: Array<String>) {
    if (args[0] == "small") return smalls()
    if (args[0] == "items") {
        val count = Path.of(args[1]).items().count()
        val peak = File("/proc/self/status").readLines().first { it.startsWith("VmHWM") }.filter { it.isDigit() }.toInt() / 1e3
        println("Kotlin, $count items\t%.1f\t%.0f".format(cpu.processCpuTime / 1e9, peak))
        return
    }
    val data = File(args[0]).readBytes()
    val reps = args[1].toInt()
    measure("Kotlin, loads", reps) { Pickle.loads(data) }
    measure("Kotlin, loads, toKotlin", reps) { Pickle.loads(data).toKotlin() }
    measure("net.razorvine:pickle", reps) { Unpickler().loads(data) }
}
