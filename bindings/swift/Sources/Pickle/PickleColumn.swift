import Foundation

/// A column of a ``PickleTable``: cells of one type, some of them missing (None, NaT, NA, masked), which are nil. A NaN of a
/// column of floats is a float; in a column of anything else it is nil.
public struct PickleColumn: Sendable {
    /// Its name as text; nil for labels of rows and series that have none.
    public let name: String?
    /// Its type as pandas names it, such as `int64` or `datetime64[ns, UTC]`; `object` for rows out of lists.
    public let dtype: String
    /// Number of cells.
    public let count: Int
    /// The cells.
    public let values: Values

    /// What the cells are.
    public indirect enum Values: Sendable {
        /// Nothing but missing ones.
        case nothing
        /// Booleans.
        case bools([Bool?])
        /// Ints of up to 64 bits.
        case ints([Int64?])
        /// Ints of 64 bits without sign.
        case unsigned([UInt64?])
        /// Floats.
        case doubles([Double?])
        /// Text.
        case strings([String?])
        /// Bytes, also of items that numpy has no other form for.
        case data([Data?])
        /// Moments: ticks since 1970, in UTC if there is a zone (`Europe/Berlin`, `UTC`, `+05:30`), else in local
        /// time of an unknown zone.
        case moments([Int64?], unit: TickUnit, zone: String?)
        /// Spans of time.
        case durations([Int64?], unit: TickUnit)
        /// Dates: days since 1970.
        case days([Int64?])
        /// Times of day: ticks since midnight.
        case times([Int64?], unit: TickUnit)
        /// Decimal numbers, all their digits as text.
        case decimals([String?])
        /// Complex numbers.
        case complex([Complex?])
        /// Values that no type holds all of.
        case values([PickleValue?])
        /// Ints at equal distances.
        case range(start: Int64, step: Int64)
        /// A category a row, by its number; -1 is a missing one.
        case categories([Int32], of: PickleColumn, isOrdered: Bool)
        /// Intervals: their ends, and which of them belong to it (`left`, `right`, `both`, `neither`).
        case intervals(left: PickleColumn, right: PickleColumn, closed: String)
    }

    /// A complex number.
    public struct Complex: Sendable, Hashable {
        /// The real part.
        public var real: Double
        /// The imaginary part.
        public var imaginary: Double
    }

    /// The unit of a tick.
    public enum TickUnit: UInt8, Sendable, Hashable, CaseIterable {
        case years = 1, months, weeks, days, hours, minutes, seconds
        case milliseconds, microseconds, nanoseconds, picoseconds, femtoseconds, attoseconds

        /// As numpy names it.
        public var name: String {
            ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"][Int(rawValue) - 1]
        }

        /// Whole seconds and nanoseconds of ticks; what is finer is left out. nil where they do not fit.
        func time(_ ticks: Int64) -> (seconds: Int64, nanoseconds: Int64)? {
            func whole(_ seconds: Int64) -> (Int64, Int64)? {
                let (product, overflow) = ticks.multipliedReportingOverflow(by: seconds)
                return overflow ? nil : (product, 0)
            }
            // The second, day or year in which the least ticks are begins before them: what is left is right all the same.
            func part(_ ticks: Int64, _ perSecond: Int64) -> (Int64, Int64) {
                let seconds = floored(ticks, perSecond)
                return (seconds, (ticks &- seconds &* perSecond) * (1_000_000_000 / perSecond))
            }
            switch self {
            case .years: return whole(31_556_952)
            case .months: return whole(2_629_746)
            case .weeks: return whole(604_800)
            case .days: return whole(86_400)
            case .hours: return whole(3600)
            case .minutes: return whole(60)
            case .seconds: return (ticks, 0)
            case .milliseconds: return part(ticks, 1_000)
            case .microseconds: return part(ticks, 1_000_000)
            case .nanoseconds: return part(ticks, 1_000_000_000)
            case .picoseconds: return part(floored(ticks, 1_000), 1_000_000_000)
            case .femtoseconds: return part(floored(ticks, 1_000_000), 1_000_000_000)
            case .attoseconds: return part(floored(ticks, 1_000_000_000), 1_000_000_000)
            }
        }

        /// A moment by its components in UTC; nil where it has none.
        func moment(_ ticks: Int64) -> DateComponents? {
            if self == .years || self == .months {
                let (months, overflow) = ticks.multipliedReportingOverflow(by: self == .years ? 12 : 1)
                guard !overflow else { return nil }
                let year = floored(months, 12)
                return DateComponents(
                    year: Int(year + 1970), month: Int(months &- year &* 12 + 1), day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0)
            }
            guard let (seconds, nanoseconds) = time(ticks) else { return nil }
            let day = floored(seconds, 86_400)
            let second = Int(seconds &- day &* 86_400)
            var components = Self.date(day)
            components.hour = second / 3600
            components.minute = second / 60 % 60
            components.second = second % 60
            components.nanosecond = Int(nanoseconds)
            return components
        }

