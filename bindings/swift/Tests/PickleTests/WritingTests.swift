import Foundation
import XCTest

@testable import Pickle

final class WritingTests: XCTestCase {
    private func there(_ value: PickleValue, _ protocolVersion: UInt8 = 4) throws -> PickleValue {
        try Pickle.loads(Pickle.dumps(value, protocolVersion: protocolVersion))
    }

    func testBytesAreThoseOfCPython() throws {
        // pickle.dumps({"n": None, "l": [1, 2.5, True]}, 2) in Python 3.12
        let expected = pickle("\u{80}\u{2}}q\0(X\u{1}\0\0\0nq\u{1}NX\u{1}\0\0\0lq\u{2}]q\u{3}(K\u{1}G@\u{4}\0\0\0\0\0\0\u{88}eu.")
        XCTAssertEqual(try Pickle.dumps(["n": nil, "l": [1, 2.5, true]], protocolVersion: 2), expected)
    }

    func testValuesComeBackInEveryProtocol() throws {
        let values: [PickleValue] = [
            .none, true, false, 0, -1, 127, 128, -129, .int(1 << 40), .int(.min), .int(.max), .bigInt(PickleInteger(UInt64.max)),
            0.1, -0.0, .float(.infinity), "", "abc", "äöü €", "e\u{301}", "𝄞", [], [1, ["a"]], .tuple([]), .tuple([1, .tuple([2])]),
            [:], ["a": 1, 2: nil], .global(module: "m", name: "C"),
            .object(PickleObject(.reduce(callable: .global(module: "m", name: "f"), arguments: .tuple([1])), changes: [.build(["x": 1])])),
        ]
        for version in 0...5 as ClosedRange<UInt8> {
            for value in values { XCTAssertEqual(try there(value, version), value, "\(value), protocol \(version)") }
            XCTAssertEqual(try there(.list(values), version), .list(values))
        }
        for value in [.bytes(Data([0, 255])), .byteArray(Data([1])), .set([1, 2]), .frozenSet([3]), .surrogateString(Data([0xed, 0xa0, 0x80]))] as [PickleValue] {
            XCTAssertEqual(try there(value, 5), value)
        }
        // Composed and decomposed are equal in Swift, and must not be mixed up in Python.
        guard case .dict(let read) = try there(["e\u{301}": 1, "\u{e9}": 2]) else { return XCTFail() }
        XCTAssertEqual(read.map { Array(($0.key.stringValue ?? "").utf8) }, [Array("e\u{301}".utf8), Array("\u{e9}".utf8)])
    }

    func testCyclesAreWritten() throws {
        XCTAssertEqual(try there([.cycle(0)]), [.cycle(0)])
        XCTAssertEqual(try there([["x": .cycle(0)], [.cycle(1)]]), [["x": .cycle(0)], [.cycle(1)]])
        XCTAssertThrowsError(try Pickle.dumps([.cycle(1)])) { XCTAssertEqual(($0 as? PickleError)?.kind, .badValue) }
    }

    func testCodableTypesAsBytes() throws {
        struct Row: Codable, Equatable { var id: Int; var at: Date; var data: Data; var price: Decimal; var uuid: UUID }
        let rows = (0..<3).map {
            Row(id: $0, at: Date(timeIntervalSince1970: 1_709_208_000.25), data: Data([0, 255]), price: 12.5, uuid: UUID())
        }
        for version in 0...5 as ClosedRange<UInt8> {
            let pickle = try PickleEncoder().encode(rows, protocolVersion: version)
            XCTAssertEqual(try PickleDecoder().decode([Row].self, from: pickle), rows, "protocol \(version)")
        }
    }

    func testWhatNoPickleHoldsIsRefused() throws {
        for (value, version) in [(.buffer(0, isReadOnly: false), 4), (.none, 6)] as [(PickleValue, UInt8)] {
            XCTAssertThrowsError(try Pickle.dumps(value, protocolVersion: version)) {
                XCTAssertEqual(($0 as? PickleError)?.kind, .badValue)
            }
        }
    }

    func testFilesAppearWhole() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: url) }
        try Pickle.dump([1, 2], to: url)
        XCTAssertEqual(try Pickle.load(contentsOf: url), [1, 2])
    }

    func testInfoTellsWhatWouldBeCalled() throws {
        let dates: PickleValue = .list(
            [2024, 2025].map { year in
                .object(PickleObject(.reduce(
                    callable: .global(module: "datetime", name: "date"),
                    arguments: .tuple([.bytes(Data([UInt8(year >> 8), UInt8(year & 255), 1, 1]))]))))
            })
        let info = try Pickle.info(Pickle.dumps(dates))
        XCTAssertEqual(info.root, "list")
        XCTAssertEqual(info.globals.map { "\($0.module).\($0.name) \($0.calls)" }, ["datetime.date 2"])
        XCTAssertEqual(try Pickle.info(pickle("cos\nsystem\n0N.")).globals.map(\.name), ["system"])
        XCTAssertThrowsError(try Pickle.info(Data()))
    }
}
