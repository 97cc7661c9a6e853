import Foundation
import XCTest

@testable import Pickle

/// What loading would do, by the table that every language reads.
final class ScanTests: XCTestCase {
    private let own = Data("cmyapp\nUser\n)R.".utf8)

    private func rows() throws -> [[String]] {
        let table = try String(contentsOf: repository.appendingPathComponent("tests/data/verdicts.tsv"), encoding: .utf8)
        let rows = table.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.components(separatedBy: "\t") }
        XCTAssertGreaterThan(rows.count, 200)
        return rows
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

    func testEveryRowIsJudgedAsTheTableSays() throws {
        for row in try rows() {
            let data = bytes(row[4])
            let report = try Pickle.scan(data)
            XCTAssertTrue(row[2].components(separatedBy: "|").contains("\(report.verdict)"), "\(row[1]): \(report)")
            let rules = row[3].components(separatedBy: "|")
            XCTAssertTrue(row[3] == "-" || report.findings.contains { rules.contains($0.rule) }, "\(row[1]): \(report)")
            XCTAssertEqual(report.verdict == .clean, report.findings.isEmpty, row[1])
            XCTAssertEqual(report.bytes, UInt64(data.count), row[1])

            let scanner = try PickleScanner()
            var before = PickleReport.Verdict.clean
            for byte in data {
                let now = try scanner.feed(Data([byte]))
                XCTAssertGreaterThanOrEqual(now, before, row[1])
                before = now
            }
            let fed = scanner.finish()
            XCTAssertEqual(fed, scanner.finish(), row[1])
            XCTAssertEqual(fed.verdict, report.verdict, row[1])
            // The other reading of a stream that has two is not judged again.
            if fed.otherReading == nil { XCTAssertEqual(fed, report, row[1]) } else { XCTAssertFalse(fed.complete, row[1]) }
        }
    }

    func testAFindingSaysWhatWhereAndHow() throws {
        let report = try Pickle.scan(Data("cos\nsystem\n(S'true'\ntR.".utf8))
        XCTAssertEqual(report.verdict, .dangerous)
        XCTAssertEqual(report.executes, .yes)
        XCTAssertTrue(report.complete)
        XCTAssertEqual(report.pickles, 1)
        let called = try XCTUnwrap(report.findings.first { $0.rule == "PK201" })
        XCTAssertEqual([called.module, called.name, called.capability], ["os", "system", "process"])
        XCTAssertEqual([called.args, called.opcode, called.pythons], ["'true'", "REDUCE", "all"])
        XCTAssertEqual(called.offset, 21)
        XCTAssertNil(called.via)
        XCTAssertEqual(report.globals.map { "\($0.module).\($0.name) \($0.called)" }, ["os.system true"])
    }

    func testOwnNamesAreAllowed() throws {
        XCTAssertEqual(try Pickle.scan(own).verdict, .unknown)
        XCTAssertEqual(try Pickle.scan(own, allow: ["os.path.join", "myapp.User"]).verdict, .clean)
        XCTAssertThrowsError(try Pickle.scan(own, allow: ["User"])) { error in
            XCTAssertTrue("\(error)".contains("MODULE.NAME"), "\(error)")
        }
        XCTAssertThrowsError(try PickleScanner(allow: [""]))
        let scanner = try PickleScanner(allow: ["myapp.*"])
        try scanner.feed(own)
        XCTAssertEqual(scanner.finish().verdict, .clean)
        XCTAssertThrowsError(try scanner.feed(own)) { XCTAssertEqual(($0 as? PickleError)?.kind, .afterEnd) }
    }

    func testACompiledPolicyIsTakenWholeOrRefused() throws {
        let policy = try Data(contentsOf: repository.appendingPathComponent("tests/data/policy/policy.bin"))
        XCTAssertEqual(try Pickle.scan(own, policy: policy).verdict, .clean)
        XCTAssertEqual(try Pickle.scan(Data("cfractions\nFraction\n.".utf8), policy: policy).verdict, .dangerous)
        let scanner = try PickleScanner(policy: policy)
        try scanner.feed(own)
        XCTAssertEqual(scanner.finish().verdict, .clean)
        for damaged in [Data(), policy.dropLast(), Data("version = 1".utf8)] {
            XCTAssertThrowsError(try Pickle.scan(own, policy: damaged)) { error in
                XCTAssertTrue("\(error)".contains("compile"), "\(error)")
            }
            XCTAssertThrowsError(try PickleScanner(policy: damaged))
        }
    }

    func testNoBytesAndManyBytes() throws {
        XCTAssertEqual(try Pickle.scan(Data()).verdict, .malformed)
        for size in [1, 255, 256, 65533, 65534, 65535, 65536] {
            let report = try Pickle.scan(Data("](".utf8) + Data(repeating: UInt8(ascii: "N"), count: size) + Data("e.".utf8))
            XCTAssertEqual(report.verdict, .clean)
            XCTAssertEqual(report.findings.map(\.rule), [])
            XCTAssertEqual(report.opcodes, UInt64(size + 4))
            // Lists in lists are a bomb from 65536 levels on.
            let deep = try Pickle.scan(Data((String(repeating: "]", count: size) + String(repeating: "a", count: size - 1) + ".").utf8))
            XCTAssertEqual(deep.verdict, size >= 65536 ? .suspicious : .clean)
            XCTAssertEqual(deep.findings.map(\.rule), size >= 65536 ? ["PK702"] : [])
            let one = try Pickle.scan(Data(("]" + String(repeating: "Na", count: size) + ".").utf8))
            XCTAssertEqual(one.verdict, .clean)
            XCTAssertEqual(one.opcodes, UInt64(2 * size + 2))
        }
    }
}