        /// The date of a day since 1970, in the proleptic Gregorian calendar; years begin in March.
        static func date(_ days: Int64) -> DateComponents {
            let days = days + 719_468
            let era = floored(days, 146_097)
            let dayOfEra = days - era * 146_097
            let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let day = dayOfEra - (365 * year + year / 4 - year / 100)
            let month = (5 * day + 2) / 153
            return DateComponents(
                year: Int(era * 400 + year + (month >= 10 ? 1 : 0)), month: Int(month < 10 ? month + 3 : month - 9),
                day: Int(day - (153 * month + 2) / 5 + 1))
        }
    }

    /// The cells as booleans; nil for a column of anything else, as all of these.
    public var bools: [Bool?]? { if case .bools(let cells) = values { cells } else { nil } }

    /// The cells as ints of 64 bits.
    public var ints: [Int64?]? {
        switch values {
        case .ints(let cells): cells
        case .range(let start, let step): (0..<Int64(count)).map { start + $0 * step }
        default: nil
        }
    }

    /// The cells as ints without sign.
    public var unsigned: [UInt64?]? { if case .unsigned(let cells) = values { cells } else { nil } }

    /// The cells as floats.
    public var doubles: [Double?]? { if case .doubles(let cells) = values { cells } else { nil } }

    /// The cells as text, those of categories that are text as well.
    public var strings: [String?]? {
        switch values {
        case .strings(let cells): return cells
        case .categories(let codes, let categories, _):
            guard let texts = categories.strings else { return nil }
            return codes.map { $0 < 0 ? nil : texts[Int($0)] }
        default: return nil
        }
    }

    /// The cells as bytes.
    public var data: [Data?]? { if case .data(let cells) = values { cells } else { nil } }

    /// The cells as moments, those without a time zone as if they were in UTC; of dates their midnight. A `Date` is a float and
    /// holds about a ten-millionth of a second: the ticks in ``values`` are exact.
    public var dates: [Date?]? {
        func date(_ components: DateComponents?) -> Date? { components.map { Date($0, secondsFromUTC: 0) } }
        switch values {
        case .moments(let ticks, let unit, _): return ticks.map { $0.flatMap { date(unit.moment($0)) } }
        case .days(let days): return days.map { $0.map { Date(timeIntervalSince1970: Double($0) * 86_400) } }
        default: return nil
        }
    }

    /// A cell as a value, nil where it is missing or there is no such row: times as the objects of Python's `datetime`,
    /// complex numbers and intervals as tuples.
    public subscript(row: Int) -> PickleValue? {
        guard row >= 0, row < count else { return nil }
        switch values {
        case .nothing: return nil
        case .bools(let cells): return cells[row].map { .bool($0) }
        case .ints(let cells): return cells[row].map { .int($0) }
        case .range(let start, let step): return .int(start + Int64(row) * step)
        case .unsigned(let cells):
            return cells[row].map { cell in
                Int64(exactly: cell).map { .int($0) }
                    ?? .bigInt(PickleInteger(bytes: withUnsafeBytes(of: cell.littleEndian) { Data($0) } + [0]))
            }
        case .doubles(let cells): return cells[row].map { .float($0) }
        case .strings(let cells): return cells[row].map { .string($0) }
        case .data(let cells): return cells[row].map { .bytes($0) }
        case .moments(let ticks, let unit, let zone):
            return ticks[row].map { tick in
                guard let components = unit.moment(tick) else { return .int(tick) }
                let utc = zone.map { _ in Self.object("timezone", .timeZone(seconds: 0, name: nil)) }
                return Self.object("datetime", .dateTime(components, fold: false, zone: utc))
            }
        case .durations(let ticks, let unit):
            return ticks[row].map { tick in
                guard let (seconds, nanoseconds) = unit.time(tick) else { return .int(tick) }
                let days = floored(seconds, 86_400)
                return Self.object(
                    "timedelta",
                    .timeDelta(days: Int(days), seconds: Int(seconds &- days &* 86_400), microseconds: Int(nanoseconds / 1000)))
            }
        case .days(let days):
            return days[row].map { day in
                let date = TickUnit.date(day)
                return Self.object("date", .date(year: date.year ?? 1970, month: date.month ?? 1, day: date.day ?? 1))
            }
        case .times(let ticks, let unit):
            return ticks[row].map { tick in
                guard let (seconds, nanoseconds) = unit.time(tick) else { return .int(tick) }
                let second = Int(seconds)
                return Self.object(
                    "time",
                    .time(
                        hour: second / 3600, minute: second / 60 % 60, second: second % 60, microsecond: Int(nanoseconds / 1000),
                        fold: false, zone: nil))
            }
        case .decimals(let cells): return cells[row].map { Self.object("Decimal", module: "decimal", .decimal($0)) }
        case .complex(let cells):
            return cells[row].map { Self.object("complex", module: "builtins", .complex(real: $0.real, imaginary: $0.imaginary)) }
        case .values(let cells): return cells[row]
        case .categories(let codes, let categories, _): return codes[row] < 0 ? nil : categories[Int(codes[row])]
        case .intervals(let left, let right, _):
            guard let low = left[row], let high = right[row], !(low.doubleValue?.isNaN ?? false) else { return nil }
            return .tuple([low, high])
        }
    }

    private static func object(_ name: String, module: String = "datetime", _ known: PickleKnown) -> PickleValue {
        .object(PickleObject(.reduce(callable: .global(module: module, name: name), arguments: .tuple([])), known: known))
    }
}

/// Division that rounds down.
func floored(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}
