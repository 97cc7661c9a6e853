import Foundation

/// Encodes `Encodable` types as pickles: structs become dicts, enums and arrays are encoded as Swift encodes them. Dictionaries
/// become dicts, whatever their keys are, unless Python cannot hash those (structs). A `Duration` becomes a timedelta; `DateComponents` that are a
/// date, a time or both become those of Python, with their time zone if they have one.
public struct PickleEncoder: Sendable {
    /// How a `Date` is pickled.
    public enum DateEncodingStrategy: Sendable {
        /// `datetime.datetime` in UTC, to the microsecond.
        case dateTime
        /// Seconds since 1970, a float.
        case secondsSince1970
        /// Milliseconds since 1970, a float.
        case millisecondsSince1970
        /// A str such as `2024-02-29T12:00:00Z`.
        case iso8601
        /// As `Date` encodes itself.
        case deferredToDate
        /// By a function of the caller's.
        case custom(@Sendable (Date, any Encoder) throws -> Void)
    }

    /// How `Data` is pickled.
    public enum DataEncodingStrategy: Sendable {
        /// bytes.
        case bytes
        /// A str in Base64.
        case base64
        /// As `Data` encodes itself: a list of ints.
        case deferredToData
        /// By a function of the caller's.
        case custom(@Sendable (Data, any Encoder) throws -> Void)
    }

    /// How the keys of Swift become those of Python.
    public enum KeyEncodingStrategy: Sendable {
        /// They are the same.
        case useDefaultKeys
        /// `firstName` becomes `first_name`.
        case convertToSnakeCase
        /// By a function of the path so far, the key last.
        case custom(@Sendable ([any CodingKey]) -> any CodingKey)
    }

    /// How a `Date` is pickled.
    public var dateEncodingStrategy = DateEncodingStrategy.dateTime
    /// How `Data` is pickled.
    public var dataEncodingStrategy = DataEncodingStrategy.bytes
    /// How keys are spelled.
    public var keyEncodingStrategy = KeyEncodingStrategy.useDefaultKeys
    /// For the types that are encoded.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// An encoder with the defaults.
    public init() {}

    /// A value of any type as a pickle, with protocol 0 to 5.
    public func encode(_ value: some Encodable, protocolVersion: UInt8 = 4) throws -> Data {
        try Pickle.dumps(self.value(of: value), protocolVersion: protocolVersion)
    }

    /// A value of any type as a pickle value.
    public func value(of value: some Encodable) throws -> PickleValue {
        let slot = Slot()
        try ValueEncoder(settings: self, slot: slot, path: .root).box(value)
        return slot.value
    }

    func name(_ key: any CodingKey, at path: CodingPath) -> String {
        switch keyEncodingStrategy {
        case .useDefaultKeys: key.stringValue
        case .convertToSnakeCase: Self.snakeCase(key.stringValue)
        case .custom(let convert): convert(path.keys + [key]).stringValue
        }
    }

    /// A word begins at a capital after a small letter or digit, and at the last capital before a small letter.
    static func snakeCase(_ key: String) -> String {
        let characters = Array(key)
        var text = ""
        for (index, character) in characters.enumerated() {
            if character.isUppercase, index > 0, characters[index - 1] != "_" {
                let follows = index + 1 < characters.count && characters[index + 1].isLowercase
                if !characters[index - 1].isUppercase || follows { text += "_" }
            }
            text += character.lowercased()
        }
        return text
    }
}

/// A place for a value. It stays open until the whole is encoded, because types may keep their containers.
private final class Slot {
    enum Content {
        case empty
        case value(PickleValue)
        case keyed([(key: PickleValue, slot: Slot)], index: [PickleValue: Int])
        case items([Slot])
    }

    var content = Content.empty

    var value: PickleValue {
        switch content {
        // A type that encodes nothing is as empty as one without members.
        case .empty: .dict([:])
        case .value(let value): value
        case .keyed(let parts, _): .dict(PickleDictionary(parts.map { .init(key: $0.key, value: $0.slot.value) }))
        case .items(let slots): .list(slots.map(\.value))
        }
    }

    /// The place under a key; what stood there is replaced.
    func at(_ key: PickleValue) -> Slot {
        openKeyed()
        guard case .keyed(var parts, var index) = content else { return Slot() }
        content = .empty
        let slot = Slot()
        if let place = index[key] {
            parts[place].slot = slot
        } else {
            index[key] = parts.count
            parts.append((key, slot))
        }
        content = .keyed(parts, index: index)
        return slot
    }

