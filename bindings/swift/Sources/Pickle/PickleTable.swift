import Foundation
internal import PickleFFI

/// A table as columns of types: a frame, series or index of pandas, an array of numpy of one or two axes, a structured or
/// masked one, a dict of arrays, a sparse matrix of SciPy (`row`, `col`, `value`), a list of dicts, tuples or objects.
public struct PickleTable: Sendable {
    /// Number of rows.
    public let rowCount: Int
    /// The columns in their order.
    public let columns: [PickleColumn]
    /// The labels of the rows, a column a level; none where rows are only counted.
    public let index: [PickleColumn]

    /// The names of the columns: their numbers where they have none.
    public var names: [String] { columns.enumerated().map { $1.name ?? String($0) } }

    /// The types of the columns as pandas names them.
    public var dtypes: [String] { columns.map(\.dtype) }

    /// The first column of a name; nil where there is none.
    public subscript(name: String) -> PickleColumn? {
        columns.enumerated().first { $1.name ?? String($0) == name }?.element
    }

    /// The cells of a row by the names of their columns, those that are missing left out. Of equal names the first counts.
    public func row(_ number: Int) -> PickleDictionary { row(number, names) }

    private func row(_ number: Int, _ names: [String]) -> PickleDictionary {
        var entries: [PickleDictionary.Entry] = []
        entries.reserveCapacity(columns.count)
        var seen = Set<String>(minimumCapacity: columns.count)
        for (name, column) in zip(names, columns) where seen.insert(name).inserted {
            if let cell = column[number] { entries.append(PickleDictionary.Entry(key: .string(name), value: cell)) }
        }
        return PickleDictionary(entries)
    }

    /// The rows as values of a type whose keys are the names of columns; what may be missing is optional in it. Throws
    /// `DecodingError` where a cell is of another type or missing: its path begins with the number of the row.
    public func decode<Row: Decodable>(_ type: Row.Type, using decoder: PickleDecoder = PickleDecoder()) throws -> [Row] {
        let names = names, settings = PickleDecoder.Settings(decoder)
        return try (0..<rowCount).map { number in
            let path = CodingPath.root.appending(AnyKey(intValue: number))
            return try ValueDecoder(settings: settings, value: .dict(row(number, names)), path: path).unbox(type)
        }
    }
}

extension Pickle {
    /// The table at a path such as `$.frames[0]` of the pickle at the start of `data`; nothing else becomes a value of Swift.
    ///
    /// Throws an error of kind `noTable` if what is there is not a table, or its parts do not fit together, `sizeLimit` where
    /// it has far more cells than the pickle has bytes (with ``PickleOptions/maxBytes``: takes more than that), and the kinds
    /// of ``at(_:in:options:)``. The message begins with the path.
    public static func table(
        _ data: Data, at path: String = "$", options: PickleOptions = PickleOptions()
    ) throws(PickleError) -> PickleTable {
        do {
            return try options.table(PickleFFI.tableIn(data: data, path: path, options: options.raw))
        } catch {
            throw PickleError(error)
        }
    }

    /// The same of a file.
    public static func table(
        contentsOf url: URL, at path: String = "$", options: PickleOptions = PickleOptions()
    ) throws(PickleError) -> PickleTable {
        let data: Data
        do {
            data = try Data(contentsOf: url, options: .mappedIfSafe)
        } catch {
            throw PickleError(error)
        }
        return try table(data, at: path, options: options)
    }
}

extension PickleValue {
    /// The table that this value is, or that is at a path in it, as ``Pickle/table(_:at:options:)``. Every call looks at the
    /// whole of it.
    public func table(at path: String = "$", options: PickleOptions = PickleOptions()) throws(PickleError) -> PickleTable {
        let flat = try FlatWriter.write(self)
        do {
            return try options.table(
                PickleFFI.tableOf(flat: flat, path: path, maxDepth: options.maxDepth, maxBytes: options.maxBytes))
        } catch {
            throw PickleError(error)
        }
    }
}

extension PickleOptions {
    fileprivate func table(_ data: Data) throws -> PickleTable {
        try data.withUnsafeBytes { bytes in
            var reader = TableReader(bytes: bytes, options: self)
            return try reader.table()
        }
    }
}

/// Reads the form of `bindings/uniffi/src/table`.
private struct TableReader {
    let bytes: UnsafeRawBufferPointer
    let options: PickleOptions
    var at = 0

    private var damaged: PickleError { PickleError(.versionMismatch, at: UInt64(at), "the library's table is damaged") }

    mutating func table() throws -> PickleTable {
        guard try byte() == 1 else {
            throw PickleError(.versionMismatch, "the library's tables have another layout; build package and library together")
        }
        let rows = try number(), columns = try number()
        let all = columns + (try number())
        var made = [PickleColumn?](repeating: nil, count: all)
        for _ in 0..<all {
            let place = try number()
            guard made.indices.contains(place) else { throw damaged }
            let named = try number()
            let name = named == 0 ? nil : String(decoding: try run(named - 1), as: UTF8.self)
            made[place] = try column(name, try text())
        }
        let complete = made.compactMap { $0 }
        guard complete.count == all else { throw damaged }
        return PickleTable(rowCount: rows, columns: Array(complete[..<columns]), index: Array(complete[columns...]))
    }

