import Foundation
import XCTest

@testable import Pickle

/// Tables are what pandas, NumPy and lists say: tests/data/tables/tables.tsv, which every language reads.
final class TableTests: XCTestCase {
    private var folder: URL { repository.appendingPathComponent("tests/data/tables") }
    private func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    func testTablesAreWhatTheirMakersSay() throws {
        let text = try String(contentsOf: folder.appendingPathComponent("tables.tsv"), encoding: .utf8)
        let lines = text.components(separatedBy: "\n").filter { !$0.isEmpty }.map { $0.components(separatedBy: "\t") }
        let tables = Dictionary(grouping: lines) { [$0[0], $0[1]] }
        XCTAssertGreaterThan(tables.count, 25)
        for (place, columns) in tables {
            let pickle = try data(place[0])
            for table in [
                try Pickle.table(pickle, at: place[1]), try Pickle.loads(pickle).table(at: place[1]),
                try Pickle.table(contentsOf: folder.appendingPathComponent(place[0]), at: place[1]),
            ] {
                let all = table.columns + table.index
                XCTAssertEqual(all.count, columns.count, "\(place)")
                for line in columns {
                    let column = all[Int(line[3])!]
                    let about = "\(place) \(line[3])"
                    XCTAssertEqual("\(table.rowCount)", line[2], about)
                    XCTAssertEqual(column.name.map { "n\($0)" } ?? "-", line[4], about)
                    XCTAssertEqual(column.dtype, line[5], about)
                    XCTAssertEqual(Words.kind(column), line[6], about)
                    let cells = (0..<column.count).map { Words.cell(column, $0) }
                    XCTAssertEqual(cells.joined(separator: " "), line[7], about)
                    for row in 0..<column.count {
                        XCTAssertEqual(column[row] == nil, cells[row] == "-", about)
                    }
                }
            }
        }
    }

    func testColumnsAreArraysAndRowsAreTypes() throws {
        let table = try Pickle.table(data("frame_pd3_p5.pkl"), at: "$.made[0]")
        XCTAssertEqual(table["i1"]?.ints, [-128, 0, 1, 127])
        XCTAssertEqual(table["nan text"]?.strings, ["a", nil, "a", "b"])
        XCTAssertEqual(table["category"]?.strings, ["x", "y", nil, "x"])
        XCTAssertEqual(table["flags"]?.bools, [true, nil, false, nil])
        XCTAssertEqual(table["bytes"]?.data, [Data("x".utf8), Data(), nil, Data([0xff])])
        XCTAssertEqual(table["u8"]?.unsigned, [0, 1, 1 << 63, .max])
        XCTAssertEqual(table["zone"]?.dates?[2], Date(timeIntervalSince1970: -86_400))
        XCTAssertNil(table["i1"]?.doubles)
        XCTAssertNil(table["nothing"])
        XCTAssertNil(table["i1"]?[4])
        XCTAssertEqual(table["large"]?[2]?.integerValue?.description, "18446744073709551615")
        struct Row: Codable, Equatable {
            var i1: Int8
            var text: String?
            var zone: Date?
            var date: DateComponents?
            var decimal: Decimal?
        }
        let rows = try table.decode(Row.self)
        XCTAssertEqual(rows.map(\.i1), [-128, 0, 1, 127])
        XCTAssertEqual(rows.map(\.text), ["a", "\u{e9}\u{20ac}\u{1f600}", nil, ""])
        XCTAssertEqual(rows[0].zone!.timeIntervalSince1970, 1_577_934_245, accuracy: 1e-6)
        XCTAssertEqual(rows[0].date, DateComponents(year: 2020, month: 2, day: 29))
        XCTAssertEqual(rows[0].decimal, Decimal(string: "1.10"))
        XCTAssertNil(rows[2].date)
        struct Strict: Codable { var text: String }
        XCTAssertThrowsError(try table.decode(Strict.self)) {
            guard case DecodingError.keyNotFound(_, let context)? = $0 as? DecodingError else { return XCTFail("\($0)") }
            XCTAssertEqual(context.codingPath.first?.intValue, 2)
        }
        let lists = try Pickle.dumps([["id": 1, "name": "a"], ["id": 2]])
        struct Item: Codable, Equatable {
            var id: Int
            var name: String?
        }
        XCTAssertEqual(try Pickle.table(lists).decode(Item.self), [Item(id: 1, name: "a"), Item(id: 2, name: nil)])
    }