    var count: Int { if case .items(let slots) = content { slots.count } else { 0 } }

    func append() -> Slot {
        openItems()
        guard case .items(var slots) = content else { return Slot() }
        content = .empty
        let slot = Slot()
        slots.append(slot)
        content = .items(slots)
        return slot
    }

    /// Keys and values in turn, as Swift encodes dictionaries whose keys are neither String nor Int, become a dict. Where
    /// Python could not hash a key, they stay a list.
    func pairUp() {
        guard case .items(let slots) = content, slots.count % 2 == 0 else { return }
        let keys = stride(from: 0, to: slots.count, by: 2).compactMap { slots[$0].value.asKey }
        guard keys.count == slots.count / 2 else { return }
        content = .keyed(keys.enumerated().map { ($1, slots[2 * $0 + 1]) }, index: [:])
    }

    func openKeyed() {
        if case .keyed = content { return }
        content = .keyed([], index: [:])
    }

    func openItems() {
        if case .items = content { return }
        content = .items([])
    }
}

private struct ValueEncoder: Encoder {
    let settings: PickleEncoder
    let slot: Slot
    let path: CodingPath
    /// The value is a `Dictionary`; its keys are data, and ints where they are.
    var dictionary: (any PlainDictionary.Type)?

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { settings.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.openKeyed()
        return KeyedEncodingContainer(KeyedSlots<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.openItems()
        return UnkeyedSlots(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func at(_ key: any CodingKey) -> ValueEncoder {
        let name: PickleValue
        if let dictionary {
            name = dictionary.hasIntKeys ? key.intValue.map { .int(Int64($0)) } ?? .string(key.stringValue) : .string(key.stringValue)
        } else {
            name = .string(settings.name(key, at: path))
        }
        return ValueEncoder(settings: settings, slot: slot.at(name), path: path.appending(key))
    }

    func append() -> ValueEncoder {
        let key = AnyKey(intValue: slot.count)
        return ValueEncoder(settings: settings, slot: slot.append(), path: path.appending(key))
    }

    func set(_ value: PickleValue) { slot.content = .value(value) }

    func box(_ value: some Encodable) throws {
        switch value {
        case let value as PickleValue: set(value)
        case let value as Date: try box(date: value)
        case let value as Data: try box(data: value)
        case let value as Decimal: set(.object(.decimal(value)))
        case let value as UUID: set(.object(.uuid(value)))
        case let value as URL: set(.string(value.absoluteString))
        case let value as DateComponents:
            guard let form = PickleObject.Form(value) else { return try value.encode(to: self) }
            guard let object = form.object else { throw invalid(value, "Python has no such date or time") }
            set(.object(object))
        default:
            if #available(macOS 13, iOS 16, tvOS 16, watchOS 9, *), let duration = value as? Duration {
                guard let object = PickleObject.duration(duration) else {
                    throw invalid(value, "Python's timedelta has at most 999999999 days")
                }
                return set(.object(object))
            }
            var encoder = self
            encoder.dictionary = type(of: value) as? any PlainDictionary.Type
            try value.encode(to: encoder)
            if encoder.dictionary != nil { slot.pairUp() }
        }
    }

    private func invalid(_ value: Any, _ text: String) -> EncodingError {
        .invalidValue(value, .init(codingPath: codingPath, debugDescription: text))
    }

    private func box(date: Date) throws {
        switch settings.dateEncodingStrategy {
        case .dateTime:
            guard let object = PickleObject.dateTime(date) else {
                throw invalid(date, "Python's datetime has only the years 1 to 9999")
            }
            set(.object(object))
        case .secondsSince1970: set(.float(date.timeIntervalSince1970))
        case .millisecondsSince1970: set(.float(date.timeIntervalSince1970 * 1000))
        case .iso8601: set(.string(ISO8601DateFormatter().string(from: date)))
        case .deferredToDate: try date.encode(to: self)
        case .custom(let write): try write(date, self)
        }
    }

    private func box(data: Data) throws {
        switch settings.dataEncodingStrategy {
        case .bytes: set(.bytes(data))
        case .base64: set(.string(data.base64EncodedString()))
        case .deferredToData: try data.encode(to: self)
        case .custom(let write): try write(data, self)
        }
    }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { set(.none) }
    func encode(_ value: Bool) { set(.bool(value)) }
    func encode(_ value: String) { set(.string(value)) }
    func encode(_ value: Double) { set(.float(value)) }
    func encode(_ value: Float) { set(.float(Double(value))) }
    func encode(_ value: Int) { integer(value) }
    func encode(_ value: Int8) { integer(value) }
    func encode(_ value: Int16) { integer(value) }
    func encode(_ value: Int32) { integer(value) }
    func encode(_ value: Int64) { integer(value) }
    func encode(_ value: UInt) { integer(value) }
    func encode(_ value: UInt8) { integer(value) }
    func encode(_ value: UInt16) { integer(value) }
    func encode(_ value: UInt32) { integer(value) }
    func encode(_ value: UInt64) { integer(value) }
    func encode<T: Encodable>(_ value: T) throws { try box(value) }

    private func integer(_ value: some FixedWidthInteger) {
        set(Int64(exactly: value).map(PickleValue.int) ?? .integer(PickleInteger(value)))
    }
}

private struct KeyedSlots<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { encoder.at(key).encodeNil() }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try encoder.at(key).box(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        encoder.at(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder.at(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder.at(AnyKey.super) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.at(key) }
}

private struct UnkeyedSlots: UnkeyedEncodingContainer {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.slot.count }

    func encodeNil() { encoder.append().encodeNil() }
    func encode<T: Encodable>(_ value: T) throws { try encoder.append().box(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder.append().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.append().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder.append() }
}

extension PickleValue {
    /// The value as a key: a list is a tuple there. Nil where Python cannot hash it.
    fileprivate var asKey: PickleValue? {
        switch self {
        case .list(let items), .tuple(let items):
            let keys = items.compactMap(\.asKey)
            return keys.count == items.count ? .tuple(keys) : nil
        case .dict, .set, .byteArray, .cycle: return nil
        default: return self
        }
    }
}

extension PickleValue: Encodable {
    /// Only to a ``PickleEncoder``.
    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ValueEncoder else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: encoder.codingPath, debugDescription: "only a PickleEncoder takes pickle values"))
        }
        encoder.set(self)
    }
}

