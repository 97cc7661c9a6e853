import Foundation

/// The path of a value, innermost last; made into an array only on demand.
indirect enum CodingPath {
    case root
    case key(any CodingKey, CodingPath)

    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var here = self
        while case .key(let key, let outer) = here {
            keys.append(key)
            here = outer
        }
        return keys.reversed()
    }

    func appending(_ key: any CodingKey) -> CodingPath { .key(key, self) }
}

/// A key or index that no type declares.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }

    static let `super` = AnyKey(stringValue: "super")
}

/// Dictionaries: their keys are data and never renamed.
protocol PlainDictionary {
    static var hasIntKeys: Bool { get }
}

extension Dictionary: PlainDictionary {
    static var hasIntKeys: Bool { Key.self == Int.self }
}

extension Date {
    /// The moment at which the clocks of a zone show this; the second one, where they do so twice and `fold` says so. Where
    /// they never do, as Python counts: with the offset of before, or of after for `fold`.
    init(_ components: DateComponents, in zone: TimeZone, fold: Bool) {
        let wall = Date(components, secondsFromUTC: 0)
        let offsets = [wall - 86_400, wall + 86_400].map { Double(zone.secondsFromGMT(for: $0)) }
        let shown = offsets.filter { Double(zone.secondsFromGMT(for: wall - $0)) == $0 }
        self = wall - (shown.count == 1 ? shown[0] : offsets[fold ? 1 : 0])
    }

    /// The moment that a `datetime.datetime` without time zone stands for, `seconds` east of UTC.
    init(_ components: DateComponents, secondsFromUTC seconds: Int) {
        // Days from 1970-01-01 in the proleptic Gregorian calendar, which is Python's; years begin in March.
        let month = components.month ?? 1
        let year = (components.year ?? 1970) - (month <= 2 ? 1 : 0)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + (components.day ?? 1) - 1
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        // Of years that no `Int` has the seconds of, a `Double` has them.
        let days = Double(era) * 146_097 + Double(yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
        let time = ((components.hour ?? 0) * 60 + (components.minute ?? 0)) * 60 + (components.second ?? 0) - seconds
        self.init(timeIntervalSince1970: days * 86_400 + Double(time) + Double(components.nanosecond ?? 0) / 1e9)
    }
}
