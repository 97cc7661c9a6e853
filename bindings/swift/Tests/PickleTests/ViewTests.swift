import Foundation
import XCTest

@testable import Pickle

/// What values mean, in every spelling of every Python: the table that the core is tested with, in the words of it.
final class ViewTests: XCTestCase {
    func testEverySpelling() throws {
        let url = repository.appendingPathComponent("tests/data/views/views.tsv")
        let rows = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { $0.components(separatedBy: "\t") }
        XCTAssertGreaterThan(rows.count, 600)
        for row in rows {
            let value = try Pickle.loads(bytes(row[2]))
            XCTAssertEqual(Words.of(value), row[1], "\(row[0]): \(row[2])")
            // By a path, it is the same.
            XCTAssertEqual(Words.of(try Pickle.at("$", in: bytes(row[2]))), row[1], row[0])
        }
    }

    func testPartsThatLieHaveAReason() throws {
        for (pickle, why) in [
            ("cdatetime\ndate\n(I2023\nI2\nI29\ntR.", PickleObject.Unknown.parts), ("cuuid\nUUID\n)\u{81}}X\u{3}\0\0\0intI-1\nsb.", .parts),
            ("cm\nC\n)\u{81}(K\u{1}e(K\u{1}K\u{2}u.", .changes), ("cm\nC\n)\u{81}K\u{5}b.", .state),
        ] {
            guard case .object(let object) = try Pickle.loads(latin1(pickle)) else { return XCTFail(pickle) }
            XCTAssertNil(object.known, pickle)
            XCTAssertEqual(object.unknown, why, pickle)
        }
    }

    func testKnownTypesAreKnownAtAnySize() throws {
        for size in [0, 1, 255, 256, 65_535, 65_536, 10_000_000] {
            let data = Data(repeating: 0x78, count: size)
            let items = Data("](".utf8) + Data(repeating: UInt8(ascii: "N"), count: size) + Data("e".utf8)
            let pairs = Data("}(".utf8) + Data(repeating: UInt8(ascii: "N"), count: 2 * size) + Data("u".utf8)
            let text = Data("X".utf8) + length(size) + data
            func known(_ pickle: Data) throws -> PickleKnown? {
                guard case .object(let object) = try Pickle.loads(pickle + Data(".".utf8)) else { return nil }
                return object.known
            }
            func call(_ name: String, _ arguments: Data) -> Data { Data("c\(name)\n(".utf8) + arguments + Data("tR".utf8) }
            guard case .bytes(data)? = try known(call("_codecs\nencode", text + latin1("X\u{6}\0\0\0latin1"))) else { return XCTFail("bytes of \(size)") }
            guard case .byteArray(data)? = try known(call("builtins\nbytearray", Data("B".utf8) + length(size) + data)) else { return XCTFail("bytearray of \(size)") }
            guard case .set(let set)? = try known(call("__builtin__\nset", items)), set.count == size else { return XCTFail("set of \(size)") }
            guard case .frozenSet(let set)? = try known(call("builtins\nfrozenset", items)), set.count == size else { return XCTFail("frozenset of \(size)") }
            guard case .deque(let deque, nil)? = try known(call("collections\ndeque", items)), deque.count == size else { return XCTFail("deque of \(size)") }
            guard case .counter(let counter)? = try known(call("collections\nCounter", pairs)), counter.count == size else { return XCTFail("Counter of \(size)") }
            let ordered = call("collections\nOrderedDict", Data()) + pairs.dropFirst()
            guard case .orderedDict(let dict)? = try known(ordered), dict.count == size else { return XCTFail("OrderedDict of \(size)") }
            // Without items, nothing tells a list from any other object.
            if size > 0 {
                let list = latin1("cm\nSub\n)\u{81}") + items.dropFirst()
                guard case .list(let sub)? = try known(list), sub.count == size else { return XCTFail("subclass of list of \(size)") }
            }
            guard case .decimal(let digits)? = try known(call("decimal\nDecimal", text)), digits.utf8.count == size else { return XCTFail("Decimal of \(size)") }
            guard case .fraction(let digits)? = try known(call("fractions\nFraction", text)), digits.utf8.count == size else { return XCTFail("Fraction of \(size)") }
            guard case .array(let array)? = try known(numpy(data)), array.data == data else { return XCTFail("array of \(size)") }
        }
    }

    func testManyInOne() throws {
        // Each holds the one before.
        var pickle = latin1("ccollections\nOrderedDict\n)R")
        for _ in 0..<60 { pickle = latin1("ccollections\nOrderedDict\n)RX\u{1}\0\0\0a") + pickle + latin1("s") }
        var value = try Pickle.loads(pickle + latin1("."))
        var levels = 0
        while let inner = value["a"] { (value, levels) = (inner, levels + 1) }
        XCTAssertEqual(levels, 60)
        let arrays = latin1("](") + Data(Array(repeating: numpy(Data(repeating: 0x55, count: 3200)), count: 50).joined()) + latin1("e.")
        for item in try Pickle.loads(arrays).items ?? [] {
            guard case .object(let object) = item, case .array? = object.known else { return XCTFail("not known") }
        }
    }

