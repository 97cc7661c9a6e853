import Foundation
import XCTest

@testable import Pickle

/// The repository, seen from this file.
let repository = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../..").standardized

func pickle(_ text: String) -> Data { Data(text.unicodeScalars.map { UInt8($0.value) }) }

final class ReadingTests: XCTestCase {
    func testPlainValues() throws {
        XCTAssertEqual(try Pickle.loads(pickle("N.")), PickleValue.none)
        XCTAssertEqual(try Pickle.loads(pickle("(lp0\nI1\naI-70000\naF2.5\naI01\na.")), [1, -70000, 2.5, true])
        XCTAssertEqual(try Pickle.loads(pickle("}X\u{1}\0\0\0aK\u{5}s.")), ["a": 5])
        XCTAssertEqual(try Pickle.loads(pickle("L18446744073709551616L\n.")).integerValue?.description, "18446744073709551616")
        XCTAssertEqual(try Pickle.loads(pickle("S'\\xff'\n.")), .python2String(Data([255])))
        XCTAssertEqual(try Pickle.loads(pickle("X\u{3}\0\0\0\u{ed}\u{a0}\u{80}.")), .surrogateString(Data([0xed, 0xa0, 0x80])))
    }

    func testObjects() throws {
        let date = try Pickle.loads(pickle("cdatetime\ndate\n(C\u{4}\u{7}\u{e8}\u{2}\u{1d}tR."))
        guard case .object(let object) = date, case .date(2024, 2, 29)? = object.known else { return XCTFail("\(date)") }
        XCTAssertEqual(object.className, "datetime.date")
        XCTAssertEqual(try PickleDecoder().decode(Date.self, from: date), Date(timeIntervalSince1970: 1_709_164_800))
        // 2024-02-29 12:00:00, without a time zone.
        let noon = try Pickle.loads(pickle("cdatetime\ndatetime\n(C\u{a}\u{7}\u{e8}\u{2}\u{1d}\u{c}\0\0\0\0\0tR."))
        XCTAssertEqual(try PickleDecoder().decode(Date.self, from: noon), Date(timeIntervalSince1970: 1_709_208_000))
        let state = try Pickle.loads(pickle("(imod\nPoint\n}(X\u{1}\0\0\0xK\u{3}ub."))
        XCTAssertEqual(state["x"], 3)
        struct Point: Decodable { var x: Int }
        XCTAssertEqual(try PickleDecoder().decode(Point.self, from: state).x, 3)
    }

    func testCycles() throws {
        XCTAssertEqual(try Pickle.loads(pickle("]q\0h\0a.")), [.cycle(0)])
        // A cycle below the root, met again where the root is the same.
        XCTAssertEqual(try Pickle.loads(pickle("]]q\0h\0aah\0a.")), [[.cycle(1)], [.cycle(1)]])
        // root = [a, b] with a = [b], b = [a]: b belongs to the cycle through a, and stands outside of it.
        XCTAssertThrowsError(try Pickle.loads(pickle("]]q\0]q\u{1}h\0aaah\u{1}a."))) {
            XCTAssertEqual(($0 as? PickleError)?.kind, .cyclic)
        }
    }

    func testErrorsHaveKindOffsetAndMessage() {
        let cases: [(String, PickleError.Kind, UInt64)] = [
            ("", .empty, 0), ("K", .truncated, 1), ("K\u{1}", .endOfInput, 2), ("K\u{1}\u{fe}", .unknownOpcode, 2),
        ]
        for (text, kind, offset) in cases {
            do {
                let value = try Pickle.loads(pickle(text))
                XCTFail("\(value)")
            } catch {
                XCTAssertEqual(error.kind, kind)
                XCTAssertEqual(error.offset, offset, text)
                XCTAssertFalse(error.message.isEmpty)
            }
        }
        XCTAssertThrowsError(try Pickle.load(contentsOf: URL(fileURLWithPath: "/nowhere/at/all"))) {
            XCTAssertEqual(($0 as? PickleError)?.kind, .inputOutput)
        }
    }

