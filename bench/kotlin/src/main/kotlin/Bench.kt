// Bench FILE REPS: a line for each case, its name and milliseconds of CPU, tab-separated, the median first; garbage
// collection and the compiler count. Bench items FILE: the items of a large file: seconds of CPU and MB of memory at most.
import com.sun.management.OperatingSystemMXBean
import java.io.File
import java.lang.management.ManagementFactory
import java.nio.file.Path
import net.razorvine.pickle.Unpickler
import org.libpickle.Pickle
import org.libpickle.items
import org.libpickle.toKotlin

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

fun main(args: Array<String>) {
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
