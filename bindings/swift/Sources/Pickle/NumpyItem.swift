import Foundation

extension PickleKnown.DType {
    private var bare: Substring { name.drop(while: { "<>=|".contains($0) }) }

    var isText: Bool { bare.hasPrefix("U") }
    var isBytes: Bool { bare.hasPrefix("S") }
    /// Items of which nothing is known but their bytes.
    var isOpaque: Bool { bare.hasPrefix("V") && fields.isEmpty && axes.isEmpty }
    var isComplex: Bool { bare == "complex64" && size == 8 || bare == "complex128" && size == 16 }
    var isMoment: Bool { bare.hasPrefix("datetime64") && size == 8 }
    var isSpan: Bool { bare.hasPrefix("timedelta64") && size == 8 }

    /// The unit of a moment or span; nil where it has none.
    var unit: PickleColumn.TickUnit? {
        let text = tick.drop(while: \.isNumber)
        return PickleColumn.TickUnit.allCases.first { $0.name == text }
    }

    private var tick: Substring {
        guard let open = bare.firstIndex(of: "["), let close = bare.lastIndex(of: "]") else { return "" }
        return bare[bare.index(after: open)..<close]
    }

    /// A moment or span in its unit; nil where 64 bits do not hold it.
    func ticks(_ data: Data) -> Int64? {
        guard isMoment || isSpan, data.count == 8 else { return nil }
        let count = tick.prefix(while: \.isNumber)
        let (ticks, overflow) = word(data).multipliedReportingOverflow(by: count.isEmpty ? 1 : Int64(count) ?? 0)
        return overflow ? nil : ticks
    }

    /// NaT.
    func isMissing(_ data: Data) -> Bool { (isMoment || isSpan) && data.count == 8 && word(data) == .min }

    private func word(_ data: Data) -> Int64 {
        let bits = data.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(bitPattern: isBigEndian ? bits : bits.byteSwapped)
    }

    /// Bytes without the zeros at their end, as numpy has them.
    func octets(_ data: Data) -> Data {
        guard isBytes else { return data }
        return data.lastIndex { $0 != 0 }.map { Data(data[data.startIndex...$0]) } ?? Data()
    }

