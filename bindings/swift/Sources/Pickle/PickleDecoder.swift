import Foundation

/// Decodes `Decodable` types from pickles.
///
/// Keys are those of dicts (also OrderedDict, defaultdict, Counter, subclasses) and the attributes of objects. A namedtuple,
/// and a dataclass with frozen slots, has its fields by position: the first key that the type asks for is the first field.
/// Sequences are lists, tuples, sets, deques, namedtuples and numpy arrays, of two and more dimensions as arrays of arrays.
/// Numbers are also numpy's scalars; a timedelta is a `Double` of seconds, a `Duration` or, as `str()` of it in Python, a
/// `String`. Of numpy, an item of `U` is a `String`, of `S` a `Data` or, where it is UTF-8, a `String`; of `datetime64` a `Date`,
/// `DateComponents`, a `String` as exact as its unit or an int (ticks); of `timedelta64` a `Duration` or an int; of a complex type
/// two floats; of a structured type what has the keys of its fields, or an array of them; NaT is nil. A member of an enum is
/// its name or its value, whichever the pickle has. An int is read as `Double` where that is asked for, a float never as an
/// int. A `String` takes whatever has a text: dates and times (ISO 8601), Decimal, Fraction, UUID, paths, addresses, names of
/// classes.
public struct PickleDecoder: Sendable {
    /// How a `Date` is pickled.
    public enum DateDecodingStrategy: Sendable {
        /// `datetime.datetime` and `datetime.date`; for those without a time zone see
        /// ``PickleDecoder/timeZoneOfNaiveDates``.
        case dateTime
        /// Seconds since 1970: an int or float.
        case secondsSince1970
        /// Milliseconds since 1970.
        case millisecondsSince1970
        /// A str such as `2024-02-29T12:00:00Z`.
        case iso8601
        /// As `Date` decodes itself.
        case deferredToDate
        /// By a function of the caller's.
        case custom(@Sendable (any Decoder) throws -> Date)
    }

    /// How `Data` is pickled.
    public enum DataDecodingStrategy: Sendable {
        /// bytes, bytearray, Python 2 str.
        case bytes
        /// A str in Base64.
        case base64
        /// As `Data` decodes itself: a list of ints.
        case deferredToData
        /// By a function of the caller's.
        case custom(@Sendable (any Decoder) throws -> Data)
    }

    /// How the keys of Python become those of Swift.
    public enum KeyDecodingStrategy: Sendable {
        /// They are the same.
        case useDefaultKeys
        /// `first_name` becomes `firstName`.
        case convertFromSnakeCase
        /// By a function of the path so far, the key last.
        case custom(@Sendable ([any CodingKey]) -> any CodingKey)
    }

    /// Options for reading the pickle.
    public var options = PickleOptions()
    /// How a `Date` is pickled.
    public var dateDecodingStrategy = DateDecodingStrategy.dateTime
    /// The time zone assumed for a datetime without one, and for a date: UTC by default. With nil they do not decode as
    /// `Date`. As `DateComponents` they always decode, without a time zone.
    public var timeZoneOfNaiveDates = TimeZone(secondsFromGMT: 0)
    /// How `Data` is pickled.
    public var dataDecodingStrategy = DataDecodingStrategy.bytes
    /// How keys are spelled.
    public var keyDecodingStrategy = KeyDecodingStrategy.useDefaultKeys
    /// For the types that are decoded.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// A decoder with the defaults.
    public init() {}

    /// Reads the pickle at the start of `data` as a type. Throws ``PickleError`` for what is not a pickle and
    /// `DecodingError` for what is not of this type.
    public func decode<T: Decodable>(_ type: T.Type, from data: Data) throws -> T {
        try decode(type, from: Pickle.loads(data, options: options))
    }

    /// Reads a value as a type.
    public func decode<T: Decodable>(_ type: T.Type, from value: PickleValue) throws -> T {
        try ValueDecoder(settings: Settings(self), value: value, path: .root).unbox(type)
    }

