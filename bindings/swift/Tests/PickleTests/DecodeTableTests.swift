import Foundation
import XCTest

@testable import Pickle

/// Spans of time and arrays of numpy into types: the tables of `tests/data/views`.
final class DecodeTableTests: XCTestCase {
    private func rows(_ name: String) throws -> [[String]] {
        let url = repository.appendingPathComponent("tests/data/views/\(name)")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { $0.components(separatedBy: "\t") }
    }

    func testSpansHaveOneTextInEveryLanguage() throws {
        let rows = try rows("timedeltas.tsv")
        XCTAssertEqual(rows.count, 120)
        let decoder = PickleDecoder()
        for row in rows {
            let data = bytes(row[5])
            XCTAssertEqual(try decoder.decode(String.self, from: data), row[0])
            XCTAssertEqual(try decoder.decode(TimeInterval.self, from: data), Double(row[1]), row[0])
            let parts = row[2...4].map { Int64($0)! }
            let span = Duration.seconds(parts[0] * 86_400 + parts[1]) + .microseconds(parts[2])
            XCTAssertEqual(try decoder.decode(Duration.self, from: data), span, row[0])
            XCTAssertEqual(try decoder.decode(Duration?.self, from: data), span, row[0])
        }
    }

    private func becomes<T: Decodable & Equatable>(_ name: String, _ expected: T, line: UInt = #line) throws {
        let pickles = try rows("arrays.tsv").filter { $0[0] == name }.map { bytes($0[1]) }
        XCTAssertEqual(pickles.count, 3, name, line: line)
        for pickle in pickles {
            do {
                let found = try PickleDecoder().decode(T.self, from: pickle)
                XCTAssertEqual(found, expected, name, line: line)
            } catch {
                XCTFail("\(name): \(error)", line: line)
            }
        }
    }

    private func refused<T: Decodable>(_ name: String, _ type: T.Type, _ says: String, line: UInt = #line) throws {
        for row in try rows("arrays.tsv") where row[0] == name {
            XCTAssertThrowsError(try PickleDecoder().decode(type, from: bytes(row[1])), name, line: line) {
                XCTAssertTrue("\($0)".contains(says), "\($0)", line: line)
            }
        }
    }

    func testTextAndBytesOfNumpy() throws {
        try becomes("text_big_endian", ["a", "caf\u{e9}", ""])
        try becomes("text_fortran", [["a", "b", "c"], ["d", "e", "\u{1f600}"]])
        try becomes("text_none", [[String]]())
        try becomes("text_flat", [[String](), []])
        try refused("text_big_endian", [Int].self, "expected an int, found a str")
        try becomes("octets", [Data("a".utf8), Data([0x62, 0, 0x63]), Data([0xff])])
        // 0xff is no UTF-8.
        try refused("octets", [String].self, "S4 of numpy")
        try becomes("octets_scalar", "ab")
        try becomes("opaque", [Data("abc".utf8), Data([0, 0, 0])])
        try refused("opaque", [String].self, "V3 of numpy")
        try refused("wide_float", [Double].self, "float128 of numpy")
    }

    func testMomentsOfNumpy() throws {
        try becomes("dates", ["2024-02-29", nil, "1969-12-31"] as [String?])
        try becomes("dates", [19_782, nil, -1] as [Int?])
        try becomes("dates", [Date(timeIntervalSince1970: 1_709_164_800), nil, Date(timeIntervalSince1970: -86_400)] as [Date?])
        try becomes("times", ["2024-02-29T13:05:07.000001", nil] as [String?])
        try becomes("times", [Date(timeIntervalSince1970: 1_709_211_907.000001), nil] as [Date?])
        try becomes("times_nano", ["1969-12-31T23:59:59.999999999", "2024-02-29T13:05:07"])
        try becomes("times_hours", ["2024-02-29T13:00:00"])
        try becomes("times_counted", ["1970-01-01T00:00:50"])
        try becomes("times_counted", [50])
        try becomes("months", ["2024-02", "1969-12"])
        try becomes("years", ["4611686018427389874", "-0030"])
        try becomes("times_far", ["292277026596-12-04T15:30:07", "-292277022657-01-27T08:29:53"])
        try becomes("times_far", [Date(timeIntervalSince1970: 9_223_372_036_854_775_808), Date(timeIntervalSince1970: -9_223_372_036_854_775_808)])
        try becomes("times_atto", ["1970-01-01T00:00:00.000000000000000001", "1969-12-31T23:59:59.999999999999999999"])
        try becomes("moment_scalar", "2024-02-29T13:05:07")
        try becomes("moment_scalar", Date(timeIntervalSince1970: 1_709_211_907))
        let parts = DateComponents(year: 2024, month: 2, day: 29, hour: 13, minute: 5, second: 7, nanosecond: 0)
        try becomes("moment_scalar", parts)
        try becomes("moment_missing", nil as String?)
        try refused("dates", [String].self, "NaT (datetime64[D] of numpy)")
        try refused("dates", [Date].self, "datetime64[D] of numpy")
        try refused("dates", [Double].self, "datetime64[D] of numpy")
        var decoder = PickleDecoder()
        decoder.timeZoneOfNaiveDates = nil
        for row in try rows("arrays.tsv") where row[0] == "moment_scalar" {
            XCTAssertThrowsError(try decoder.decode(Date.self, from: bytes(row[1])))
        }
    }

