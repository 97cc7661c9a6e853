internal import PickleFFI

/// Why a pickle could not be read or written.
public struct PickleError: Error, Sendable, Hashable {
    /// What went wrong: the names of the core's kinds.
    public struct Kind: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The name, such as `truncated`.
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        /// There was no input at all.
        public static let empty = Kind(rawValue: "empty")
        /// The input ended between two opcodes, before STOP.
        public static let endOfInput = Kind(rawValue: "endOfInput")
        /// The input ended inside an opcode's argument.
        public static let truncated = Kind(rawValue: "truncated")
        /// A byte is not an opcode.
        public static let unknownOpcode = Kind(rawValue: "unknownOpcode")
        /// An item shares something with an earlier one that was not kept.
        public static let memoDropped = Kind(rawValue: "memoDropped")
        /// Values nest deeper than ``PickleOptions/maxDepth``.
        public static let depthLimit = Kind(rawValue: "depthLimit")
        /// The values are more than ``PickleOptions`` allow.
        public static let sizeLimit = Kind(rawValue: "sizeLimit")
        /// A value cannot be written as a pickle.
        public static let badValue = Kind(rawValue: "badValue")
        /// The reader was closed.
        public static let closed = Kind(rawValue: "closed")
        /// A tree cannot show how the pickle's values refer to one another.
        public static let cyclic = Kind(rawValue: "cyclic")
        /// The file could not be read.
        public static let inputOutput = Kind(rawValue: "inputOutput")
        /// The library and this package are of different versions.
        public static let versionMismatch = Kind(rawValue: "versionMismatch")
    }

    /// What went wrong.
    public let kind: Kind
    /// Bytes from the start of the stream to the opcode at fault.
    public let offset: UInt64
    /// A sentence for people.
    public let message: String

    init(_ kind: Kind, at offset: UInt64 = 0, _ message: String) {
        self.kind = kind
        self.offset = offset
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let error as PickleError: self = error
        case PickleFFI.PickleError.Failed(let kind, let offset, let text):
            self.init(Kind(rawValue: String(describing: kind)), at: offset, text)
        default: self.init(.inputOutput, "\(error)")
        }
    }
}

extension PickleError: CustomStringConvertible {
    public var description: String { message }
}