    /// The settings of one call, shared by all that decode for it.
    final class Settings: Sendable {
        let decoder: PickleDecoder
        /// Keys are those of the pickle.
        let keepsKeys: Bool

        init(_ decoder: PickleDecoder) {
            self.decoder = decoder
            keepsKeys = if case .useDefaultKeys = decoder.keyDecodingStrategy { true } else { false }
        }
    }

    func name(_ key: String, at path: CodingPath) -> String {
        switch keyDecodingStrategy {
        case .useDefaultKeys: key
        case .convertFromSnakeCase: Self.camelCase(key)
        case .custom(let convert): convert(path.keys + [AnyKey(stringValue: key)]).stringValue
        }
    }

    /// Underscores at both ends stay.
    static func camelCase(_ key: String) -> String {
        guard let first = key.firstIndex(where: { $0 != "_" }), let last = key.lastIndex(where: { $0 != "_" }) else { return key }
        let words = key[first...last].split(separator: "_")
        guard words.count > 1 else { return key }
        let joined = words[0].lowercased() + words.dropFirst().map(\.capitalized).joined()
        return String(key[..<first]) + joined + String(key[last...].dropFirst())
    }
}

/// A value on its way into a type.
struct ValueDecoder: Decoder {
    let settings: PickleDecoder.Settings
    let value: PickleValue
    let path: CodingPath
    /// The value is read as a `Dictionary`.
    var isPlain = false

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { settings.decoder.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        if case .object(let object) = value, case .scalar(let dtype, let data)? = object.known, !dtype.fields.isEmpty, dtype.isInside,
            data.count == dtype.size
        {
            return try at(dtype.item(in: data, at: 0)).container(keyedBy: type)
        }
        var entries = value.dictionary?.entries
        if case .object(let object) = value, entries == nil {
            entries = object.attributes?.entries
            if entries == nil, let fields = object.fields, !fields.isEmpty {
                return KeyedDecodingContainer(KeyedValues<Key>(decoder: self, entries: [], fields: fields))
            }
            if entries == nil, case .record? = object.known { entries = [] }
        }
        guard let entries else {
            throw mismatch([String: PickleValue].self, "a dict or an object with attributes")
        }
        // Of a struct, other entries are passed over; of a dictionary none may be lost.
        if isPlain, let other = entries.first(where: { $0.key.stringValue == nil && $0.key.intValue == nil }) {
            throw DecodingError.typeMismatch(
                String.self, .init(codingPath: codingPath, debugDescription: "expected keys that are strs or ints, found \(other.key.kindName)"))
        }
        return KeyedDecodingContainer(KeyedValues<Key>(decoder: self, entries: entries))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        if case .object(let object) = value {
            switch object.known {
            case .array(let array)?:
                if let items = array.nested?.items { return UnkeyedValues(decoder: self, items: items) }
                throw mismatch([PickleValue].self, "a list, or an array whose items are in the pickle")
            case .complex(let real, let imaginary)?: return UnkeyedValues(decoder: self, items: [.float(real), .float(imaginary)])
            case .scalar(let dtype, let data)? where !dtype.fields.isEmpty && dtype.isInside && data.count == dtype.size:
                return try at(dtype.item(in: data, at: 0)).unkeyedContainer()
            case .scalar(let dtype, let data)? where dtype.isComplex && data.count == dtype.size:
                let half = PickleKnown.DType(name: dtype.size == 8 ? "float32" : "float64", size: dtype.size / 2, isBigEndian: dtype.isBigEndian)
                return UnkeyedValues(decoder: self, items: [0, half.size].compactMap { half.number(in: data, at: $0) })
            default: break
            }
        }
        if let items = value.items { return UnkeyedValues(decoder: self, items: items) }
        // Dictionaries whose keys are neither str nor int.
        if isPlain, let entries = value.dictionary?.entries {
            return UnkeyedValues(decoder: self, items: entries.flatMap { [$0.key, $0.value] })
        }
        if case .object(let object) = value {
            // The fields of a record of numpy have places and names.
            if let fields = object.fields, object.attributes == nil || object.className == "numpy.void" { return UnkeyedValues(decoder: self, items: fields) }
        }
        throw mismatch([PickleValue].self, "a list, tuple or set")
    }