    func testDepthAndRepetitionAreBounded() throws {
        let deep = String(repeating: "]", count: 200_000) + String(repeating: "a", count: 199_999) + "."
        XCTAssertThrowsError(try Pickle.loads(pickle(deep))) { XCTAssertEqual(($0 as? PickleError)?.kind, .depthLimit) }
        // Each list holds the one before twice: 2^60 values in a few hundred bytes.
        var laughs = "]q\0"
        for _ in 0..<60 { laughs += "0]q\u{1}h\0ah\0aq\0" }
        XCTAssertThrowsError(try Pickle.loads(pickle(laughs + "."))) { XCTAssertEqual(($0 as? PickleError)?.kind, .sizeLimit) }
    }

    func testTheDefaultDepthFitsASmallStack() {
        let ended = expectation(description: "read and let go")
        let thread = Thread {
            let text = String(repeating: "]", count: 127) + String(repeating: "a", count: 126) + "."
            let left = try? Pickle.loads(pickle(text)), right = try? Pickle.loads(pickle(text))
            XCTAssertNotNil(left)
            XCTAssertEqual(left, right)
            XCTAssertEqual(left?.hashValue, right?.hashValue)
            XCTAssertEqual(left?.description.count, 254)
            ended.fulfill()
        }
        thread.stackSize = 512 << 10
        thread.start()
        wait(for: [ended], timeout: 60)
    }

    private func file(_ data: Data) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try data.write(to: url)
        addTeardownBlock { try? FileManager.default.removeItem(at: url) }
        return url
    }

    func testPicklesInSequence() async throws {
        let large = pickle("B\u{40}\u{42}\u{0f}\0") + Data(count: 1_000_000) + pickle(".")
        let url = try file(pickle("K\u{1}.") + large + pickle("K\u{3}."))
        let expected: [PickleValue] = [1, .bytes(Data(count: 1_000_000)), 3]
        XCTAssertEqual(try Pickle.pickles(contentsOf: url).map { try $0.get() }, expected)
        var read: [PickleValue] = []
        for try await value in try FileHandle(forReadingFrom: url).pickles().values { read.append(value) }
        XCTAssertEqual(read, expected)
        let broken = try Array(Pickle.pickles(contentsOf: file(pickle("K\u{1}.K"))))
        XCTAssertEqual(broken.count, 2)
        XCTAssertThrowsError(try broken[1].get()) { XCTAssertEqual(($0 as? PickleError)?.kind, .truncated) }
    }

    func testClosedReaders() throws {
        let reader = PickleReader(try FileHandle(forReadingFrom: file(pickle("K\u{1}.K\u{2}."))))
        XCTAssertEqual(try reader.next(), 1)
        reader.close()
        reader.close()
        XCTAssertThrowsError(try reader.next()) { XCTAssertEqual(($0 as? PickleError)?.kind, .closed) }
    }

    func testOneReaderFromManyTasks() async throws {
        let count = 2000
        let data = Data((0..<count).flatMap { pickle("M\(UnicodeScalar(UInt8($0 & 255)))\(UnicodeScalar(UInt8($0 >> 8))).") })
        let reader = PickleReader(try FileHandle(forReadingFrom: file(data)))
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var sum = 0
                    while let value = try reader.next() { sum += value.intValue ?? -1_000_000 }
                    return sum
                }
            }
            return try await group.reduce(0, +)
        }
        XCTAssertEqual(sums, count * (count - 1) / 2)
    }

    func testTheProjectsOwnFiles() throws {
        let directory = repository.appendingPathComponent("tests/data/core")
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "pickle" }
        XCTAssertGreaterThan(files.count, 50)
        for file in files {
            let data = try Data(contentsOf: file)
            XCTAssertNoThrow(try Pickle.loads(data), file.lastPathComponent)
            // Cut anywhere, it is incomplete and nothing else.
            for length in stride(from: 0, to: data.count, by: max(1, data.count / 40)) {
                XCTAssertThrowsError(try Pickle.loads(data.prefix(length)), "\(file.lastPathComponent) cut at \(length)")
            }
        }
    }

    func testDamagedFilesDoNoHarm() throws {
        let data = try Data(contentsOf: repository.appendingPathComponent("examples/data/weather.pkl"))
        var state: UInt64 = 1
        for _ in 0..<2000 {
            var damaged = data
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                damaged[damaged.startIndex + Int(state >> 33) % damaged.count] = UInt8(truncatingIfNeeded: state >> 56)
            }
            if let value = try? Pickle.loads(damaged) { _ = value.hashValue }
        }
    }
}
