import Foundation
import XCTest

@testable import Pickle

/// The table that every language reads.
final class FixtureTests: XCTestCase {
    private func rows(_ kind: String) throws -> [[String]] {
        let table = try String(contentsOf: repository.appendingPathComponent("tests/data/fixtures.tsv"), encoding: .utf8)
        let rows = table.split(separator: "\n").map { $0.components(separatedBy: "\t") }.filter { $0[0] == kind }
        XCTAssertGreaterThan(rows.count, 10)
        return rows
    }

    private func data(_ name: String) throws -> Data {
        try Data(contentsOf: repository.appendingPathComponent("tests/data").appendingPathComponent(name))
    }

    private func bytes(_ hex: String) -> Data {
        var digits = hex[...]
        var data = Data()
        while !digits.isEmpty {
            data.append(UInt8(digits.prefix(2), radix: 16)!)
            digits = digits.dropFirst(2)
        }
        return data
    }

    func testTheHashIsRight() {
        XCTAssertEqual(SHA256.hex(Data()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        XCTAssertEqual(SHA256.hex(Data("abc".utf8)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    func testEveryFixtureReadsAsTheExpectedTree() throws {
        for row in try rows("graph") {
            let value = try Pickle.loads(try data(row[1]))
            XCTAssertEqual(SHA256.hex(Data(TreeText.of(value).utf8)), row[3], row[1])
        }
    }

    func testErrorsHaveKindAndOffset() throws {
        for row in try rows("error") {
            XCTAssertThrowsError(try Pickle.loads(bytes(row[1])), row[1]) { error in
                let error = error as? PickleError
                XCTAssertEqual(error?.kind.rawValue.lowercased(), row[2].lowercased(), row[1])
                XCTAssertEqual(error.map { String($0.offset) }, row[3], row[1])
            }
        }
    }

    func testWhatWasReadCanBeWrittenAndReadsTheSame() throws {
        var written = 0
        for row in try rows("graph") {
            let value = try Pickle.loads(try data(row[1]))
            guard let pickle = try? Pickle.dumps(value, protocolVersion: 5) else { continue }
            // Picklers of protocols 1 and up write OBJ where protocol 0 has INST.
            let expected = TreeText.of(value).replacingOccurrences(of: "{\"inst\":", with: "{\"obj\":")
            XCTAssertEqual(try TreeText.of(Pickle.loads(pickle)), expected, row[1])
            written += 1
        }
        XCTAssertGreaterThan(written, 50)
    }

    func testTheHostileCorpusDoesNoHarm() throws {
        let corpus = ProcessInfo.processInfo.environment["PICKLE_CORPUS"].map { URL(fileURLWithPath: $0) }
            ?? repository.appendingPathComponent("../shared/corpus")
        let hostile = corpus.appendingPathComponent("data/hostile")
        guard let files = FileManager.default.enumerator(at: hostile, includingPropertiesForKeys: nil) else {
            throw XCTSkip("no corpus of real files")
        }
        var count = 0
        for case let url as URL in files {
            guard let data = try? Data(contentsOf: url), data.count < 1_000_000 else { continue }
            if let value = try? Pickle.loads(data) { _ = value.hashValue }
            _ = try? Pickle.info(data)
            count += 1
        }
        if count == 0 { throw XCTSkip("no corpus of real files") }
    }
}