    func testPaths() throws {
        let pickle = latin1("}(X\u{4}\0\0\0rows](}X\u{1}\0\0\0aK\u{1}s}X\u{1}\0\0\0aK\u{2}seX\u{1}\0\0\0ncm\nP\n(K\u{7}K\u{8}tRu.")
        let value = try Pickle.loads(pickle)
        XCTAssertEqual(try value.at("$.rows[1].a"), 2)
        XCTAssertEqual(try value.at("$.n[0]"), 7)
        XCTAssertEqual(try value.findAll("$.rows[*].a"), [1, 2])
        XCTAssertEqual(try value.findAll("$..a"), [1, 2])
        XCTAssertEqual(try value.at("$"), value)
        XCTAssertEqual(try Pickle.at("$.rows[-1]", in: pickle), ["a": 2])
        XCTAssertEqual(try Pickle.findAll("$.rows[*].a", in: pickle), [1, 2])
        for (path, kind) in [("$.rows[2]", PickleError.Kind.pathMissing), ("$.x", .pathMissing), ("$[", .badPath)] {
            for find in [{ _ = try value.at(path) }, { _ = try value.findAll(path) }, { _ = try Pickle.at(path, in: pickle) }] as [() throws -> Void] {
                XCTAssertThrowsError(try find(), path) { XCTAssertEqual(($0 as? PickleError)?.kind, kind, path) }
            }
        }
        XCTAssertThrowsError(try value.at("$.rows[2]")) {
            XCTAssertTrue("\(($0 as? PickleError)?.message ?? "")".hasPrefix("$.rows exists"), "\($0)")
        }
    }

    private func length(_ size: Int) -> Data { withUnsafeBytes(of: UInt32(size).littleEndian) { Data($0) } }

    /// An array of uint8.
    private func numpy(_ data: Data) -> Data {
        latin1("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\u{1}btR(I1\n(I\(data.count)\ntcnumpy\ndtype\n(X\u{2}\0\0\0u1I0\nI1\ntR(I3\nX\u{1}\0\0\0|NNNI-1\nI-1\nI0\ntbI00\nB")
            + length(data.count) + data + latin1("tb")
    }
}

/// Each character a byte.
func latin1(_ text: String) -> Data { Data(text.unicodeScalars.map { UInt8($0.value) }) }

func bytes(_ hex: String) -> Data {
    var data = Data()
    var digits = hex.utf8.makeIterator()
    while let high = digits.next(), let low = digits.next() {
        data.append(UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)!)
    }
    return data
}

/// The words of `core/tests/view.rs`.
private enum Words {
    static func of(_ value: PickleValue) -> String {
        switch value {
        case .none: "None"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .bigInt(let value): "big \(value)"
        case .float(let value): "\(value)"
        case .string(let text): "'\(text)'"
        case .python2String(let data): value.stringValue.map { "'\($0)'" } ?? blob(data)
        case .bytes(let data), .byteArray(let data): blob(data)
        case .list(let items): "[\(list(items))]"
        case .tuple(let items): "(\(list(items)))"
        case .set(let set): "set{\(list(set.elements))}"
        case .frozenSet(let set): "frozenset{\(list(set.elements))}"
        case .dict(let entries): "{\(pairs(entries))}"
        case .global(_, let name): "global \(name)"
        case .object(let object): of(object)
        default: "\(value)"
        }
    }

