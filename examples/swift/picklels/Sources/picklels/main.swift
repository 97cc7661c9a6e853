// picklels FILE [--write COPY]: lists what is in the pickles of a file, without Python and without running anything that
// they name, and writes the last one again.
import Foundation
import Pickle

/// One line for a value, and the lines of what it holds, so many levels down.
func list(_ value: PickleValue, as name: String, indent: Int, levels: Int) {
    let (summary, parts) = describe(value)
    print(String(repeating: "  ", count: indent) + (name.isEmpty ? "" : name + ": ") + summary)
    guard levels > 0 else { return }
    for (name, part) in parts.prefix(8) { list(part, as: name, indent: indent + 1, levels: levels - 1) }
    if parts.count > 8 { print(String(repeating: "  ", count: indent + 1) + "... \(parts.count - 8) more") }
}

func describe(_ value: PickleValue) -> (String, [(String, PickleValue)]) {
    switch value {
    case .list(let items): return ("list of \(items.count)", numbered(items))
    case .tuple(let items): return ("tuple of \(items.count)", numbered(items))
    case .set(let items), .frozenSet(let items): return ("set of \(items.count)", numbered(items.elements))
    case .dict(let entries): return ("dict of \(entries.count)", named(entries))
    case .bytes(let data), .byteArray(let data), .python2String(let data): return ("\(data.count) bytes", [])
    case .object(let object):
        let name = object.className ?? "an object"
        switch object.known {
        case .dataFrame(let rows, let columns):
            return ("\(name), \(rows.map(String.init) ?? "?") rows, \(columns.map(String.init) ?? "?") columns", object.attributes.map(named) ?? [])
        case .array(let array):
            let first = (array.numbers ?? array.objects ?? []).prefix(4).map(\.description).joined(separator: ", ")
            return ("array of \(array.dtype.name), shape \(array.shape): \(first) ...", [])
        case .scalar(let dtype, _): return ("\(dtype.name): \((try? PickleDecoder().decode(Double.self, from: value)) ?? .nan)", [])
        case .date(let year, let month, let day): return (String(format: "%04d-%02d-%02d", year, month, day), [])
        case .dateTime(let at, _, _):
            let parts = [at.year, at.month, at.day, at.hour, at.minute, at.second].map { $0 ?? 0 }
            return (String(format: "%04d-%02d-%02d %02d:%02d:%02d", arguments: parts), [])
        case .decimal(let text): return (text, [])
        case .uuid(let uuid): return (uuid.uuidString, [])
        default: return (name, value.dictionary.map(named) ?? value.items.map(numbered) ?? object.attributes.map(named) ?? [])
        }
    default: return (String(value.description.prefix(60)), [])
    }
}

func numbered(_ items: [PickleValue]) -> [(String, PickleValue)] { items.enumerated().map { ("[\($0)]", $1) } }
func named(_ entries: PickleDictionary) -> [(String, PickleValue)] { entries.map { ($0.key.description, $0.value) } }

let arguments = CommandLine.arguments
guard arguments.count == 2 || (arguments.count == 4 && arguments[2] == "--write") else {
    print("usage: picklels FILE [--write COPY]")
    exit(2)
}
print(arguments[1])
do {
    var last = PickleValue.none
    for result in try Pickle.pickles(contentsOf: URL(fileURLWithPath: arguments[1])) {
        last = try result.get()
        list(last, as: "", indent: 1, levels: 4)
    }
    if arguments.count == 4 {
        try Pickle.dump(last, to: URL(fileURLWithPath: arguments[3]))
        print("written to \(arguments[3])")
    }
} catch {
    FileHandle.standardError.write(Data("\(arguments[1]): \(error)\n".utf8))
    exit(1)
}
