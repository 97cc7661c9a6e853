import Foundation

/// A value of a pickle as a Swift value: a tree that can be switched over, compared, sent between tasks.
///
/// What the pickle shares is repeated here (Swift copies on write, so this costs no memory), and a value that contains
/// itself ends in ``cycle(_:)``.
///
/// Equality is Swift's: strings are compared by canonical equivalence, `nan` differs from itself, the order of sets and
/// dicts is ignored. An int is never equal to a float or a bool.
public enum PickleValue: Sendable, Hashable {
    /// None.
    case none
    /// True or False.
    case bool(Bool)
    /// An int that 64 bits hold.
    case int(Int64)
    /// An int that they do not hold.
    indirect case bigInt(PickleInteger)
    /// A float.
    case float(Double)
    /// A str.
    case string(String)
    /// A str with lone surrogates, which no `String` can hold: UTF-8, surrogates as three bytes each.
    case surrogateString(Data)
    /// A str of Python 2: the pickle does not say whether it is bytes or text.
    case python2String(Data)
    /// Immutable bytes.
    case bytes(Data)
    /// A bytearray.
    case byteArray(Data)
    /// A list.
    case list([PickleValue])
    /// A tuple.
    case tuple([PickleValue])
    /// A dict, in the order of the stream.
    case dict(PickleDictionary)
    /// A set.
    case set(PickleSet)
    /// A frozenset.
    case frozenSet(PickleSet)
    /// A class or function by module and name; nothing was imported.
    indirect case global(module: String, name: String)
    /// An extension code of `copyreg`, from 1 on.
    case extensionCode(UInt32)
    /// An object: how it was made and changed. Also one that a persistent id names.
    indirect case object(PickleObject)
    /// An out-of-band buffer by its number, from 0 on.
    case buffer(UInt32, isReadOnly: Bool)
    /// A read-only view of a bytearray.
    indirect case readOnly(PickleValue)
    /// The container around this that is so many levels below the root (0 is the root): it contains itself.
    case cycle(Int)
}

// MARK: - Access

extension PickleValue {
    /// The value is None.
    public var isNone: Bool { if case .none = self { true } else { false } }

    /// True or False, not 1 or 0.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// An int that fits; no bool, no float.
    public var intValue: Int? {
        switch self {
        case .int(let value): Int(exactly: value)
        default: nil
        }
    }

    /// An int of any size.
    public var integerValue: PickleInteger? {
        switch self {
        case .int(let value): PickleInteger(value)
        case .bigInt(let value): value
        default: nil
        }
    }

    /// A float; ints are none.
    public var doubleValue: Double? { if case .float(let value) = self { value } else { nil } }

    /// A str, or a Python 2 str that is UTF-8.
    public var stringValue: String? {
        switch self {
        case .string(let value): value
        case .python2String(let bytes): String(validating: bytes)
        default: nil
        }
    }

    /// The content of bytes, a bytearray or a Python 2 str, also as old protocols spell them.
    public var dataValue: Data? {
        switch self {
        case .bytes(let data), .byteArray(let data), .python2String(let data): data
        case .readOnly(let inner): inner.dataValue
        case .object(let object):
            switch object.known {
            case .bytes(let data), .byteArray(let data): data
            default: nil
            }
        default: nil
        }
    }

    /// The items of a list, tuple, set, frozenset, deque or UserList.
    public var items: [PickleValue]? {
        switch self {
        case .list(let items), .tuple(let items): items
        case .set(let set), .frozenSet(let set): set.elements
        case .object(let object): object.items
        default: nil
        }
    }

    /// The keys and values of a dict, also of an OrderedDict, defaultdict, Counter, ChainMap, UserDict or subclass of dict.
    public var dictionary: PickleDictionary? {
        switch self {
        case .dict(let dictionary): dictionary
        case .object(let object): object.dictionary
        default: nil
        }
    }

    /// What a dict has under a str key, or an object as an attribute. The last of equal keys counts, as in Python.
    public subscript(key: String) -> PickleValue? {
        if let dictionary { return dictionary[key] }
        if case .object(let object) = self { return object[key] }
        return nil
    }

    /// The item at an index of a list or tuple, from 0 on; nil where there is none.
    public subscript(index: Int) -> PickleValue? {
        guard let items, items.indices.contains(index) else { return nil }
        return items[index]
    }
}

extension String {
    /// The text of bytes that are UTF-8 from end to end.
    init?(validating bytes: Data) {
        self.init(data: bytes, encoding: .utf8)
    }
}

// MARK: - Literals

extension PickleValue: ExpressibleByNilLiteral {
    public init(nilLiteral: ()) { self = .none }
}

extension PickleValue: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension PickleValue: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .int(value) }
}

extension PickleValue: ExpressibleByFloatLiteral {
    public init(floatLiteral value: Double) { self = .float(value) }
}

extension PickleValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension PickleValue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: PickleValue...) { self = .list(elements) }
}

extension PickleValue: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (PickleValue, PickleValue)...) {
        self = .dict(PickleDictionary(elements.map { PickleDictionary.Entry(key: $0, value: $1) }))
    }
}

// MARK: - Text

extension PickleValue: CustomStringConvertible {
    /// As Python's `repr` shows plain data; objects by what made them.
    public var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    func write(to text: inout String) {
        switch self {
        case .none: text += "None"
        case .bool(let value): text += value ? "True" : "False"
        case .int(let value): text += String(value)
        case .bigInt(let value): text += value.description
        case .float(let value): text += value.description
        case .string(let value): Self.quote(value, to: &text)
        case .surrogateString(let data): Self.quote(String(decoding: data, as: UTF8.self), to: &text)
        case .python2String(let data), .bytes(let data): Self.quote(data, to: &text)
        case .byteArray(let data):
            text += "bytearray("
            Self.quote(data, to: &text)
            text += ")"
        case .list(let items): Self.write(items, "[", "]", to: &text)
        case .tuple(let items): Self.write(items, "(", items.count == 1 ? ",)" : ")", to: &text)
        case .set(let set) where set.isEmpty: text += "set()"
        case .set(let set): Self.write(set.elements, "{", "}", to: &text)
        case .frozenSet(let set): Self.write(set.elements, "frozenset({", "})", to: &text)
        case .dict(let dictionary):
            text += "{"
            for (index, entry) in dictionary.entries.enumerated() {
                if index > 0 { text += ", " }
                entry.key.write(to: &text)
                text += ": "
                entry.value.write(to: &text)
            }
            text += "}"
        case .global(let module, let name): text += "<\(module).\(name)>"
        case .extensionCode(let code): text += "<extension \(code)>"
        case .object(let object): object.write(to: &text)
        case .buffer(let index, _): text += "<buffer \(index)>"
        case .readOnly(let inner):
            text += "<read-only "
            inner.write(to: &text)
            text += ">"
        case .cycle: text += "..."
        }
    }

    static func write(_ items: [PickleValue], _ open: String, _ close: String, to text: inout String) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", " }
            item.write(to: &text)
        }
        text += close
    }

    private static func quote(_ string: String, to text: inout String) {
        text += "'"
        for scalar in string.unicodeScalars {
            switch scalar {
            case "'", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.properties.generalCategory == .control: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "'"
    }

    private static func quote(_ data: Data, to text: inout String) {
        text += "b'"
        for byte in data {
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\\"): text += "\\\(Character(UnicodeScalar(byte)))"
            case 0x20..<0x7f: text.append(Character(UnicodeScalar(byte)))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        text += "'"
    }
}