    /// The same of another value in its place.
    private func at(_ value: PickleValue) -> ValueDecoder {
        ValueDecoder(settings: settings, value: value, path: path, isPlain: isPlain)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
        let context = DecodingError.Context(codingPath: codingPath, debugDescription: "expected \(wanted), found \(value.kindName)")
        return value.isNone ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    func corrupted(_ text: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: text))
    }

    // Types are compared and not cast: that is what a value costs most.
    func unbox<T: Decodable>(_ type: T.Type) throws -> T {
        if type == PickleValue.self { return value as! T }
        if type == Date.self { return try date() as! T }
        if type == DateComponents.self {
            if let components = try dateComponents() { return components as! T }
            return try T(from: self)
        }
        if type == Data.self { return try data() as! T }
        if type == Decimal.self { return try decimal() as! T }
        if type == UUID.self { return try uuid() as! T }
        if type == URL.self {
            guard let text = value.stringValue else { throw mismatch(type, "a str") }
            guard let url = URL(string: text) else { throw corrupted("\(text) is not a URL") }
            return url as! T
        }
        if #available(macOS 13, iOS 16, tvOS 16, watchOS 9, *), type == Duration.self, let duration = try duration() { return duration as! T }
        let isPlain = type is any PlainDictionary.Type
        if isPlain == self.isPlain { return try T(from: self) }
        var decoder = self
        decoder.isPlain = isPlain
        return try T(from: decoder)
    }

    private func date() throws -> Date {
        switch settings.decoder.dateDecodingStrategy {
        case .deferredToDate: return try Date(from: self)
        case .custom(let read): return try read(self)
        case .secondsSince1970: return Date(timeIntervalSince1970: try decode(Double.self))
        case .millisecondsSince1970: return Date(timeIntervalSince1970: try decode(Double.self) / 1000)
        case .iso8601:
            let text = try decode(String.self)
            guard let date = ISO8601DateFormatter().date(from: text) else { throw corrupted("\(text) is not a date of ISO 8601") }
            return date
        case .dateTime:
            guard case .object(let object) = value else { throw mismatch(Date.self, "a datetime") }
            switch object.known {
            case .date(let year, let month, let day):
                return try naive(DateComponents(year: year, month: month, day: day), fold: false)
            case .dateTime(let components, let fold, let zone):
                guard let zone else { return try naive(components, fold: fold) }
                if case .object(let object) = zone {
                    switch object.known {
                    case .timeZone(let seconds, _)?, .zoneInfo(_, let seconds?)?:
                        return Date(components, secondsFromUTC: seconds)
                    default: break
                    }
                }
                return Date(components, in: try timeZone(zone), fold: fold)
            case .scalar(let dtype, let data)? where dtype.isMoment && !dtype.isMissing(data):
                return try naive(moment(dtype, data), fold: false)
            default: throw mismatch(Date.self, "a datetime")
            }
        }
    }

    /// A moment of numpy.
    private func moment(_ dtype: PickleKnown.DType, _ data: Data) throws -> DateComponents {
        guard let unit = dtype.unit, let moment = dtype.ticks(data).flatMap({ unit.moment($0) }) else {
            throw corrupted("\(value.kindName) is no moment that a Date holds")
        }
        return moment
    }

    private func naive(_ components: DateComponents, fold: Bool) throws -> Date {
        guard let zone = settings.decoder.timeZoneOfNaiveDates else {
            throw corrupted("a datetime without a time zone is not a moment: set timeZoneOfNaiveDates")
        }
        return Date(components, in: zone, fold: fold)
    }

    private func timeZone(_ value: PickleValue) throws -> TimeZone {
        guard case .object(let object) = value else { throw corrupted("the time zone is not known") }
        switch object.known {
        case .timeZone(let seconds, _):
            guard let zone = TimeZone(secondsFromGMT: seconds) else { throw corrupted("an offset of \(seconds) seconds") }
            return zone
        case .zoneInfo(let key, _):
            guard let zone = TimeZone(identifier: key) else { throw corrupted("there is no time zone \(key)") }
            return zone
        case .localZone: throw corrupted("the time zone is that of the machine that wrote the pickle, which is not known")
        default: throw corrupted("the time zone is not known: \(object.className ?? "?")")
        }
    }

    /// A date, time or datetime; nil for anything else.
    private func dateComponents() throws -> DateComponents? {
        guard case .object(let object) = value else { return nil }
        var components: DateComponents
        let zone: PickleValue?
        switch object.known {
        case .date(let year, let month, let day): return DateComponents(year: year, month: month, day: day)
        case .scalar(let dtype, let data)? where dtype.isMoment && !dtype.isMissing(data): return try moment(dtype, data)
        case .time(let hour, let minute, let second, let microsecond, _, let at):
            components = DateComponents(hour: hour, minute: minute, second: second, nanosecond: microsecond * 1000)
            zone = at
        case .dateTime(let parts, _, let at): (components, zone) = (parts, at)
        default: return nil
        }
        components.timeZone = try zone.map(timeZone)
        return components
    }

    /// The span of time that a timedelta is, also one of numpy; nil for anything else.
    @available(macOS 13, iOS 16, tvOS 16, watchOS 9, *)
    private func duration() throws -> Duration? {
        guard case .object(let object) = value else { return nil }
        switch object.known {
        case .timeDelta(let days, let seconds, let microseconds)?: return .seconds(days * 86_400 + seconds) + .microseconds(microseconds)
        case .scalar(let dtype, let data)? where dtype.isSpan:
            if dtype.isMissing(data) { throw mismatch(Duration.self, "a span of time") }
            guard let span = dtype.span(data) else { throw corrupted("\(value.kindName) has no length that a Duration holds") }
            return span
        default: return nil
        }
    }

    private func data() throws -> Data {
        switch settings.decoder.dataDecodingStrategy {
        case .deferredToData: return try Data(from: self)
        case .custom(let read): return try read(self)
        case .bytes:
            if let data = value.dataValue { return data }
            guard case .object(let object) = value, case .scalar(let dtype, let data)? = object.known, dtype.isBytes || dtype.isOpaque else {
                throw mismatch(Data.self, "bytes")
            }
            return dtype.octets(data)
        case .base64:
            guard let data = Data(base64Encoded: try decode(String.self)) else { throw corrupted("not Base64") }
            return data
        }
    }

    private func decimal() throws -> Decimal {
        var text: String?
        if case .object(let object) = value, case .decimal(let digits)? = object.known { text = digits }
        if let integer = value.integerValue { text = integer.description }
        if let float = value.doubleValue { text = float.description }
        guard let text = text ?? value.stringValue else { throw mismatch(Decimal.self, "a Decimal or a number") }
        if text == "NaN" { return .nan }
        // `Decimal(string:)` reads as far as it can; the whole must be a number.
        guard Double(text)?.isFinite == true, let decimal = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")) else {
            throw corrupted("\(text) does not fit a Decimal")
        }
        // Nor does it say when it has to round.
        guard Self.digits(text) == Self.digits(decimal.description) else { throw corrupted("\(text) has more digits than a Decimal") }
        return decimal
    }

    /// The digits of a number from the first to the last that is not 0, wherever its point is.
    private static func digits(_ text: String) -> Substring {
        let all = text.prefix { $0 != "e" && $0 != "E" }.filter { $0.isNumber }.drop { $0 == "0" }
        return all[..<(all.lastIndex { $0 != "0" }.map { all.index(after: $0) } ?? all.startIndex)]
    }

    private func uuid() throws -> UUID {
        if case .object(let object) = value, case .uuid(let uuid)? = object.known { return uuid }
        guard let text = value.stringValue else { throw mismatch(UUID.self, "a UUID") }
        guard let uuid = UUID(uuidString: text) else { throw corrupted("\(text) is not a UUID") }
        return uuid
    }

    /// The value itself, or the scalar that an object is: of numpy, of a subclass, the name or value of a member of an enum.
    private var plain: PickleValue {
        guard case .object(let object) = value else { return value }
        switch object.known {
        case .scalar(let dtype, let data)?: return dtype.plain(in: data, at: 0) ?? value
        case .derived(let inner)?: return inner
        case .member(_, let name)?: return .string(name)
        // `Color(1)`; from protocol 2 on subclasses of int and str look the same.
        case .record(let fields)? where fields.count == 1 && object.attributes == nil: return fields[0]
        case .ip(let text)?, .path(_, let text, _)?: return .string(text)
        default: return value
        }
    }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool {
        if case .object(let object) = value, case .scalar(let dtype, let data)? = object.known { return dtype.isMissing(data) }
        return value.isNone
    }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let bool = plain.boolValue else { throw mismatch(type, "a bool") }
        return bool
    }

    func decode(_ type: String.Type) throws -> String {
        if let text = plain.stringValue { return text }
        if case .surrogateString = plain { throw corrupted("the str has lone surrogates, which no String can hold") }
        if let text = try textOfObject() { return text }
        throw mismatch(type, "a str")
    }

    /// Numbers, UUIDs, dates and times, names as text; nil where there is none.
    private func textOfObject() throws -> String? {
        if case .global(let module, let name) = value { return "\(module).\(name)" }
        guard case .object(let object) = value else { return nil }
        func number(_ value: Int, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        func time(_ hour: Int, _ minute: Int, _ second: Int, _ microsecond: Int) -> String {
            let whole = [hour, minute, second].map { number($0, 2) }.joined(separator: ":")
            return microsecond == 0 ? whole : whole + "." + number(microsecond, 6)
        }
        func offset(_ seconds: Int) -> String {
            let size = abs(seconds), text = "\(number(size / 3600, 2)):\(number(size / 60 % 60, 2))"
            return (seconds < 0 ? "-" : "+") + text + (size % 60 == 0 ? "" : ":" + number(size % 60, 2))
        }
        func zone(_ value: PickleValue?) throws -> String {
            guard let value else { return "" }
            if case .object(let object) = value {
                switch object.known {
                case .timeZone(let seconds, _)?: return offset(seconds)
                case .zoneInfo(let key, let seconds)?: return (seconds.map(offset) ?? "") + "[\(key)]"
                default: break
                }
            }
            // It says why.
            return try timeZone(value).identifier
        }
        switch object.known {
        case .decimal(let text)?, .fraction(let text)?: return text
        case .uuid(let uuid)?: return uuid.uuidString.lowercased()
        case .pattern(let pattern, _)?: return pattern.stringValue
        case .zoneInfo(let key, _)?: return key
        case .date(let year, let month, let day)?: return "\(number(year, 4))-\(number(month, 2))-\(number(day, 2))"
        case .timeDelta(let days, let seconds, let microseconds)?:
            // As `str()` of it in Python.
            let before = days == 0 ? "" : "\(days) day\(abs(days) == 1 ? "" : "s"), "
            let clock = "\(seconds / 3600):\(number(seconds / 60 % 60, 2)):\(number(seconds % 60, 2))"
            return before + clock + (microseconds == 0 ? "" : "." + number(microseconds, 6))
        case .scalar(let dtype, let data)? where !dtype.isMissing(data):
            return dtype.isBytes ? String(data: dtype.octets(data), encoding: .utf8) : dtype.moment(data)
        case .time(let hour, let minute, let second, let microsecond, _, let at)?:
            return try time(hour, minute, second, microsecond) + zone(at)
        case .dateTime(let at, _, let place)?:
            let date = "\(number(at.year ?? 0, 4))-\(number(at.month ?? 0, 2))-\(number(at.day ?? 0, 2))"
            return try date + "T" + time(at.hour ?? 0, at.minute ?? 0, at.second ?? 0, (at.nanosecond ?? 0) / 1000) + zone(place)
        default: return nil
        }
    }

    func decode(_ type: Double.Type) throws -> Double {
        switch plain {
        case .float(let double): return double
        case .object(let object):
            guard case .timeDelta(let days, let seconds, let microseconds)? = object.known else { throw mismatch(type, "a float") }
            // The float next to it, as `total_seconds()` of Python gives it: where no float holds all microseconds, they would be
            // rounded twice.
            let whole = days * 86_400 + seconds
            return abs(whole) < 1 << 33 ? Double(whole * 1_000_000 + microseconds) / 1e6 : Double(whole) + Double(microseconds) / 1e6
        case .int(let int): return Double(int)
        case .bigInt(let integer):
            guard let double = Double(integer.description), double.isFinite else { throw corrupted("the int does not fit a Double") }
            return double
        default: throw mismatch(type, "a float")
        }
    }

    func decode(_ type: Float.Type) throws -> Float {
        let double = try decode(Double.self)
        let float = Float(double)
        if float.isInfinite && double.isFinite { throw corrupted("\(double) does not fit a Float") }
        return float
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try unbox(type) }

    private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        switch plain {
        case .int(let int):
            if let value = T(exactly: int) { return value }
        case .bigInt(let integer):
            if let value = integer.exactly(T.self) { return value }
        case .object(let object):
            // A moment or span of numpy as its count of units.
            guard case .scalar(let dtype, let data)? = object.known, dtype.isMoment || dtype.isSpan, !dtype.isMissing(data) else {
                throw mismatch(type, "an int")
            }
            if let value = dtype.ticks(data).flatMap({ T(exactly: $0) }) { return value }
        default: throw mismatch(type, "an int")
        }
        throw corrupted("the int does not fit \(type)")
    }

    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
}