    private mutating func column(_ name: String?, _ dtype: String) throws -> PickleColumn {
        let kind = try byte()
        let count = try number()
        return PickleColumn(name: name, dtype: dtype, count: count, values: try values(kind, count, dtype))
    }

    private mutating func values(_ kind: UInt8, _ count: Int, _ dtype: String) throws -> PickleColumn.Values {
        switch kind {
        case 0: return .nothing
        case 1: return .bools(try cells(count, 1) { reader, at in reader.bytes[at] != 0 })
        case 2: return .ints(try ints(count))
        case 3: return .unsigned(try cells(count, 8) { reader, at in reader.load(at, UInt64.self) })
        case 4: return .doubles(try cells(count, 8) { reader, at in Double(bitPattern: reader.load(at, UInt64.self)) })
        case 5: return .strings(try shared(count) { String(decoding: $0, as: UTF8.self) })
        case 6: return .data(try shared(count) { Data($0) })
        case 7:
            let unit = try unit(), zone = try text()
            return .moments(try ints(count), unit: unit, zone: zone.isEmpty ? nil : zone)
        case 8:
            let unit = try unit()
            return .durations(try ints(count), unit: unit)
        case 9: return .days(try ints(count))
        case 10:
            let unit = try unit()
            return .times(try ints(count), unit: unit)
        case 11: return .decimals(try shared(count) { String(decoding: $0, as: UTF8.self) })
        case 12:
            return .complex(try cells(count, 16) { reader, at in
                PickleColumn.Complex(
                    real: Double(bitPattern: reader.load(at, UInt64.self)),
                    imaginary: Double(bitPattern: reader.load(at + 8, UInt64.self)))
            })
        case 13:
            let missing = try missing(count)
            let flat = try run(try number())
            var reader = FlatReader(flat, budget: options.budget(flat.count))
            var items = (try reader.root().items ?? []).makeIterator()
            return .values((0..<count).map { missing?[$0] == 1 ? nil : items.next() })
        case 14:
            let range = try run(16)
            return .range(start: range.loadUnaligned(as: Int64.self).littleEndian, step: range.loadUnaligned(fromByteOffset: 8, as: Int64.self).littleEndian)
        case 15:
            let isOrdered = try byte() == 1
            let categories = try column(nil, dtype)
            let codes = try run(try size(count, 4))
            return .categories(
                (0..<count).map { Int32(littleEndian: codes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) },
                of: categories, isOrdered: isOrdered)
        case 16:
            let closed = ["left", "right", "both", "neither"], which = Int(try byte())
            guard which < closed.count else { throw damaged }
            let left = try column(nil, dtype)
            return .intervals(left: left, right: try column(nil, dtype), closed: closed[which])
        default: throw damaged
        }
    }

    private mutating func ints(_ count: Int) throws -> [Int64?] {
        try cells(count, 8) { reader, at in reader.load(at, Int64.self) }
    }

    private func load<T: FixedWidthInteger>(_ at: Int, _ type: T.Type) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
    }

    private func size(_ count: Int, _ size: Int) throws -> Int {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        if overflow { throw damaged }
        return product
    }

    /// Cells of so many bytes each, after the bits that say which are missing.
    private mutating func cells<T>(_ count: Int, _ width: Int, _ read: (Self, Int) -> T) throws -> [T?] {
        let missing = try missing(count)
        let start = at
        _ = try run(try size(count, width))
        let reader = self
        return (0..<count).map { missing?[$0] == 1 ? nil : read(reader, start + $0 * width) }
    }

    private mutating func missing(_ count: Int) throws -> UnsafeRawBufferPointer? {
        guard try byte() == 1 else { return nil }
        return try run(count)
    }

    /// Texts that stand once, and which of them each cell is.
    private mutating func shared<T>(_ count: Int, _ make: (UnsafeRawBufferPointer) -> T) throws -> [T?] {
        let distinct = try number()
        var texts: [T?] = [nil]
        texts.reserveCapacity(distinct + 1)
        for _ in 0..<distinct { texts.append(make(try run(try number()))) }
        let places = try run(try size(count, 4))
        return try (0..<count).map {
            let place = Int(UInt32(littleEndian: places.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            guard place < texts.count else { throw damaged }
            return texts[place]
        }
    }

    private mutating func unit() throws -> PickleColumn.TickUnit {
        guard let unit = PickleColumn.TickUnit(rawValue: try byte()) else { throw damaged }
        return unit
    }

    private mutating func text() throws -> String { String(decoding: try run(try number()), as: UTF8.self) }

    private mutating func byte() throws -> UInt8 {
        guard at < bytes.count else { throw damaged }
        at += 1
        return bytes[at - 1]
    }

    private mutating func number() throws -> Int {
        var value: UInt64 = 0, shift: UInt64 = 0
        while true {
            let next = try byte()
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { break }
            shift += 7
        }
        guard let number = Int(exactly: value) else { throw damaged }
        return number
    }

    private mutating func run(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, bytes.count - at >= count else { throw damaged }
        defer { at += count }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
    }
}
