import Foundation
import XCTest

@testable import Pickle

final class ValueTests: XCTestCase {
    func testLiterals() {
        let value: PickleValue = ["name": "x", "rows": [1, 2.5, true, nil]]
        XCTAssertEqual(value["name"], "x")
        XCTAssertEqual(value["rows"]?[1], 2.5)
        XCTAssertEqual(value["rows"]?[3], PickleValue.none)
        XCTAssertNil(value["rows"]?[4])
        XCTAssertNil(value["rows"]?[-1])
        XCTAssertEqual(value.description, "{'name': 'x', 'rows': [1, 2.5, True, None]}")
    }

    func testEqualityIgnoresTheOrderOfDictsAndSets() {
        let left: PickleValue = ["a": 1, "b": 2], right: PickleValue = ["b": 2, "a": 1]
        XCTAssertEqual(left, right)
        XCTAssertEqual(left.hashValue, right.hashValue)
        XCTAssertEqual(PickleValue.set([1, 2, 2]), .set([2, 1]))
        XCTAssertEqual(PickleValue.set([1, 2, 2]).hashValue, PickleValue.set([2, 1]).hashValue)
        XCTAssertNotEqual(PickleValue.list([1, 2]), .list([2, 1]))
        XCTAssertNotEqual(PickleValue.set([1]), .frozenSet([1]))
        XCTAssertNotEqual(PickleValue.int(1), .float(1))
        XCTAssertNotEqual(PickleValue.int(1), .bool(true))
    }

    func testTheLastOfEqualKeysCounts() {
        var dictionary: PickleDictionary = ["a": 1, "a": 2]
        XCTAssertEqual(dictionary["a"], 2)
        XCTAssertEqual(dictionary, ["a": 2])
        dictionary["a"] = 3
        XCTAssertEqual(dictionary.count, 2)
        XCTAssertEqual(dictionary["a"], 3)
        dictionary[PickleValue.string("a")] = nil
        XCTAssertTrue(dictionary.isEmpty)
    }

    func testIntegers() {
        XCTAssertEqual(PickleInteger(0).description, "0")
        XCTAssertEqual(PickleInteger(-1).description, "-1")
        XCTAssertEqual(PickleInteger(UInt64.max).description, "18446744073709551615")
        XCTAssertEqual(PickleInteger(Int64.min).description, "-9223372036854775808")
        XCTAssertEqual(PickleInteger(bytes: Data([0, 0, 0, 0, 0, 0, 0, 0, 1])).description, "18446744073709551616")
        XCTAssertEqual(PickleInteger(bytes: Data([0, 0, 0, 0, 0, 0, 0, 0, 0xff])).description, "-18446744073709551616")
        XCTAssertEqual(PickleInteger(bytes: Data([5, 0, 0])), PickleInteger(5))
        XCTAssertEqual(PickleInteger(bytes: Data([0xff, 0xff])), PickleInteger(-1))
        XCTAssertEqual(PickleInteger(UInt64.max).exactly(UInt64.self), .max)
        XCTAssertNil(PickleInteger(UInt64.max).exactly(Int64.self))
        XCTAssertNil(PickleInteger(-1).exactly(UInt8.self))
        for value in [Int64.min, -256, -129, -128, -1, 0, 1, 127, 128, 255, 256, .max] {
            XCTAssertEqual(PickleInteger(value).exactly(Int64.self), value)
            XCTAssertEqual(PickleInteger(value).exactly(Int8.self), Int8(exactly: value))
            XCTAssertEqual(PickleInteger(value).exactly(UInt8.self), UInt8(exactly: value))
            XCTAssertEqual(PickleInteger(value).exactly(UInt64.self), UInt64(exactly: value))
        }
        // 10^40, and one of 5000 bits.
        var ten = Data([1])
        for _ in 0..<40 {
            var carry = 0
            ten = Data(ten.map { byte in
                carry += Int(byte) * 10
                defer { carry >>= 8 }
                return UInt8(carry & 255)
            })
            while carry > 0 { ten.append(UInt8(carry & 255)); carry >>= 8 }
        }
        XCTAssertEqual(PickleInteger(bytes: ten + [0]).description, "1" + String(repeating: "0", count: 40))
        XCTAssertEqual(PickleInteger(bytes: Data(count: 624) + [1]).description, "0x1" + String(repeating: "0", count: 1248))
    }
}