    func testSpansOfNumpy() throws {
        try becomes("spans", [.microseconds(1), .milliseconds(-1500), nil] as [Duration?])
        try becomes("spans", [1, -1_500_000, nil] as [Int?])
        try becomes("spans_days", [[Duration.seconds(86_400), .seconds(-172_800)]])
        try becomes("spans_pico", [Duration(secondsComponent: 0, attosecondsComponent: 1_500_000_000)])
        try becomes("span_scalar", Duration.milliseconds(-1500))
        try refused("spans", [Duration].self, "NaT (timedelta64[us] of numpy)")
        try refused("spans_months", [Duration].self, "timedelta64[M] of numpy")
        // Seconds or ticks? Neither.
        try refused("spans", [Double].self, "timedelta64[us] of numpy")
        try refused("spans", [String].self, "timedelta64[us] of numpy")
    }

    func testNumbersAndObjectsOfNumpy() throws {
        try becomes("half", [0.5, -2.0, .infinity, 1.0 / 16_777_216] as [Double])
        try becomes("half_big_endian", [[0.5, -2.0] as [Float]])
        try becomes("bools", [[true, false], [false, true]])
        try becomes("complex", [[1, 2], [0, -0.5]] as [[Double]])
        struct Pair: Decodable, Equatable { var a: String?; var b: Double }
        struct Pairs: Decodable, Equatable {
            var pairs: [Pair] = []
            init(_ pairs: [Pair]) { self.pairs = pairs }
            init(from decoder: any Decoder) throws {
                var rows = try decoder.unkeyedContainer()
                while !rows.isAtEnd {
                    var row = try rows.nestedUnkeyedContainer()
                    pairs.append(Pair(a: try row.decode(String?.self), b: try row.decode(Double.self)))
                }
            }
        }
        try becomes("objects_fortran", Pairs([Pair(a: "a", b: 1), Pair(a: nil, b: 2.5)]))
    }

    func testRecordsOfNumpy() throws {
        struct Point: Decodable, Equatable { var x: Int; var y: Double }
        struct Row: Decodable, Equatable {
            var id: Int
            var name: String
            var at: Date?
            var place: Point
            var grid: [[Int]]
            var tag: String
        }
        let first = Row(
            id: 300, name: "caf\u{e9}", at: Date(timeIntervalSince1970: 1_709_211_907), place: Point(x: 1, y: 1.5), grid: [[1, 2], [3, 4]],
            tag: "ab")
        let second = Row(id: 7, name: "", at: nil, place: Point(x: -1, y: -0.5), grid: [[5, 6], [7, 8]], tag: "")
        try becomes("records", [first, second])
        try becomes("record_scalar", first)
        try becomes("points", [[Point(x: 1, y: 2.5), Point(x: 3, y: 4.5)]])
        try becomes("points", [[["x": 1, "y": 2.5], ["x": 3, "y": 4.5]]] as [[[String: Double]]])
        try becomes("points", [[[1, 2.5], [3, 4.5]]] as [[[Double]]])
        try refused("points", [[Int]].self, "expected an int")
        guard case .object(let object) = try Pickle.loads(bytes(rows("arrays.tsv").first { $0[0] == "records" }![1])),
            case .array(let array)? = object.known
        else { return XCTFail("no array") }
        XCTAssertEqual(array.dtype.fields.map(\.name), ["id", "name", "at", "place", "grid", "tag"])
        XCTAssertEqual(array.dtype.fields.map(\.offset), [0, 4, 24, 32, 48, 60])
    }

    func testEmptyListsAreBounded() throws {
        // numpy.zeros((1000, 0)), and a shape that asks for more lists than there is memory.
        func array(_ rows: Int) -> Data {
            latin1(
                "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\u{1}btR(I1\n(I\(rows)\nI0\ntcnumpy\ndtype\n(X\u{2}\0\0\0u1I0\nI1\ntR"
                    + "(I3\nX\u{1}\0\0\0|NNNI-1\nI-1\nI0\ntbI00\nC\0tb.")
        }
        XCTAssertEqual(try PickleDecoder().decode([[Int]].self, from: array(1000)).count, 1000)
        XCTAssertThrowsError(try PickleDecoder().decode([[Int]].self, from: array(2_000_000_000)))
    }

    func testTheFoldOfATime() throws {
        for fold in [0, 1] {
            // datetime.time(2, 30, fold=fold): the top bit of the hour.
            let hour = UnicodeScalar(UInt8(fold << 7 | 2))
            guard case .object(let object) = try Pickle.loads(latin1("cdatetime\ntime\n(C\u{6}\(hour)\u{1e}\0\0\0\0tR.")),
                case .time(hour: 2, minute: 30, second: 0, microsecond: 0, fold: let found, zone: nil)? = object.known
            else { return XCTFail("no time") }
            XCTAssertEqual(found, fold == 1)
        }
    }

    func testMomentsThatAreFarAway() throws {
        for unit in PickleColumn.TickUnit.allCases {
            for tick in [Int64.max, -Int64.max] {
                // A column has them as it has all others, or the ticks alone.
                let moments = PickleColumn(name: "at", dtype: "datetime64", count: 1, values: .moments([tick], unit: unit, zone: nil))
                let spans = PickleColumn(name: "span", dtype: "timedelta64", count: 1, values: .durations([tick], unit: unit))
                for column in [moments, spans] {
                    guard let cell = column[0] else { return XCTFail("\(unit) \(tick)") }
                    XCTAssertEqual(cell.intValue ?? Int(tick), Int(tick))
                }
                guard let components = unit.moment(tick) else { continue }
                XCTAssertFalse(Date(components, secondsFromUTC: 0).timeIntervalSince1970.isNaN)
            }
        }
    }
}