/// A dict or the attributes of an object, on their way into a type.
private struct KeyedValues<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ValueDecoder
    /// Few entries are looked through, from the last on, which counts of equal keys; of many there is a table.
    private let entries: [PickleDictionary.Entry]
    private let table: Table?
    private let positions: Positions?

    private final class Table {
        var strings: [String: PickleValue] = [:], ints: [Int: PickleValue] = [:]
    }

    /// Fields without names: keys have them in the order in which they are first asked for, which is that of the type's
    /// declaration where the compiler writes `init(from:)`.
    private final class Positions {
        let fields: [PickleValue]
        var keys: [String] = []

        init(_ fields: [PickleValue]) { self.fields = fields }

        func find(_ key: String) -> PickleValue? {
            if let index = keys.firstIndex(of: key) { return fields[index] }
            guard keys.count < fields.count else { return nil }
            keys.append(key)
            return fields[keys.count - 1]
        }
    }

    init(decoder: ValueDecoder, entries: [PickleDictionary.Entry], fields: [PickleValue]? = nil) {
        positions = fields.map(Positions.init)
        (self.decoder, self.entries) = (decoder, entries)
        if entries.count <= 12, decoder.isPlain || decoder.settings.keepsKeys {
            table = nil
            return
        }
        let table = Table()
        table.strings.reserveCapacity(entries.count)
        for entry in entries {
            if let key = entry.key.stringValue {
                table.strings[decoder.isPlain ? key : decoder.settings.decoder.name(key, at: decoder.path)] = entry.value
            } else if let key = entry.key.intValue {
                table.ints[key] = entry.value
            }
        }
        self.table = table
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    private var names: [String] { table.map { Array($0.strings.keys) } ?? entries.compactMap(\.key.stringValue) }
    var allKeys: [Key] {
        let ints = table.map { Array($0.ints.keys) } ?? entries.compactMap { $0.key.stringValue == nil ? $0.key.intValue : nil }
        // Of equal keys there is one.
        guard table == nil, entries.count > 1 else { return names.compactMap(Key.init(stringValue:)) + ints.compactMap(Key.init(intValue:)) }
        return Set(names).compactMap(Key.init(stringValue:)) + Set(ints).compactMap(Key.init(intValue:))
    }

    private func find(_ key: any CodingKey) -> PickleValue? {
        if let positions { return positions.find(key.stringValue) }
        if let table { return table.strings[key.stringValue] ?? key.intValue.flatMap { table.ints[$0] } }
        let name = key.stringValue
        var index = entries.count
        while index > 0 {
            index -= 1
            if case .string(let text) = entries[index].key {
                if text == name { return entries[index].value }
            } else if entries[index].key.stringValue == name {
                return entries[index].value
            }
        }
        guard let number = key.intValue else { return nil }
        return entries.last { $0.key.stringValue == nil && $0.key.intValue == number }?.value
    }

    private func inner(_ key: any CodingKey) throws -> ValueDecoder {
        guard let value = find(key) else {
            let known = Set(names).sorted().prefix(12).joined(separator: ", ")
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: codingPath, debugDescription: "there is no \(key.stringValue), only: \(known)"))
        }
        return inner(key, value)
    }

    private func inner(_ key: any CodingKey, _ value: PickleValue) -> ValueDecoder {
        ValueDecoder(settings: decoder.settings, value: value, path: decoder.path.appending(key))
    }

    // What is there as it is asked for needs no decoder of its own.
    private func decode<T>(_ key: Key, _ plain: (PickleValue) -> T?, _ other: (ValueDecoder) throws -> T) throws -> T {
        guard let value = find(key) else { return try other(inner(key)) }
        return try plain(value) ?? other(inner(key, value))
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool {
        if case .none? = find(key) { return true }
        return try inner(key).decodeNil()
    }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decode(key, \.asBool) { try $0.decode(type) } }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try decode(key, \.asString) { try $0.decode(type) } }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try decode(key, \.asDouble) { try $0.decode(type) } }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try inner(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decode(key, { $0.asInt(type) }) { try $0.decode(type) } }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try decode(key, { $0.asInt(type) }) { try $0.decode(type) } }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try decode(key, { $0.asInt(type) }) { try $0.decode(type) } }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try decode(key, { $0.asInt(type) }) { try $0.decode(type) } }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try inner(key).unbox(type) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        try inner(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try inner(key).unkeyedContainer() }
    func superDecoder() throws -> any Decoder { try inner(AnyKey.super) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }
}

