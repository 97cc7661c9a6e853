import Foundation
import XCTest

@testable import Pickle

private struct Row: Codable, Equatable {
    enum Kind: String, Codable { case small, large }
    var id: Int
    var temp: Double
    var name: String
    var note: String?
    var kind: Kind
    var tags: Set<String>
    var nested: [String: [Int]]
}

private struct Special: Codable, Equatable {
    var at: Date
    var data: Data
    var price: Decimal
    var uuid: UUID
    var url: URL
    var numbers: [Int: String]
    var pairs: [Double: Bool]
    var large: UInt64
}

private class Base: Codable {
    var a = 1
}

private final class Derived: Base {
    var b = 2
    enum CodingKeys: CodingKey { case b, items }

    override init() { super.init() }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        b = try container.decode(Int.self, forKey: .b)
        var items = try container.nestedUnkeyedContainer(forKey: .items)
        XCTAssertEqual(items.count, 3)
        XCTAssertEqual(try items.decode(Int8.self), 7)
        XCTAssertTrue(try items.decodeNil())
        let inner = try items.nestedContainer(keyedBy: CodingKeys.self)
        XCTAssertEqual(try inner.decode(String.self, forKey: .b), "inner")
        XCTAssertTrue(items.isAtEnd)
        XCTAssertThrowsError(try items.decode(Int.self))
        try super.init(from: container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(b, forKey: .b)
        var items = container.nestedUnkeyedContainer(forKey: .items)
        try items.encode(7)
        try items.encodeNil()
        var inner = items.nestedContainer(keyedBy: CodingKeys.self)
        try inner.encode("inner", forKey: .b)
        try super.encode(to: container.superEncoder())
    }
}

final class CodableTests: XCTestCase {
    private func roundTrip<T: Codable>(_ value: T) throws -> T {
        try PickleDecoder().decode(T.self, from: PickleEncoder().value(of: value))
    }

    func testStructsAreDicts() throws {
        let row = Row(id: 1, temp: 2.5, name: "x", kind: .large, tags: ["a", "b"], nested: ["k": [1, 2]])
        let value = try PickleEncoder().value(of: row)
        XCTAssertEqual(value["id"], 1)
        XCTAssertEqual(value["kind"], "large")
        XCTAssertEqual(value["nested"]?["k"], [1, 2])
        XCTAssertNil(value["note"])
        XCTAssertEqual(try roundTrip(row), row)
        XCTAssertEqual(try roundTrip([row, row]), [row, row])
    }

    func testTypesOfFoundation() throws {
        let special = Special(
            at: Date(timeIntervalSince1970: 1_709_208_000.25), data: Data([0, 255]), price: Decimal(string: "12.340")!,
            uuid: UUID(uuidString: "12345678-1234-5678-1234-567812345678")!, url: URL(string: "https://example.com/a")!,
            numbers: [1: "one", -2: "two"], pairs: [0.5: true], large: .max)
        let value = try PickleEncoder().value(of: special)
        XCTAssertEqual(value["data"], .bytes(Data([0, 255])))
        XCTAssertEqual(value["numbers"]?.dictionary?[.int(-2)], "two")
        XCTAssertEqual(value["pairs"], [0.5: true])
        XCTAssertEqual(
            value["uuid"]?["int"], .bigInt(PickleInteger(bytes: Data([0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12]))))
        XCTAssertEqual(value["large"], .bigInt(PickleInteger(UInt64.max)))
        XCTAssertEqual(try roundTrip(special), special)
    }

    func testDictionariesOfAnyKeysAreDicts() throws {
        enum Color: String, Codable { case red, green }
        struct Point: Codable, Hashable { var x: Int }
        let encoder = PickleEncoder()
        XCTAssertEqual(try encoder.value(of: [Int64(5): "x"]), [5: "x"])
        XCTAssertEqual(try encoder.value(of: [Color.red: 1]), ["red": 1])
        XCTAssertEqual(try encoder.value(of: [[1, 2]: 3]), [.tuple([1, 2]): 3])
        XCTAssertEqual(try encoder.value(of: [UInt8: Int]()), [:])
        let uuid = UUID()
        XCTAssertEqual(try roundTrip([uuid: [Color.green: [1.5: 2]]]), [uuid: [.green: [1.5: 2]]])
        XCTAssertEqual(try roundTrip([[["a"], []]: 1]), [[["a"], []]: 1])
        // Python cannot hash a dict: keys and values in turn, as Swift has them.
        XCTAssertEqual(try encoder.value(of: [Point(x: 1): 2]), [["x": 1], 2])
        XCTAssertEqual(try roundTrip([Point(x: 1): 2]), [Point(x: 1): 2])
    }