    func testWhatIsNoTableSaysSoWithItsPath() throws {
        let pickle = try data("lists_p4.pkl")
        let value = try Pickle.loads(pickle)
        for (path, kind) in [("$.scalar", PickleError.Kind.noTable), ("$.nothing", .pathMissing), ("$[", .badPath)] {
            for read in [{ _ = try Pickle.table(pickle, at: path) }, { _ = try value.table(at: path) }] as [() throws -> Void] {
                XCTAssertThrowsError(try read(), path) {
                    XCTAssertEqual(($0 as? PickleError)?.kind, kind, path)
                    if kind == .noTable {
                        XCTAssertTrue(($0 as? PickleError)?.message.hasPrefix("$.scalar is not a table") ?? false, "\($0)")
                    }
                }
            }
        }
        let wide = try Pickle.dumps(.list((0..<10_000).map { .dict(PickleDictionary([.init(key: .string("key \($0)"), value: 1)])) }))
        XCTAssertThrowsError(try Pickle.table(wide)) { XCTAssertEqual(($0 as? PickleError)?.kind, .sizeLimit) }
    }

    func testTablesOfAnyNumberOfRows() throws {
        for size in [0, 1, 255, 256, 65_535, 65_536] {
            let rows = (0..<size).map { ["id": .int(Int64($0)), "t": .string("row \($0)")] as PickleValue }
            let table = try Pickle.table(Pickle.dumps(.list(rows)))
            XCTAssertEqual(table.rowCount, size)
            guard size > 0 else { continue }
            XCTAssertEqual(table["id"]?.ints, (0..<Int64(size)).map { $0 })
            XCTAssertEqual(table["t"]?.strings, (0..<size).map { "row \($0)" })
        }
    }
}

/// The words of tables.tsv, see its generator.
private enum Words {
    static func kind(_ column: PickleColumn) -> String {
        switch column.values {
        case .nothing: "null"
        case .bools: "bool"
        case .ints: "int"
        case .unsigned: "uint"
        case .doubles: "float"
        case .strings: "text"
        case .data: "bytes"
        case .moments(_, _, let zone): "datetime" + (zone.map { " \($0)" } ?? "")
        case .durations: "timedelta"
        case .days: "date"
        case .times: "time"
        case .decimals: "decimal"
        case .complex: "complex"
        case .values: "value"
        case .range: "range"
        case .categories(_, let categories, let isOrdered): "category " + (isOrdered ? "ordered " : "") + kind(categories)
        case .intervals(_, _, let closed): "interval \(closed)"
        }
    }

    static func cell(_ column: PickleColumn, _ row: Int) -> String {
        func ticks(_ cells: [Int64?], _ unit: String) -> String { cells[row].map { "\($0)\(unit)" } ?? "-" }
        switch column.values {
        case .nothing: return "-"
        case .bools(let cells): return cells[row].map { "\($0)" } ?? "-"
        case .ints(let cells): return ticks(cells, "")
        case .unsigned(let cells): return cells[row].map { "\($0)" } ?? "-"
        case .doubles(let cells): return cells[row].map(bits) ?? "-"
        case .strings(let cells): return cells[row].map { "t" + hex(Data($0.utf8)) } ?? "-"
        case .data(let cells): return cells[row].map { "b" + hex($0) } ?? "-"
        case .moments(let cells, let unit, _): return ticks(cells, unit.name)
        case .durations(let cells, let unit): return ticks(cells, unit.name)
        case .days(let cells): return ticks(cells, "D")
        case .times(let cells, let unit): return ticks(cells, unit.name)
        case .decimals(let cells): return cells[row].map(decimal) ?? "-"
        case .complex(let cells): return cells[row].map { bits($0.real) + "," + bits($0.imaginary) } ?? "-"
        case .values(let cells): return cells[row] == nil ? "-" : "v"
        case .range(let start, let step): return "\(start + Int64(row) * step)"
        case .categories(let codes, let categories, _): return codes[row] < 0 ? "-" : cell(categories, Int(codes[row]))
        case .intervals(let left, let right, _): return column[row] == nil ? "-" : cell(left, row) + ";" + cell(right, row)
        }
    }

    private static func bits(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        let digits = String(value.bitPattern, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func hex(_ data: Data) -> String {
        data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Digits and an exponent as Python writes a Decimal of two places.
    private static func decimal(_ text: String) -> String {
        guard text.hasSuffix("E-2"), let digits = Int(text.dropLast(3)) else { return text }
        let part = abs(digits) % 100
        return (digits < 0 ? "-" : "") + "\(abs(digits) / 100)." + (part < 10 ? "0" : "") + "\(part)"
    }
}
