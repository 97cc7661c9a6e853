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
        XCTAssertEqual(
            value["uuid"]?["int"], .bigInt(PickleInteger(bytes: Data([0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12]))))
        XCTAssertEqual(value["large"], .bigInt(PickleInteger(UInt64.max)))
        XCTAssertEqual(try roundTrip(special), special)
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
        XCTAssertEqual(try decoder.decode(UInt64.self, from: .bigInt(PickleInteger(UInt64.max))), .max)
    }

    func testDecimals() throws {
        let decimal = { (text: String) in PickleValue.object(PickleObject(.persistent(id: 0), known: .decimal(text))) }
        XCTAssertEqual(try PickleDecoder().decode(Decimal.self, from: decimal("-1.50")), Decimal(string: "-1.5"))
        XCTAssertTrue(try PickleDecoder().decode(Decimal.self, from: decimal("NaN")).isNaN)
        XCTAssertThrowsError(try PickleDecoder().decode(Decimal.self, from: decimal("Infinity")))
        XCTAssertThrowsError(try PickleDecoder().decode(Decimal.self, from: decimal("1x")))
    }
}