    func testDictionariesLoseNoEntries() throws {
        XCTAssertEqual(try PickleDecoder().decode([String: Int].self, from: ["a": 1, 7: 2]), ["a": 1, "7": 2])
        for key in [2.5, .bytes(Data()), .tuple([1]), .none, true, .surrogateString(Data([0xed, 0xa0, 0x80]))] as [PickleValue] {
            XCTAssertThrowsError(try PickleDecoder().decode([String: [String: Int]].self, from: ["in": ["a": 1, key: 2]])) { error in
                guard case DecodingError.typeMismatch(_, let context) = error else { return XCTFail("\(error)") }
                XCTAssertEqual(context.codingPath.map(\.stringValue), ["in"])
            }
            // A struct passes over what it has no property for.
            struct Only: Decodable { var a: Int }
            XCTAssertEqual(try PickleDecoder().decode(Only.self, from: ["a": 1, key: 2]).a, 1)
        }
    }

    func testSpansAndPartsOfDates() throws {
        func text(_ value: some Encodable) throws -> String { try PickleEncoder().value(of: value).description }
        XCTAssertEqual(try text(Duration.milliseconds(-1500)), "datetime.timedelta(-1, 86398, 500000)")
        XCTAssertEqual(try text(Duration.seconds(90_000)), "datetime.timedelta(1, 3600, 0)")
        XCTAssertEqual(try text(Duration.nanoseconds(-1)), "datetime.timedelta(-1, 86399, 999999)")
        XCTAssertThrowsError(try PickleEncoder().value(of: Duration.seconds(Int64.max)))
        for duration in [.zero, .microseconds(-1), .seconds(86_399) + .microseconds(999_999)] as [Duration] {
            XCTAssertEqual(try roundTrip(duration), duration)
        }
        let date = DateComponents(year: 2024, month: 2, day: 29)
        let time = DateComponents(hour: 23, minute: 59, second: 58, nanosecond: 123_456_000)
        var both = DateComponents(year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0)
        XCTAssertEqual(try text(date), #"datetime.date(b'\x07\xe8\x02\x1d')"#)
        XCTAssertEqual(try text(time), #"datetime.time(b'\x17;:\x01\xe2@')"#)
        XCTAssertEqual(try text(both), #"datetime.datetime(b'\x00\x01\x01\x01\x00\x00\x00\x00\x00\x00')"#)
        XCTAssertEqual([try roundTrip(date), try roundTrip(time), try roundTrip(both)], [date, time, both])
        for zone in [TimeZone(identifier: "Europe/Berlin"), TimeZone(secondsFromGMT: -12_600), TimeZone(secondsFromGMT: 0)] {
            both.timeZone = zone
            XCTAssertEqual(try roundTrip(both).timeZone?.secondsFromGMT(), zone?.secondsFromGMT())
            XCTAssertEqual(try PickleDecoder().decode(DateComponents.self, from: PickleEncoder().encode(both)).year, 1)
        }
        for wrong in [DateComponents(year: 2023, month: 2, day: 29), DateComponents(hour: 24, minute: 0, second: 0)] {
            XCTAssertThrowsError(try PickleEncoder().value(of: wrong))
        }
        // What is no date or time of Python stays as Swift encodes it.
        for other in [DateComponents(hour: 8), DateComponents(year: 2024, month: 2), DateComponents(weekday: 1)] {
            XCTAssertEqual(try roundTrip(other), other)
        }
    }

    func testTexts() throws {
        func text(_ pickle: String) throws -> String { try PickleDecoder().decode(String.self, from: latin1(pickle)) }
        let utc = "cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I0\nI0\nI0\ntRtR"
        let midnight = "cdatetime\ndatetime\n(C\u{a}\u{7}\u{e8}\u{2}\u{1d}\0\0\0\0\0\0"
        XCTAssertEqual(try text("\(midnight)tR."), "2024-02-29T00:00:00")
        XCTAssertEqual(try text("\(midnight)\(utc)tR."), "2024-02-29T00:00:00+00:00")
        XCTAssertEqual(try text("cdatetime\ntime\n(C\u{6}\u{c}\0\0\0\0\u{4}tR."), "12:00:00.000004")
        XCTAssertEqual(try text("cdatetime\ndate\n(C\u{4}\0\u{1}\u{2}\u{3}tR."), "0001-02-03")
        XCTAssertEqual(try text("cdecimal\nDecimal\n(V-1.50\ntR."), "-1.50")
        XCTAssertEqual(try text("cre\n_compile\n(Va+\nI0\ntR."), "a+")
        XCTAssertEqual(try text("capp\nModel\n."), "app.Model")
        // An offset of a second and a microsecond is no zone of Foundation.
        let odd = "cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I0\nI1\nI1\ntRtR"
        XCTAssertThrowsError(try PickleDecoder().decode(Date.self, from: latin1("\(midnight)\(odd)tR.")))
    }

    func testDatesBeforeAndAfterTheEpoch() throws {
        for seconds in [-62_135_596_800, -1, -0.5, 0, 951_782_400, 4_107_542_399.999999, 253_402_300_799] as [Double] {
            let date = Date(timeIntervalSince1970: seconds)
            XCTAssertEqual(try roundTrip(date).timeIntervalSince1970, seconds, accuracy: 1e-6)
        }
        XCTAssertThrowsError(try PickleEncoder().value(of: Date(timeIntervalSince1970: 1e12)))
        XCTAssertThrowsError(try PickleEncoder().value(of: Date(timeIntervalSince1970: .nan)))
    }

    func testContainersBySuperAndNested() throws {
        let derived = Derived()
        derived.a = 10
        derived.b = 20
        let value = try PickleEncoder().value(of: derived)
        XCTAssertEqual(value, ["b": 20, "items": [7, nil, ["b": "inner"]], "super": ["a": 10]])
        let back = try PickleDecoder().decode(Derived.self, from: value)
        XCTAssertEqual([back.a, back.b], [10, 20])
    }

    func testKeysInSnakeCase() throws {
        struct Names: Codable, Equatable { var firstName: String; var httpURLPath: Int; var byKey: [String: Int] }
        var encoder = PickleEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let value = try encoder.value(of: Names(firstName: "x", httpURLPath: 1, byKey: ["keepMe": 1, "as_is": 2]))
        XCTAssertEqual(value["first_name"], "x")
        XCTAssertEqual(value["http_url_path"], 1)
        XCTAssertEqual(value["by_key"]?["keepMe"], 1)
        var decoder = PickleDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        struct Read: Decodable { var firstName: String; var byKey: [String: Int] }
        let read = try decoder.decode(Read.self, from: value)
        XCTAssertEqual(read.firstName, "x")
        XCTAssertEqual(read.byKey, ["keepMe": 1, "as_is": 2])
        XCTAssertEqual(PickleDecoder.camelCase("_a_bc__"), "_aBc__")
        XCTAssertEqual(PickleDecoder.camelCase("___"), "___")
    }

    func testErrorsSayWhere() throws {
        struct Outer: Decodable { var rows: [Row] }
        let value: PickleValue = ["rows": [["id": "one"]]]
        XCTAssertThrowsError(try PickleDecoder().decode(Outer.self, from: value)) { error in
            guard case DecodingError.typeMismatch(_, let context) = error else { return XCTFail("\(error)") }
            XCTAssertEqual(context.codingPath.map(\.stringValue), ["rows", "0", "id"])
            XCTAssertEqual(context.debugDescription, "expected an int, found a str")
        }
        XCTAssertThrowsError(try PickleDecoder().decode([Row].self, from: [["id": 1]])) { error in
            guard case DecodingError.keyNotFound(let key, let context) = error else { return XCTFail("\(error)") }
            XCTAssertEqual(key.stringValue, "temp")
            XCTAssertEqual(context.codingPath.map(\.stringValue), ["0"])
        }
        XCTAssertThrowsError(try PickleDecoder().decode([Int].self, from: PickleValue.none)) { error in
            guard case DecodingError.valueNotFound = error else { return XCTFail("\(error)") }
        }
    }

    func testNumbersMustFit() {
        let decoder = PickleDecoder()
        XCTAssertThrowsError(try decoder.decode(UInt8.self, from: 256))
        XCTAssertThrowsError(try decoder.decode(UInt.self, from: -1))
        XCTAssertThrowsError(try decoder.decode(Int.self, from: 1.0))
        XCTAssertThrowsError(try decoder.decode(Int.self, from: true))
        XCTAssertThrowsError(try decoder.decode(Int.self, from: .bigInt(PickleInteger(UInt64.max))))
        XCTAssertEqual(try decoder.decode(Double.self, from: 3), 3)
        XCTAssertThrowsError(try decoder.decode(Float.self, from: 1e300))
        XCTAssertEqual(try decoder.decode([Float].self, from: [.float(.infinity), 0.1]), [.infinity, 0.1])
        XCTAssertEqual(try decoder.decode(UInt64.self, from: .bigInt(PickleInteger(UInt64.max))), .max)
    }

    func testDecimals() throws {
        let decimal = { (text: String) in PickleValue.object(PickleObject(.persistent(id: 0), known: .decimal(text))) }
        XCTAssertEqual(try PickleDecoder().decode(Decimal.self, from: decimal("-1.50")), Decimal(string: "-1.5"))
        XCTAssertTrue(try PickleDecoder().decode(Decimal.self, from: decimal("NaN")).isNaN)
        XCTAssertThrowsError(try PickleDecoder().decode(Decimal.self, from: decimal("Infinity")))
        XCTAssertThrowsError(try PickleDecoder().decode(Decimal.self, from: decimal("1x")))
        // 38 digits fit; what would be rounded is an error.
        let digits = "12345678901234567890123456789012345678"
        XCTAssertEqual(try PickleDecoder().decode(Decimal.self, from: decimal("0.00\(digits)")).description, "0.00\(digits)")
        XCTAssertEqual(try PickleDecoder().decode(Decimal.self, from: decimal("-\(digits)E+20")), Decimal(string: "-\(digits)E20"))
        XCTAssertThrowsError(try PickleDecoder().decode(Decimal.self, from: decimal("0.\(digits)12")))
        XCTAssertThrowsError(try PickleDecoder().decode(Decimal.self, from: latin1("L\(digits)1234567L\n.")))
        for text in ["0", "0.000", "100", "1E-100", "0E+5"] {
            XCTAssertEqual(try PickleDecoder().decode(Decimal.self, from: decimal(text)), Decimal(string: text))
        }
    }

    func testTypesOfPython() throws {
        enum Color: String, Decodable { case RED, g }
        enum Number: Int, Decodable { case one = 1 }
        struct Point: Decodable, Equatable { var x: Int; var y: Double; var label: String? }
        func decode<T: Decodable>(_ type: T.Type, _ pickle: String) throws -> T {
            try PickleDecoder().decode(type, from: latin1(pickle))
        }
        // Enums: by name, and by value.
        XCTAssertEqual(try decode(Color.self, "c__builtin__\ngetattr\n(cm\nColor\nX\u{3}\0\0\0REDtR."), .RED)
        XCTAssertEqual(try decode(Color.self, "cm\nColor\n(X\u{1}\0\0\0gtR."), .g)
        XCTAssertEqual(try decode(Number.self, "cm\nColor\n(K\u{1}tR."), .one)
        XCTAssertEqual(try decode([Number].self, "](cm\nColor\n(K\u{1}tRe."), [.one])
        // namedtuples: into structs by position, and into arrays.
        XCTAssertEqual(try decode(Point.self, "cm\nPoint\n(K\u{1}K\u{2}tR."), Point(x: 1, y: 2, label: nil))
        XCTAssertEqual(try decode(Point.self, "cm\nPoint\n(K\u{1}K\u{2}X\u{1}\0\0\0atR."), Point(x: 1, y: 2, label: "a"))
        XCTAssertEqual(try decode([Int].self, "cm\nPoint\n(K\u{1}K\u{2}tR."), [1, 2])
        XCTAssertThrowsError(try decode(Point.self, "cm\nPoint\n(K\u{1}tR."))
        // timedelta
        let delta = "cdatetime\ntimedelta\n(I-1\nI86399\nI500000\ntR."
        XCTAssertEqual(try decode(Double.self, delta), -0.5)
        XCTAssertEqual(try decode(Duration.self, delta), .milliseconds(-500))
        // Arrays of two dimensions, in both orders.
        func array(_ shape: String, _ order: String, _ items: [UInt8]) -> String {
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\u{1}btR(I1\n(\(shape)tcnumpy\ndtype\n(X\u{2}\0\0\0u1I0\nI1\ntR(I3\nX\u{1}\0\0\0|NNNI-1\nI-1\nI0\ntbI\(order)\nC"
                + String(String.UnicodeScalarView(([UInt8(items.count)] + items).map { UnicodeScalar($0) })) + "tb."
        }
        XCTAssertEqual(try decode([[Int]].self, array("I2\nI3\n", "00", [1, 2, 3, 4, 5, 6])), [[1, 2, 3], [4, 5, 6]])
        XCTAssertEqual(try decode([[Int]].self, array("I2\nI3\n", "01", [1, 4, 2, 5, 3, 6])), [[1, 2, 3], [4, 5, 6]])
        XCTAssertEqual(try decode([[[Int]]].self, array("I1\nI2\nI2\n", "01", [1, 3, 2, 4])), [[[1, 2], [3, 4]]])
        XCTAssertEqual(try decode([Int].self, array("I0\n", "00", [])), [])
        let half = array("I6\n", "00", [0, 0x38, 0xff, 0x7b, 0, 0x80, 1, 0, 0, 0x7c, 0, 0xc0]).replacingOccurrences(of: "u1", with: "f2")
            .replacingOccurrences(of: "|N", with: "<N")
        XCTAssertEqual(try decode([Double].self, half), [0.5, 65504.0, -0.0, 1.0 / 16_777_216.0, .infinity, -2.0] as [Double])
        XCTAssertThrowsError(try decode([[Int]].self, array("I2\nI2\n", "00", [1])))
    }

    func testDatesWithoutAndWithZones() throws {
        // datetime.datetime(2024, 10, 27, 2, 30), which Berlin's clocks show twice.
        let naive = "cdatetime\ndatetime\n(I2024\nI10\nI27\nI2\nI30\ntR."
        var decoder = PickleDecoder()
        XCTAssertEqual(try decoder.decode(Date.self, from: latin1(naive)).timeIntervalSince1970, 1_729_996_200)
        decoder.timeZoneOfNaiveDates = TimeZone(identifier: "Europe/Berlin")
        XCTAssertEqual(try decoder.decode(Date.self, from: latin1(naive)).timeIntervalSince1970, 1_729_989_000)
        decoder.timeZoneOfNaiveDates = nil
        XCTAssertThrowsError(try decoder.decode(Date.self, from: latin1(naive)))
        let parts = try decoder.decode(DateComponents.self, from: latin1(naive))
        XCTAssertEqual(parts, DateComponents(year: 2024, month: 10, day: 27, hour: 2, minute: 30, second: 0, nanosecond: 0))
        XCTAssertNil(parts.timeZone)
        let berlin = "c__builtin__\ngetattr\n(czoneinfo\nZoneInfo\nX\u{9}\0\0\0_unpickletR(X\u{d}\0\0\0Europe/BerlinI01\ntR"
        for (fold, seconds) in [(0, 1_729_989_000.0), (1, 1_729_992_600)] {
            // The fold is the top bit of the month.
            let month = UnicodeScalar(UInt8(fold << 7 | 10))
            let at = latin1("cdatetime\ndatetime\n(C\u{a}\u{7}\u{e8}\(month)\u{1b}\u{2}\u{1e}\0\0\0\0\(berlin)tR.")
            XCTAssertEqual(try decoder.decode(Date.self, from: at).timeIntervalSince1970, seconds)
            XCTAssertEqual(try decoder.decode(DateComponents.self, from: at).timeZone, TimeZone(identifier: "Europe/Berlin"))
        }
        // In the gap of spring, as Python counts.
        let gap = latin1("cdatetime\ndatetime\n(C\u{a}\u{7}\u{e8}\u{3}\u{1f}\u{2}\u{1e}\0\0\0\0\(berlin)tR.")
        XCTAssertEqual(try decoder.decode(Date.self, from: gap).timeIntervalSince1970, 1_711_848_600)
    }
}
