import Foundation
import XCTest

@testable import Pickle

final class ItemsTests: XCTestCase {
    private func file(_ data: Data) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try data.write(to: url)
        addTeardownBlock { try? FileManager.default.removeItem(at: url) }
        return url
    }

    func testItemsAreThoseOfTheWhole() async throws {
        let rows: [PickleValue] = (0..<20_000).map { ["id": .int($0), "name": .string("row \($0)"), "tags": ["a", "b"]] }
        for version in [0, 2, 4, 5] as [UInt8] {
            let url = try file(Pickle.dumps(.list(rows), protocolVersion: version))
            XCTAssertEqual(try Pickle.items(contentsOf: url).map { try $0.get().value }, rows, "protocol \(version)")
        }
        let url = try file(Pickle.dumps(["n": 1, "rows": .list(rows)]))
        var read: [PickleValue] = []
        for try await item in try Pickle.items(contentsOf: url, path: "$.rows").values { read.append(item.value) }
        XCTAssertEqual(read, rows)
        let entries = (0..<20_000).map { PickleDictionary.Entry(key: .int($0), value: .string("v\($0)")) }
        let items = try FileHandle(forReadingFrom: file(Pickle.dumps(.dict(PickleDictionary(entries))))).pickleItems()
            .map { try $0.get() }
        XCTAssertEqual(items.map(\.value), entries.map(\.value))
        XCTAssertEqual(items.map(\.key), entries.map(\.key))
        XCTAssertEqual(items.first?.role, .entry)
        let two = try file(Pickle.dumps([1, 2]) + Pickle.dumps([3]))
        XCTAssertEqual(try Pickle.items(contentsOf: two).map { try $0.get().value }, [1, 2, 3])
    }

    func testADamagedFileFailsAfterItsGoodItems() throws {
        let rows: [PickleValue] = (0..<20_000).map { .string("row \($0)") }
        let results = Array(try Pickle.items(contentsOf: file(Pickle.dumps(.list(rows)).dropLast(10))))
        XCTAssertGreaterThan(results.count, 19_000)
        XCTAssertThrowsError(try results.last?.get()) { XCTAssertTrue($0 is PickleError) }
        XCTAssertNoThrow(try results.dropLast().forEach { _ = try $0.get() })
    }

    func testClosedReaders() throws {
        let reader = PickleItemReader(try FileHandle(forReadingFrom: file(pickle("]K\u{1}a."))))
        XCTAssertEqual(try reader.nextItem()?.value, 1)
        reader.close()
        reader.close()
        XCTAssertThrowsError(try reader.nextItem()) { XCTAssertEqual(($0 as? PickleError)?.kind, .closed) }
    }
}