    private static func of(_ object: PickleObject) -> String {
        let attributes = (object.attributes?.entries ?? []).map { ".\($0.key.stringValue ?? "?")=\(of($0.value))" }.joined()
        switch object.known {
        case nil: return "object: " + (object.unknown.map { "\($0)".capitalized } ?? "?")
        case .bytes(let data), .byteArray(let data): return blob(data)
        case .set(let set): return "set{\(list(set.elements))}"
        case .frozenSet(let set): return "frozenset{\(list(set.elements))}"
        case .complex(let real, let imaginary): return "complex(\(Int(real)),\(Int(imaginary)))"
        case .range(let a, let b, let c): return "range(\(list([a, b, c])))"
        case .slice(let a, let b, let c): return "slice(\(list([a, b, c])))"
        case .date(let year, let month, let day): return "date " + date(year, month, day)
        case .time(let hour, let minute, let second, let microsecond, _, let at):
            return "time " + time(hour, minute, second, microsecond) + (at.map(zone) ?? "")
        case .dateTime(let parts, _, let at):
            return "datetime \(date(parts.year!, parts.month!, parts.day!))T"
                + time(parts.hour!, parts.minute!, parts.second!, parts.nanosecond! / 1000) + (at.map(zone) ?? "")
        case .timeDelta(let days, let seconds, let micros):
            let head = days == 0 ? "" : "\(days) day\(abs(days) == 1 ? "" : "s"), "
            return "delta \(head)\(seconds / 3600):" + two(seconds / 60 % 60) + ":" + two(seconds % 60) + (micros == 0 ? "" : "." + six(micros))
        case .timeZone(_, let name): return "zone \(zone(.object(object))) \(name ?? "None")"
        case .zoneInfo(let key, _): return "zone \(zone(.object(object))) \(key)"
        case .localZone: return "zone  local"
        case .decimal(let text): return "decimal \(text)"
        case .fraction(let text): return "fraction \(text)"
        case .uuid(let uuid): return "uuid \(uuid.uuidString.lowercased())"
        case .path(let type, let text, _): return "path \(type) \(text)"
        case .pattern(let pattern, let flags): return "pattern \(of(pattern)) \(flags)"
        case .ip(let text): return "ip \(text)"
        case .member(let type, let name): return "member \(last(type)).\(name)"
        case .partial(let function, let arguments, let keywords):
            return "partial \(last(function))(\(list(arguments)))" + keywords.entries.map { ".\($0.key.stringValue ?? "?")=\(of($0.value))" }.joined()
        case .derived(let inner): return "derived \(of(inner))"
        case .record(let fields): return "record \(last(object.type))(\(list(fields)))\(attributes)"
        case .fields(let fields): return "record \(last(object.type))()[\(list(fields))]\(attributes)"
        case .list(let items): return "\(type(object))[\(list(items))]"
        case .tuple(let items): return "(\(list(items)))"
        case .userList(let items): return "UserList[\(list(items))]"
        case .deque(let items, let most): return "deque[\(list(items))]" + (most.map { "max=\($0)" } ?? "")
        case .dict(let entries): return "\(type(object)){\(pairs(entries))}\(attributes)"
        case .orderedDict(let entries): return "OrderedDict{\(pairs(entries))}\(attributes)"
        case .defaultDict(_, let entries): return "DefaultDict{\(pairs(entries))}\(attributes)"
        case .counter(let entries): return "Counter{\(pairs(entries))}\(attributes)"
        case .frozenDict(let entries): return "FrozenDict{\(pairs(entries))}"
        case .mappingProxy(let entries): return "Proxy{\(pairs(entries))}"
        case .chainMap(let entries): return "ChainMap{\(pairs(entries))}"
        case .userDict(let entries): return "UserDict{\(pairs(entries))}"
        // The table has no words for the types of numpy.
        case .array, .scalar, .dtype: return "Object"
        default: return "?"
        }
    }

    private static func type(_ object: PickleObject) -> String {
        guard case .global(let module, let name) = object.type else { return "?:" }
        return ["builtins", "__builtin__"].contains(module) ? "" : "\(name):"
    }

    /// The name of a class, also of one in a class.
    private static func last(_ value: PickleValue) -> String {
        if case .global(_, let name) = value { return name }
        if case .object(let object) = value, case .member(let type, let name) = object.known { return "\(last(type)).\(name)" }
        return "?"
    }

    private static func zone(_ value: PickleValue) -> String {
        guard case .object(let object) = value else { return "?" }
        switch object.known {
        case .timeZone(let seconds, _), .zoneInfo(_, let seconds?):
            let size = abs(seconds)
            return (seconds < 0 ? "-" : "+") + two(size / 3600) + ":" + two(size / 60 % 60) + (size % 60 == 0 ? "" : ":" + two(size % 60))
        case .zoneInfo(let key, nil): return "[\(key)]"
        default: return ""
        }
    }

    private static func two(_ n: Int) -> String { (n < 10 ? "0" : "") + "\(n)" }
    private static func six(_ n: Int) -> String { String("\(1_000_000 + n)".dropFirst()) }
    private static func date(_ year: Int, _ month: Int, _ day: Int) -> String { "\(year)-\(two(month))-\(two(day))" }
    private static func time(_ hour: Int, _ minute: Int, _ second: Int, _ micro: Int) -> String {
        "\(two(hour)):\(two(minute)):\(two(second))" + (micro == 0 ? "" : "." + six(micro))
    }

    private static func list(_ items: [PickleValue]) -> String { items.map(of).joined(separator: ",") }
    private static func pairs(_ entries: PickleDictionary) -> String {
        entries.entries.map { "\(of($0.key)):\(of($0.value))" }.joined(separator: ",")
    }
    private static func blob(_ data: Data) -> String { "b'\(TreeText.hex(data))'" }
}