// MARK: - Objects as CPython spells them

extension PickleObject {
    private static func call(_ module: String, _ name: String, _ arguments: [PickleValue], _ known: PickleKnown) -> PickleObject {
        PickleObject(.reduce(callable: .global(module: module, name: name), arguments: .tuple(arguments)), known: known)
    }

    /// `datetime.datetime` in UTC (`datetime.__reduce_ex__`: ten bytes and the zone); nil outside the years 1 to 9999.
    static func dateTime(_ date: Date) -> PickleObject? {
        let seconds = date.timeIntervalSince1970
        guard seconds.isFinite, abs(seconds) < 1e12 else { return nil }
        let micros = Int((seconds * 1e6).rounded())
        let days = (micros >= 0 ? micros : micros - 86_399_999_999) / 86_400_000_000
        let rest = micros - days * 86_400_000_000
        let (second, micro) = (rest / 1_000_000, rest % 1_000_000)
        // The inverse of what `Date.init` does.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        guard (1...9999).contains(year) else { return nil }
        let (hour, minute) = (second / 3600, second / 60 % 60)
        let bytes = [year >> 8, year & 255, month, day, hour, minute, second % 60, micro >> 16, micro >> 8 & 255, micro & 255]
        let utc = PickleValue.object(fixed(0))
        let components = DateComponents(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second % 60, nanosecond: micro * 1000)
        return call("datetime", "datetime", [.bytes(Data(bytes.map(UInt8.init))), utc], .dateTime(components, fold: false, zone: utc))
    }

    /// `datetime.timedelta`; what is finer than a microsecond is cut off. Nil for more than 999999999 days.
    @available(macOS 13, iOS 16, tvOS 16, watchOS 9, *)
    static func duration(_ duration: Duration) -> PickleObject? {
        var (seconds, attoseconds) = duration.components
        var micros = attoseconds / 1_000_000_000_000
        // Both have the sign of the whole; those of Python are never negative.
        if micros * 1_000_000_000_000 > attoseconds { micros -= 1 }
        if micros < 0 { (seconds, micros) = (seconds - 1, micros + 1_000_000) }
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        guard abs(days) <= 999_999_999 else { return nil }
        return delta(Int(days), Int(seconds - days * 86_400), Int(micros))
    }

    private static func delta(_ days: Int, _ seconds: Int, _ micros: Int) -> PickleObject {
        call("datetime", "timedelta", [.int(Int64(days)), .int(Int64(seconds)), .int(Int64(micros))],
             .timeDelta(days: days, seconds: seconds, microseconds: micros))
    }

