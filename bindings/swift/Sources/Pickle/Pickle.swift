import Foundation
internal import PickleFFI

/// Options for reading.
public struct PickleOptions: Sendable, Hashable {
    /// What becomes of Python 2 strs: the `encoding` of `pickle.load`.
    public enum Encoding: Sendable, Hashable {
        /// They stay Python 2 strings, distinct from str and bytes.
        case keep
        /// They become bytes.
        case bytes
        /// They become strs; anything but ASCII is an error.
        case ascii
        /// They become strs, a code point a byte.
        case latin1
        /// They become strs.
        case utf8
    }

    /// What becomes of Python 2 strs.
    public var encoding = Encoding.keep
    /// Bytes that the values of one pickle may take in each of the reader's memory regions.
    public var maxBytes: UInt64?
    /// Opcodes that one pickle may have.
    public var maxOpcodes: UInt64?
    /// Levels that values may nest. A thread with a small stack bears no more than a few hundred.
    public var maxDepth: UInt32 = 128
    /// Values that a tree may have, shared ones as often as they are met; nil is 64 for each byte of the pickle's
    /// values, and a million.
    public var maxValues: Int?

    /// No limits but those on depth and repetition.
    public init() {}

    var raw: ReadOptions {
        let encoding: PickleFFI.Encoding =
            switch self.encoding {
            case .keep: .keep
            case .bytes: .bytes
            case .ascii: .ascii
            case .latin1: .latin1
            case .utf8: .utf8
            }
        return ReadOptions(encoding: encoding, maxBytes: maxBytes, maxOpcodes: maxOpcodes, maxDepth: maxDepth)
    }

    /// Values that a buffer of so many bytes may stand for.
    func budget(_ size: Int) -> Int { maxValues ?? (size.multipliedReportingOverflow(by: 64).partialValue + 1 << 20) }

    /// The values of a buffer in the flat form.
    func value(_ flat: Data) throws(PickleError) -> PickleValue {
        do {
            return try flat.withUnsafeBytes { bytes in
                var reader = FlatReader(bytes, budget: budget(bytes.count))
                return try reader.root()
            }
        } catch {
            throw PickleError(error)
        }
    }
}

/// Python's pickle format. Nothing is ever imported, called or executed.
public enum Pickle {
    /// The version of the library behind this package, such as `0.2.0`.
    public static var version: String { PickleFFI.version() }

    /// Reads the pickle at the start of `data`; what follows it is not looked at.
    public static func loads(_ data: Data, options: PickleOptions = PickleOptions()) throws(PickleError) -> PickleValue {
        let flat: Data
        do {
            flat = try PickleFFI.loads(data: data, options: options.raw)
        } catch {
            throw PickleError(error)
        }
        return try options.value(flat)
    }

    /// Reads the first pickle of a file.
    public static func load(contentsOf url: URL, options: PickleOptions = PickleOptions()) throws(PickleError) -> PickleValue {
        let data: Data
        do {
            data = try Data(contentsOf: url, options: .mappedIfSafe)
        } catch {
            throw PickleError(error)
        }
        return try loads(data, options: options)
    }

    /// Writes a value as CPython 3.12 would, with protocol 0 to 5; 4 is that of Python 3.8 to 3.13.
    public static func dumps(_ value: PickleValue, protocolVersion: UInt8 = 4) throws(PickleError) -> Data {
        let flat = try FlatWriter.write(value)
        do {
            return try PickleFFI.dumps(flat: flat, protocol: protocolVersion)
        } catch {
            throw PickleError(error)
        }
    }

    /// The same into a file, which appears only when it is complete.
    public static func dump(_ value: PickleValue, to url: URL, protocolVersion: UInt8 = 4) throws(PickleError) {
        let pickle = try dumps(value, protocolVersion: protocolVersion)
        do {
            try pickle.write(to: url, options: .atomic)
        } catch {
            throw PickleError(error)
        }
    }

    /// What the pickle at the start of `data` names and would call in Python, without its values.
    public static func info(_ data: Data, options: PickleOptions = PickleOptions()) throws(PickleError) -> PickleInfo {
        do {
            return PickleInfo(try PickleFFI.info(data: data, options: options.raw))
        } catch {
            throw PickleError(error)
        }
    }

    /// The pickles of a file, one after the other.
    public static func pickles(contentsOf url: URL, options: PickleOptions = PickleOptions()) throws(PickleError) -> Pickles {
        do {
            return Pickles(try FileHandle(forReadingFrom: url), options: options)
        } catch {
            throw PickleError(error)
        }
    }
}

extension FileHandle {
    /// The pickles from here to the end, one after the other.
    public func pickles(options: PickleOptions = PickleOptions()) -> Pickles {
        Pickles(self, options: options)
    }
}
