// bench FILE REPS: a line for each case, its name and milliseconds of CPU, tab-separated, the median first.
// bench items FILE: the items of a large file: seconds of CPU and MB of memory at most.
import Foundation
import Pickle

struct Record: Decodable {
    var id: Int
    var ts: Double
    var name: String
    var temp: Double
    var ok: Bool
    var tags: [String]
    var v: [Double]
}

func cpu() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

func measure<T>(_ name: String, _ reps: Int, _ run: () throws -> T) rethrows {
    let times = try (0...reps).map { _ in
        let before = cpu()
        let value = try run()
        let after = cpu()
        withExtendedLifetime(value) {}
        return after - before
    }.dropFirst().sorted()
    print(name, String(format: "%.1f\t%.1f\t%.1f", times[times.count / 2], times[0], times[times.count - 1]), separator: "\t")
}

if CommandLine.arguments[1] == "items" {
    var count = 0
    for item in try Pickle.items(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2])) {
        _ = try item.get()
        count += 1
    }
    // Linux says it there.
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
    let peak = status.first { $0.hasPrefix("VmHWM") }.flatMap { Double($0.filter(\.isNumber)) } ?? 0
    print("Swift, \(count) items", String(format: "%.1f\t%.0f", cpu() / 1e3, peak / 1e3), separator: "\t")
    exit(0)
}
let data = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1]))
let reps = Int(CommandLine.arguments[2]) ?? 5
try measure("Swift, loads", reps) { try Pickle.loads(data) }
try measure("Swift, PickleDecoder", reps) { try PickleDecoder().decode([Record].self, from: data) }