/// Items on their way into a type.
private struct UnkeyedValues: UnkeyedDecodingContainer {
    let decoder: ValueDecoder
    let items: [PickleValue]
    private(set) var currentIndex = 0

    init(decoder: ValueDecoder, items: [PickleValue]) {
        self.decoder = decoder
        self.items = items
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex >= items.count }

    private func inner(_ type: Any.Type) throws -> ValueDecoder {
        let path = decoder.path.appending(AnyKey(intValue: currentIndex))
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                type, DecodingError.Context(codingPath: path.keys, debugDescription: "there are only \(items.count) items"))
        }
        return ValueDecoder(settings: decoder.settings, value: items[currentIndex], path: path)
    }

    private mutating func step<T>(_ type: Any.Type, _ read: (ValueDecoder) throws -> T) throws -> T {
        let value = try read(try inner(type))
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        let isNone = try inner(Never?.self).decodeNil()
        if isNone { currentIndex += 1 }
        return isNone
    }

    // What is there as it is asked for needs no decoder of its own.
    private mutating func decode<T>(_ type: T.Type, _ plain: (PickleValue) -> T?, _ other: (ValueDecoder) throws -> T) throws -> T {
        guard currentIndex < items.count, let value = plain(items[currentIndex]) else { return try step(type, other) }
        currentIndex += 1
        return value
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try decode(type, \.asBool) { try $0.decode(type) } }
    mutating func decode(_ type: String.Type) throws -> String { try decode(type, \.asString) { try $0.decode(type) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try decode(type, \.asDouble) { try $0.decode(type) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try decode(type, { $0.asInt(type) }) { try $0.decode(type) } }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        // `Array` asks for its elements in this way, whatever they are.
        if type == Double.self { return try decode(Double.self) as! T }
        if type == Int.self { return try decode(Int.self) as! T }
        if type == String.self { return try decode(String.self) as! T }
        return try step(type) { try $0.unbox(type) }
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        try step(type) { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try step([PickleValue].self) { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try step(PickleValue.self) { $0 } }
}

extension PickleValue {
    // The value itself, and nothing that stands for it.
    fileprivate var asBool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    fileprivate var asString: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var asDouble: Double? { if case .float(let double) = self { double } else { nil } }
    fileprivate func asInt<T: FixedWidthInteger>(_ type: T.Type) -> T? { if case .int(let int) = self { T(exactly: int) } else { nil } }
}

extension PickleValue: Decodable {
    /// Only from a ``PickleDecoder``.
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "only a PickleDecoder has pickle values"))
        }
        self = decoder.value
    }

    /// For messages: what a value is in Python's words.
    var kindName: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .int, .bigInt: "an int"
        case .float: "a float"
        case .string, .surrogateString: "a str"
        case .python2String: "a Python 2 str"
        case .bytes: "bytes"
        case .byteArray: "a bytearray"
        case .list: "a list"
        case .tuple: "a tuple"
        case .dict: "a dict"
        case .set: "a set"
        case .frozenSet: "a frozenset"
        case .global: "a class or function"
        case .extensionCode: "an extension code"
        case .object(let object):
            switch object.known {
            case .array(let array)?: "an array of numpy of \(array.dtype.name)"
            case .scalar(let dtype, let data)?: dtype.isMissing(data) ? "NaT (\(dtype.name) of numpy)" : "\(dtype.name) of numpy"
            default: object.className ?? "an object"
            }
        case .buffer: "an out-of-band buffer"
        case .readOnly: "a read-only view"
        case .cycle: "a value that contains itself"
        }
    }
}

