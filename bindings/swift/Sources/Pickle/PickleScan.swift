import Foundation
internal import PickleFFI

/// What loading would do, and whether that is proved harmless: the result of ``Pickle/scan(_:allow:)``.
public struct PickleReport: Sendable, Hashable {
    /// The headline of a report, in rising order: the worst finding rules. `docs/verdict.md` says what the words mean.
    public enum Verdict: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// Proved: loading calls only listed callees, imports only listed modules, and every byte was read.
        case clean
        /// Something is not listed, was not looked at, or a limit was hit.
        case unknown
        /// No reader loads it, and what would run before the break is harmless.
        case malformed
        /// CPython's readers disagree about the bytes.
        case divergent
        /// Introspection, computed names, state set on classes: nothing that honest pickles do.
        case suspicious
        /// Code objects of a known serialiser: the file is a program by design.
        case code
        /// A dangerous global is named, or reachable through what is called.
        case dangerous

        public static func < (left: Verdict, right: Verdict) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whether loading runs something that is not proved harmless.
    public enum Executes: Sendable, Hashable {
        /// It does not.
        case no
        /// Not while loading; an object that is stored does when it is used.
        case deferred
        /// It does.
        case yes
    }

    /// One reason for a verdict.
    public struct Finding: Sendable, Hashable {
        /// The rule, such as `PK201`.
        public let rule: String
        /// The verdict that it implies for the whole.
        public let verdict: Verdict
        /// What the global can do, such as `process`; `none` where nothing is known.
        public let capability: String
        /// The rule in words.
        public let message: String
        /// Module of the global; empty where the finding is about none.
        public let module: String
        /// Name of the global.
        public let name: String
        /// What calls it, as `module.name`.
        public let via: String?
        /// The arguments in short.
        public let args: String
        /// The opcode at which it showed; empty if it was none.
        public let opcode: String
        /// Bytes from the start of the stream; inside a nested pickle, from the start of that.
        public let offset: UInt64
        /// Number of the pickle in its stream, from 0.
        public let pickle: UInt32
        /// Nesting level of the pickle that it is in; 0 for the outermost.
        public let depth: UInt8
        /// Which Pythons it holds for: `all`, `2.7`, `3`, `some`, ...
        public let pythons: String
    }

    /// A class or function that a stream names.
    public struct Global: Sendable, Hashable {
        /// The module, as the stream names it.
        public let module: String
        /// The name, as the stream names it.
        public let name: String
        /// One word for what it does.
        public let effect: String
        /// It was called.
        public let called: Bool
        /// Instances were made of it without its initialiser.
        public let made: Bool
        /// Times that it was named.
        public let count: UInt32
        /// Where it was named first.
        public let firstOffset: UInt64
    }

    /// The worst that was found.
    public let verdict: Verdict
    /// Everything was read and no limit was hit. Nothing is clean without it.
    public let complete: Bool
    /// Whether loading runs something.
    public let executes: Executes
    /// The reasons, in the order in which they were found.
    public let findings: [Finding]
    /// Every class and function that is named, in the order of their names.
    public let globals: [Global]
    /// Pickles that were read to their STOP.
    public let pickles: UInt64
    /// Opcodes.
    public let opcodes: UInt64
    /// Bytes.
    public let bytes: UInt64
    /// Buffers outside the stream.
    public let buffers: UInt64
    /// Where another reading of the stream begins that was not judged: the end of a frame that was open at STOP.
    public let otherReading: UInt64?
    /// The version of the tables of globals: the day on which they were made.
    public let tables: String

    init(_ report: PickleFFI.Report) {
        verdict = Verdict(report.verdict)
        complete = report.complete
        executes =
            switch report.executes {
            case .no: .no
            case .deferred: .deferred
            case .yes: .yes
            }
        findings = report.findings.map(Finding.init)
        globals = report.globals.map {
            Global(
                module: $0.module, name: $0.name, effect: $0.effect, called: $0.called, made: $0.made, count: $0.count,
                firstOffset: $0.firstOffset)
        }
        pickles = report.pickles
        opcodes = report.opcodes
        bytes = report.bytes
        buffers = report.buffers
        otherReading = report.otherReading
        tables = report.tables
    }
}

extension PickleReport.Verdict {
    init(_ verdict: PickleFFI.Verdict) {
        self =
            switch verdict {
            case .clean: .clean
            case .unknown: .unknown
            case .malformed: .malformed
            case .divergent: .divergent
            case .suspicious: .suspicious
            case .code: .code
            case .dangerous: .dangerous
            }
    }
}

extension PickleReport.Finding {
    init(_ finding: PickleFFI.Finding) {
        rule = finding.rule
        verdict = PickleReport.Verdict(finding.verdict)
        capability = finding.capability
        message = finding.message
        module = finding.module
        name = finding.name
        via = finding.via
        args = finding.args
        opcode = finding.opcode
        offset = finding.offset
        pickle = finding.pickle
        depth = finding.depth
        pythons = finding.pythons
    }
}

extension Pickle {
    /// What loading the pickles in `data` would do, in every reading that CPython has of them; what is wrong with them is
    /// in the report. `allow` names globals that are harmless: `MODULE.NAME`, `MODULE:NAME` where the name has dots,
    /// `MODULE.*`, `ext:CODE`. Throws where a name is written otherwise.
    public static func scan(_ data: Data, allow: [String] = []) throws(PickleError) -> PickleReport {
        do {
            return PickleReport(try PickleFFI.scan(data: data, allow: allow, policy: nil))
        } catch {
            throw PickleError(error)
        }
    }

    /// The same by a policy that `pickle policy compile` wrote. Throws where `policy` is none.
    public static func scan(_ data: Data, policy: Data) throws(PickleError) -> PickleReport {
        do {
            return PickleReport(try PickleFFI.scan(data: data, allow: [], policy: policy))
        } catch {
            throw PickleError(error)
        }
    }
}

/// Tells what loading a stream of pickles would do, fed in pieces. Nothing is loaded. May be used from any thread; two calls
/// at once take turns. It takes some 8 MB while it lives.
public final class PickleScanner: Sendable {
    private let scanner: PickleFFI.Scanner

    /// A scanner at the start of a stream; `allow` as in ``Pickle/scan(_:allow:)``.
    public init(allow: [String] = []) throws(PickleError) {
        do {
            scanner = try PickleFFI.Scanner(allow: allow, policy: nil)
        } catch {
            throw PickleError(error)
        }
    }

    /// The same by a policy, as in ``Pickle/scan(_:policy:)``.
    public init(policy: Data) throws(PickleError) {
        do {
            scanner = try PickleFFI.Scanner(allow: [], policy: policy)
        } catch {
            throw PickleError(error)
        }
    }

    /// Takes a piece of input, all of it. Returns the verdict so far, which only rises: a caller may stop early. Throws
    /// ``PickleError/Kind/afterEnd`` once the scan is finished.
    @discardableResult
    public func feed(_ data: Data) throws(PickleError) -> PickleReport.Verdict {
        do {
            return PickleReport.Verdict(try scanner.feed(data: data))
        } catch {
            throw PickleError(error)
        }
    }

    /// Ends the input and returns the report; calling it again returns the same.
    public func finish() -> PickleReport { PickleReport(scanner.finish()) }
}