    /// Text in UTF-32 without the zeros at its end; what is no character is U+FFFD.
    private func text(in data: Data, at offset: Int) -> String {
        let from = data.startIndex + offset
        var points = stride(from: 0, to: size - size % 4, by: 4).map { at in
            (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(data[from + at + (isBigEndian ? $1 : 3 - $1)]) }
        }
        while points.last == 0 { points.removeLast() }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: points.map { Unicode.Scalar($0) ?? "\u{fffd}" })
        return String(text)
    }

    /// The item at an offset in bytes that lies in the data: a number or text itself, a record with its fields, whatever else as a
    /// scalar of numpy.
    func item(in data: Data, at offset: Int) -> PickleValue {
        if let element = element.first {
            let items = (0..<axes.reduce(1, *)).map { element.item(in: data, at: offset + $0 * element.size) }
            return PickleKnown.Array.nest(items, axes) ?? .list([])
        }
        if !fields.isEmpty {
            let values = fields.map { $0.dtype.item(in: data, at: offset + $0.offset) }
            let entries = zip(fields, values).map { PickleDictionary.Entry(key: .string($0.name), value: $1) }
            let facts = PickleObject.Facts(known: .fields(values), attributes: PickleDictionary(entries))
            return .object(PickleObject(.reduce(callable: .global(module: "numpy", name: "void"), arguments: .tuple([])), changes: [], facts: facts))
        }
        if let plain = plain(in: data, at: offset) { return plain }
        let bytes = Data(data[data.startIndex + offset..<data.startIndex + offset + size])
        return .object(PickleObject(.reduce(callable: .global(module: "numpy", name: name), arguments: .tuple([])), known: .scalar(self, bytes)))
    }

    /// The bool, int, float or text at an offset; nil where it is something else.
    func plain(in data: Data, at offset: Int) -> PickleValue? {
        isText && offset + size <= data.count ? .string(text(in: data, at: offset)) : number(in: data, at: offset)
    }

    /// Everything in an item lies in it.
    var isInside: Bool {
        guard size >= 0 else { return false }
        if let element = element.first {
            var bytes = element.size
            for axis in axes where bytes <= size {
                let (product, overflow) = bytes.multipliedReportingOverflow(by: axis)
                guard !overflow, axis >= 0 else { return false }
                bytes = product
            }
            return element.size > 0 && element.isInside && bytes <= size
        }
        return fields.allSatisfy { $0.offset >= 0 && $0.offset <= size && $0.dtype.size <= size - $0.offset && $0.dtype.isInside }
    }

    /// A moment as text, as exact as its unit: `2024-02-29`, `2024-02-29T13:05:07.000001`; nil where it has none.
    func moment(_ data: Data) -> String? {
        guard isMoment, let unit, let ticks = ticks(data) else { return nil }
        func padded<Number: BinaryInteger>(_ number: Number, _ digits: Int) -> String {
            let text = String(number.magnitude)
            return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        switch unit {
        case .years: return ticks > .max - 1970 ? String(UInt64(ticks) + 1970) : padded(ticks + 1970, 4)
        case .months:
            let year = floored(ticks, 12)
            return padded(year + 1970, 4) + "-" + padded(ticks &- year &* 12 + 1, 2)
        default: break
        }
        // The calendar repeats after 400 years, which have as many days.
        let days: Int64 = 146_097
        var era: Int64 = 0, second: Int64, fraction: Int64 = 0, digits = 0
        func whole(_ ticksInEra: Int64, _ seconds: Int64) -> Int64 {
            era = floored(ticks, ticksInEra)
            return (ticks &- era &* ticksInEra) * seconds
        }
        switch unit {
        case .weeks: second = whole(days / 7, 604_800)
        case .days: second = whole(days, 86_400)
        case .hours: second = whole(days * 24, 3600)
        case .minutes: second = whole(days * 1440, 60)
        case .seconds: second = whole(days * 86_400, 1)
        default:
            digits = [.milliseconds: 3, .microseconds: 6, .nanoseconds: 9, .picoseconds: 12, .femtoseconds: 15][unit] ?? 18
            let perSecond = (0..<digits).reduce(Int64(1)) { power, _ in power * 10 }
            let all = floored(ticks, perSecond)
            fraction = ticks &- all &* perSecond
            era = floored(all, days * 86_400)
            second = all - era * days * 86_400
        }
        let date = PickleColumn.TickUnit.date(second / 86_400)
        let day = padded(era * 400 + Int64(date.year ?? 0), 4) + "-" + padded(date.month ?? 0, 2) + "-" + padded(date.day ?? 0, 2)
        if unit == .days || unit == .weeks { return day }
        let clock = [second % 86_400 / 3600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
        if fraction == 0 { return day + "T" + clock }
        // Digits in threes, the last ones no zeros.
        var shown = padded(fraction, digits)
        while shown.hasSuffix("000") { shown.removeLast(3) }
        return day + "T" + clock + "." + shown
    }

    /// A span exactly; nil where it has no length (years and months) or `Duration` no room for it.
    @available(macOS 13, iOS 16, tvOS 16, watchOS 9, *)
    func span(_ data: Data) -> Duration? {
        guard isSpan, let unit, unit != .years, unit != .months, let ticks = ticks(data) else { return nil }
        func part(_ perSecond: Int64) -> Duration {
            let seconds = floored(ticks, perSecond)
            return Duration(
                secondsComponent: seconds,
                attosecondsComponent: (ticks &- seconds &* perSecond) * (1_000_000_000_000_000_000 / perSecond))
        }
        switch unit {
        case .milliseconds: return part(1_000)
        case .microseconds: return part(1_000_000)
        case .nanoseconds: return part(1_000_000_000)
        case .picoseconds: return part(1_000_000_000_000)
        case .femtoseconds: return part(1_000_000_000_000_000)
        case .attoseconds: return part(1_000_000_000_000_000_000)
        default: return unit.time(ticks).map { .seconds($0.seconds) }
        }
    }
}

extension PickleKnown.Array {
    /// All items in the order of memory; of objects, in that of the axes. Nil where they are not in the pickle.
    private var elements: [PickleValue]? {
        if let objects { return objects }
        guard let data, dtype.size > 0, dtype.isInside, data.count % dtype.size == 0 else { return nil }
        return stride(from: 0, to: data.count, by: dtype.size).map { dtype.item(in: data, at: $0) }
    }

    /// The items as lists in lists, one level an axis, the last axis innermost: numbers, text, and whatever else as scalars of
    /// numpy. Nil where they are not in the pickle, or the shape asks for others than there are.
    public var nested: PickleValue? {
        guard let elements, !shape.isEmpty, shape.allSatisfy({ $0 >= 0 }) else { return nil }
        var count = 1
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            if overflow { return nil }
            count = product
        }
        guard count == elements.count else { return nil }
        var items = elements
        if isFortranOrder, objects == nil, shape.count > 1 {
            var index = Swift.Array(repeating: 0, count: shape.count)
            var steps = Swift.Array(repeating: 1, count: shape.count)
            for axis in 1..<shape.count { steps[axis] = steps[axis - 1] * shape[axis - 1] }
            for place in 0..<count {
                items[place] = elements[zip(index, steps).reduce(0) { $0 + $1.0 * $1.1 }]
                for axis in shape.indices.reversed() {
                    index[axis] += 1
                    if index[axis] < shape[axis] { break }
                    index[axis] = 0
                }
            }
        }
        return Self.nest(items, shape)
    }

    /// Items along axes. An axis without items leaves as many empty lists as the axes before it have places; of more than a thousand
    /// nothing is made: a shape of few bytes asks for as many as it likes.
    static func nest(_ items: [PickleValue], _ shape: [Int]) -> PickleValue? {
        if let none = shape.firstIndex(of: 0) {
            var lists = PickleValue.list([]), count = 1
            for length in shape[..<none].reversed() {
                count *= min(length, 1001)
                guard count <= 1000 else { return nil }
                lists = .list(Swift.Array(repeating: lists, count: length))
            }
            return lists
        }
        var items = items
        for length in shape.dropFirst().reversed() {
            items = stride(from: 0, to: items.count, by: length).map { .list(Swift.Array(items[$0..<min($0 + length, items.count)])) }
        }
        return .list(items)
    }
}