    /// `datetime.timezone`.
    private static func fixed(_ seconds: Int) -> PickleObject {
        let days = seconds < 0 ? -1 : 0
        return call("datetime", "timezone", [.object(delta(days, seconds - days * 86_400, 0))], .timeZone(seconds: seconds, name: nil))
    }

    /// `zoneinfo.ZoneInfo` (`ZoneInfo.__reduce__`), or an offset that Foundation calls `GMT+0530`.
    private static func zone(_ zone: TimeZone) -> PickleObject {
        if zone.identifier.hasPrefix("GMT") || zone.identifier == "UTC" { return fixed(zone.secondsFromGMT()) }
        let unpickle = call("builtins", "getattr", [.global(module: "zoneinfo", name: "ZoneInfo"), "_unpickle"],
                            .member(of: .global(module: "zoneinfo", name: "ZoneInfo"), name: "_unpickle"))
        return PickleObject(.reduce(callable: .object(unpickle), arguments: .tuple([.string(zone.identifier), true])),
                            known: .zoneInfo(zone.identifier, seconds: nil))
    }

    /// What date components are in Python: `datetime.date`, `time` or `datetime`.
    struct Form {
        private let at: DateComponents
        private let hasDate: Bool
        private let hasTime: Bool

        /// Nil where they are something else.
        init?(_ at: DateComponents) {
            let others = [at.era, at.quarter, at.weekday, at.weekdayOrdinal, at.weekOfMonth, at.weekOfYear, at.yearForWeekOfYear]
            let date = [at.year, at.month, at.day].compactMap { $0 }.count
            guard others.allSatisfy({ $0 == nil }), date == 0 || date == 3 else { return nil }
            if let calendar = at.calendar, calendar.identifier != .gregorian && calendar.identifier != .iso8601 { return nil }
            let time = [at.hour, at.minute, at.second].compactMap { $0 }.count
            (self.at, hasDate, hasTime) = (at, date == 3, time == 3)
            // A time without minutes says less than one at 0 minutes; a date has no time zone.
            guard hasTime || hasDate && time == 0 && at.nanosecond == nil && at.timeZone == nil else { return nil }
        }

        /// Nil where Python has none: 30 February, 24 hours.
        var object: PickleObject? {
            var bytes: [Int] = []
            if hasDate {
                let (year, month, day) = (at.year!, at.month!, at.day!)
                guard (1...9999).contains(year), (1...12).contains(month) else { return nil }
                let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
                let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
                guard (1...days).contains(day) else { return nil }
                bytes = [year >> 8, year & 255, month, day]
            }
            let (hour, minute, second, micro) = (at.hour ?? 0, at.minute ?? 0, at.second ?? 0, (at.nanosecond ?? 0) / 1000)
            guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second), (0..<1_000_000).contains(micro) else { return nil }
            if hasTime { bytes += [hour, minute, second, micro >> 16, micro >> 8 & 255, micro & 255] }
            let zone = at.timeZone.map { PickleValue.object(PickleObject.zone($0)) }
            let arguments = [PickleValue.bytes(Data(bytes.map(UInt8.init)))] + (zone.map { [$0] } ?? [])
            if !hasTime { return call("datetime", "date", arguments, .date(year: at.year!, month: at.month!, day: at.day!)) }
            guard hasDate else {
                let known = PickleKnown.time(hour: hour, minute: minute, second: second, microsecond: micro, fold: false, zone: zone)
                return call("datetime", "time", arguments, known)
            }
            let parts = DateComponents(
                year: at.year, month: at.month, day: at.day, hour: hour, minute: minute, second: second, nanosecond: micro * 1000)
            return call("datetime", "datetime", arguments, .dateTime(parts, fold: false, zone: zone))
        }
    }

    /// `decimal.Decimal` by its text (`Decimal.__reduce__`).
    static func decimal(_ decimal: Decimal) -> PickleObject {
        let text = decimal.isNaN ? "NaN" : "\(decimal)"
        return call("decimal", "Decimal", [.string(text)], .decimal(text))
    }

    /// `uuid.UUID` as protocol 2 and up make it: NEWOBJ, and a state with the number.
    static func uuid(_ uuid: UUID) -> PickleObject {
        let bytes = withUnsafeBytes(of: uuid.uuid) { Data($0.reversed()) }
        let state = PickleValue.dict(["int": .integer(PickleInteger(bytes: bytes + [0]))])
        return PickleObject(
            .newObject(class: .global(module: "uuid", name: "UUID"), arguments: .tuple([])), changes: [.build(state)],
            known: .uuid(uuid))
    }
}