extension PickleKnown.DType {
    /// The number at an offset in bytes; nil if there is none at that offset.
    func number(in data: Data, at offset: Int) -> PickleValue? {
        guard size > 0, offset >= 0, size <= data.count - offset, size <= 8 else { return nil }
        var bits: UInt64 = 0
        for index in 0..<size {
            let byte = data[data.startIndex + offset + (isBigEndian ? index : size - 1 - index)]
            bits = bits << 8 | UInt64(byte)
        }
        let shift = UInt64(64 - size * 8)
        switch name.drop(while: { "<>=|".contains($0) }) {
        case "bool", "b1": return .bool(bits != 0)
        case "int8", "int16", "int32", "int64", "i1", "i2", "i4", "i8": return .int(Int64(bitPattern: bits << shift) >> Int64(shift))
        case "uint8", "uint16", "uint32", "uint64", "u1", "u2", "u4", "u8":
            return .integer(PickleInteger(bits))
        case "float64", "f8": return .float(Double(bitPattern: bits))
        case "float16", "f2":
            let exponent = Int(bits >> 10 & 0x1f), fraction = Double(bits & 0x3ff)
            let size =
                switch exponent {
                case 0: fraction / 16_777_216
                case 0x1f: fraction == 0 ? Double.infinity : Double.nan
                default: scalbn(1024 + fraction, exponent - 25)
                }
            return .float(bits & 0x8000 == 0 ? size : -size)
        case "float32", "f4": return .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        default: return nil
        }
    }
}

extension PickleKnown.Array {
    /// The items in the order of memory, where they are bools, ints or floats.
    public var numbers: [PickleValue]? {
        guard let data, dtype.size > 0, dtype.number(in: data, at: 0) != nil || data.isEmpty else { return nil }
        return stride(from: 0, through: data.count - dtype.size, by: dtype.size).compactMap { dtype.number(in: data, at: $0) }
    }
}
