import Foundation

@testable import Pickle

/// The tree text of `tests/data/fixtures.py`, from the Swift values alone.
enum TreeText {
    static func of(_ value: PickleValue) -> String {
        switch value {
        case .none: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value):
            (-(1 << 53)...(1 << 53)).contains(value) ? String(value) : object("int", string(String(value)))
        case .bigInt(let value): object("int", string(value.description))
        case .float(let value):
            object("float", string(hex(withUnsafeBytes(of: value.bitPattern.bigEndian) { Data($0) })))
        case .string(let text): self.text(Data(text.utf8), text)
        case .surrogateString(let data): self.text(data, nil)
        case .python2String(let data): object("str8", blob(data))
        case .bytes(let data): object("bytes", blob(data))
        case .byteArray(let data): object("bytearray", blob(data))
        case .list(let items): object("list", list(items))
        case .tuple(let items): object("tuple", list(items))
        case .set(let set): object("set", array(Set(set.map(of)).sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) }))
        case .frozenSet(let set):
            object("frozenset", array(Set(set.map(of)).sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) }))
        case .dict(let dictionary):
            object("dict", array(unique(dictionary.entries)))
        case .global(let module, let name): object("global", array([string(module), string(name)]))
        case .extensionCode(let code): object("ext", String(code))
        case .buffer(let index, let isReadOnly): "{\"buffer\":\(index)\(isReadOnly ? ",\"readonly\":true" : "")}"
        case .readOnly(let inner): object("readonly", of(inner))
        case .cycle(let level): object("cycle", String(level))
        case .object(let made): object(made)
        }
    }

    private static func object(_ made: PickleObject) -> String {
        let (key, content) =
            switch made.origin {
            case .reduce(let callable, let arguments): ("reduce", list([callable, arguments]))
            case .newObject(let type, let arguments): ("newobj", list([type, arguments]))
            case .newObjectEx(let type, let arguments, let keywords): ("newobj_ex", list([type, arguments, keywords]))
            case .obj(let type, let arguments): ("obj", array([of(type), list(arguments.items ?? [])]))
            case .inst(let type, let arguments): ("inst", array([of(type), list(arguments.items ?? [])]))
            case .persistent(let id): ("persid", of(id))
            case .changed(let value): ("changed", of(value))
            }
        let changes = made.changes.map { change in
            switch change {
            case .append(let items): object("append", list(items))
            case .setItem(let entries): object("setitem", array(entries.map { list([$0.key, $0.value]) }))
            case .add(let items): object("add", list(items))
            case .build(let state): object("build", of(state))
            case .nested(let value): object("joblib_pickle", of(value))
            case .raw(let data, let offset):
                object("joblib_raw", "{\"len\":\(data.count),\"offset\":\(offset),\"sha256\":\(string(SHA256.hex(data)))}")
            }
        }
        var parts = ["\(string(key)):\(content)"]
        if !changes.isEmpty { parts.append("\"ops\":\(array(changes))") }
        return "{" + parts.sorted().joined(separator: ",") + "}"
    }

    /// Entries with one key each, at the place of the first, with the value of the last.
    private static func unique(_ entries: [PickleDictionary.Entry]) -> [String] {
        var order: [String] = []
        var values: [String: String] = [:]
        for entry in entries {
            let key = of(entry.key)
            if values.updateValue(of(entry.value), forKey: key) == nil { order.append(key) }
        }
        return order.map { array([$0, values[$0] ?? ""]) }
    }

    private static func text(_ utf8: Data, _ text: String?) -> String {
        if utf8.count > 1024 {
            return object("str", "{\"sha256\":\(string(SHA256.hex(utf8))),\"utf8_len\":\(utf8.count)}")
        }
        return text.map(string) ?? object("str", object("surrogatepass_hex", string(hex(utf8))))
    }

    private static func blob(_ data: Data) -> String {
        data.count <= 256
            ? string(data.base64EncodedString()) : "{\"len\":\(data.count),\"sha256\":\(string(SHA256.hex(data)))}"
    }

    private static func list(_ values: [PickleValue]) -> String { array(values.map(of)) }
    private static func array(_ texts: [String]) -> String { "[" + texts.joined(separator: ",") + "]" }
    private static func object(_ key: String, _ content: String) -> String { "{\(string(key)):\(content)}" }
    static func hex(_ data: some Sequence<UInt8>) -> String {
        data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func string(_ text: String) -> String {
        var json = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: json += "\\\""
            case 0x5c: json += "\\\\"
            case 8: json += "\\b"
            case 9: json += "\\t"
            case 10: json += "\\n"
            case 12: json += "\\f"
            case 13: json += "\\r"
            case 0x20...0x7e: json.unicodeScalars.append(UnicodeScalar(UInt8(unit)))
            default:
                let hex = String(unit, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        return json + "\""
    }
}

/// FIPS 180-4. Foundation has none on Linux.
enum SHA256 {
    static func hex(_ data: Data) -> String {
        var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        var message = [UInt8](data) + [0x80]
        while message.count % 64 != 56 { message.append(0) }
        message += (0..<8).map { UInt8(truncatingIfNeeded: UInt64(data.count * 8) >> (56 - 8 * $0)) }
        let rotate = { (word: UInt32, by: UInt32) in word >> by | word << (32 - by) }
        for start in stride(from: 0, to: message.count, by: 64) {
            var w = (0..<16).map { i in
                (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(message[start + i * 4 + $1]) }
            }
            for i in 16..<64 {
                let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
                let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
                w.append(w[i - 16] &+ s0 &+ w[i - 7] &+ s1)
            }
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            var (e, f, g, h) = (state[4], state[5], state[6], state[7])
            for i in 0..<64 {
                let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
                let first = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[i] &+ w[i]
                let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
                let second = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
                (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
            }
            state = zip(state, [a, b, c, d, e, f, g, h]).map { $0 &+ $1 }
        }
        return TreeText.hex(state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } })
    }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = (2...311).filter { n in !(2..<n).contains { n % $0 == 0 } }.map { prime in
        // The integer cube root of prime << 96, by bisection; 35 bits and exact.
        var low: UInt64 = 0, high: UInt64 = 1 << 36
        while high - low > 1 {
            let middle = (low + high) / 2
            let square = middle.multipliedFullWidth(by: middle)
            // middle^3 <= prime << 96, compared in 128 bits and more.
            let lowPart = square.low.multipliedFullWidth(by: middle)
            let highPart = square.high.multipliedFullWidth(by: middle)
            let (mid, carry) = lowPart.high.addingReportingOverflow(highPart.low)
            let top = highPart.high + (carry ? 1 : 0)
            let isLess = top == 0 && (mid < UInt64(prime) << 32 || (mid == UInt64(prime) << 32 && lowPart.low == 0))
            if isLess { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }
}
