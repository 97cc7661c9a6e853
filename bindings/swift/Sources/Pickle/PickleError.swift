internal import PickleFFI

/// Why a pickle could not be read or written.
public struct PickleError: Error, Sendable, Hashable {
    /// What went wrong. Most kinds are those of the core, where they are explained; more may come.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case nodesFull
        case memoFull
        case bytesFull
        case workLimit
        case opcodeLimit
        /// An item shares something with an earlier one that was not kept.
        case memoDropped
        /// A smaller build of the core leaves out what the opcode needs; this library is built with all of it.
        case featureOff
        /// There was no input at all.
        case empty
        /// The input ended between two opcodes, before STOP.
        case endOfInput
        /// The input ended inside an opcode's argument.
        case truncated
        /// A byte is not an opcode.
        case unknownOpcode
        case negativeLength
        case lengthTooLarge
        case frameStraddle
        case frameNested
        case unsupportedProtocol
        case emptyLine
        case badInt
        case badFloat
        case floatOverflow
        case stringNotQuoted
        case badEscape
        case badUtf8
        case badUnicodeEscape
        case notAscii
        case badEncoding
        case stackUnderflow
        case unexpectedMark
        case noMark
        case memoMissing
        case negativeMemo
        case oddItems
        case notCallable
        case notAClass
        case argsNotTuple
        case kwargsNotDict
        case globalNotStr
        case noAppend
        case noSetItem
        case noAdd
        case unhashable
        case noState
        case stateNotDict
        case notABuffer
        case badExtension
        case noBuffer
        case badIndex
        case bytearrayChange
        case afterEnd
        case rawInFrame
        case itemChanged
        case containerMoved
        case containerFetched
        case memoOrder
        case levelsFull
        case notInProtocol0
        case notInProtocol1
        case notInProtocol2
        case notInProtocol3
        case notInProtocol4
        case badArgument
        case lineBreak
        case tooLong
        case sinkFull
        case unclosed
        case nothingOpen
        case unexpectedValue
        case missingValue
        case inexpressible
        /// Values nest deeper than the caller allows.
        case depthLimit
        /// The values take more memory than the caller allows, or than one buffer can hold.
        case sizeLimit
        /// A value cannot be written as a pickle.
        case badValue
        /// The reader was closed.
        case closed
        /// A path cannot be read.
        case badPath
        /// A pickle has nothing at the path.
        case pathMissing
        /// A value is not a table, or one whose parts do not fit together.
        case noTable
        /// A file could not be read.
        case inputOutput
        /// A kind that this binding does not know.
        case other
        /// A tree cannot show how the pickle's values refer to one another.
        case cyclic
        /// The library and this package are of different versions.
        case versionMismatch
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
            self.init(Kind(kind), at: offset, text)
        default: self.init(.inputOutput, "\(error)")
        }
    }
}

extension PickleError: CustomStringConvertible {
    public var description: String { message }
}

extension PickleError.Kind {
    /// The kinds of the library, one by one: one that is forgotten does not compile.
    init(_ kind: PickleFFI.ErrorKind) {
        self =
            switch kind {
            case .nodesFull: .nodesFull
            case .memoFull: .memoFull
            case .bytesFull: .bytesFull
            case .workLimit: .workLimit
            case .opcodeLimit: .opcodeLimit
            case .memoDropped: .memoDropped
            case .featureOff: .featureOff
            case .empty: .empty
            case .endOfInput: .endOfInput
            case .truncated: .truncated
            case .unknownOpcode: .unknownOpcode
            case .negativeLength: .negativeLength
            case .lengthTooLarge: .lengthTooLarge
            case .frameStraddle: .frameStraddle
            case .frameNested: .frameNested
            case .unsupportedProtocol: .unsupportedProtocol
            case .emptyLine: .emptyLine
            case .badInt: .badInt
            case .badFloat: .badFloat
            case .floatOverflow: .floatOverflow
            case .stringNotQuoted: .stringNotQuoted
            case .badEscape: .badEscape
            case .badUtf8: .badUtf8
            case .badUnicodeEscape: .badUnicodeEscape
            case .notAscii: .notAscii
            case .badEncoding: .badEncoding
            case .stackUnderflow: .stackUnderflow
            case .unexpectedMark: .unexpectedMark
            case .noMark: .noMark
            case .memoMissing: .memoMissing
            case .negativeMemo: .negativeMemo
            case .oddItems: .oddItems
            case .notCallable: .notCallable
            case .notAClass: .notAClass
            case .argsNotTuple: .argsNotTuple
            case .kwargsNotDict: .kwargsNotDict
            case .globalNotStr: .globalNotStr
            case .noAppend: .noAppend
            case .noSetItem: .noSetItem
            case .noAdd: .noAdd
            case .unhashable: .unhashable
            case .noState: .noState
            case .stateNotDict: .stateNotDict
            case .notABuffer: .notABuffer
            case .badExtension: .badExtension
            case .noBuffer: .noBuffer
            case .badIndex: .badIndex
            case .bytearrayChange: .bytearrayChange
            case .afterEnd: .afterEnd
            case .rawInFrame: .rawInFrame
            case .itemChanged: .itemChanged
            case .containerMoved: .containerMoved
            case .containerFetched: .containerFetched
            case .memoOrder: .memoOrder
            case .levelsFull: .levelsFull
            case .notInProtocol0: .notInProtocol0
            case .notInProtocol1: .notInProtocol1
            case .notInProtocol2: .notInProtocol2
            case .notInProtocol3: .notInProtocol3
            case .notInProtocol4: .notInProtocol4
            case .badArgument: .badArgument
            case .lineBreak: .lineBreak
            case .tooLong: .tooLong
            case .sinkFull: .sinkFull
            case .unclosed: .unclosed
            case .nothingOpen: .nothingOpen
            case .unexpectedValue: .unexpectedValue
            case .missingValue: .missingValue
            case .inexpressible: .inexpressible
            case .depthLimit: .depthLimit
            case .sizeLimit: .sizeLimit
            case .badValue: .badValue
            case .closed: .closed
            case .badPath: .badPath
            case .pathMissing: .pathMissing
            case .noTable: .noTable
            case .inputOutput: .inputOutput
            case .other: .other
            }
    }
}
