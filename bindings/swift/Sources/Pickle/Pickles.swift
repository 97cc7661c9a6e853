import Foundation
internal import PickleFFI

/// Reads pickles that stand one after the other in a stream. May be used from any thread; two calls at once take turns.
public final class PickleReader: @unchecked Sendable {
    // Guarded by the lock: everything that is not a constant.
    private let lock = NSLock()
    private let options: PickleOptions
    private let unpickler: Unpickler
    private var source: FileHandle?
    private var piece = Data()
    private var isFailed = false

    /// A reader from here to the end of a file, pipe or socket, which it does not close.
    public init(_ source: FileHandle, options: PickleOptions = PickleOptions()) {
        self.source = source
        self.options = options
        unpickler = Unpickler(options: options.raw)
    }

    /// The next pickle; nil at the end. After an error there is no next one: where it begins is not known.
    public func next() throws(PickleError) -> PickleValue? {
        lock.lock()
        defer { lock.unlock() }
        guard let source else { throw PickleError(.closed, at: unpickler.offset(), "the reader was closed") }
        if isFailed { return nil }
        do {
            let flat = try document(from: source)
            return try flat.map(options.value)
        } catch {
            isFailed = true
            throw PickleError(error)
        }
    }

    /// Lets go of the file. Every later call of ``next()`` fails.
    public func close() {
        lock.lock()
        defer { lock.unlock() }
        source = nil
        piece = Data()
    }

    private func document(from source: FileHandle) throws -> Data? {
        var isBetween = true
        while true {
            if piece.isEmpty {
                piece = try source.read(upToCount: 1 << 16) ?? Data()
                if piece.isEmpty {
                    if isBetween { return nil }
                    try unpickler.finish()
                    throw PickleError(.endOfInput, at: unpickler.offset(), "the input ended before STOP: the pickle is incomplete")
                }
            }
            isBetween = false
            let fed = try unpickler.feed(data: piece)
            piece = piece.dropFirst(Int(fed.consumed))
            if fed.status == .done {
                let flat = try unpickler.document()
                unpickler.nextPickle(keepMemo: false)
                return flat
            }
        }
    }
}

/// The pickles of a file, one after the other: a `Sequence` whose elements say what became of each, and an
/// `AsyncSequence` (``values``) that throws.
public struct Pickles: Sequence, IteratorProtocol, Sendable {
    private let reader: PickleReader

    init(_ source: FileHandle, options: PickleOptions) {
        reader = PickleReader(source, options: options)
    }

    /// The next pickle, or why it could not be read; nil at the end and after an error.
    public mutating func next() -> Result<PickleValue, PickleError>? {
        do {
            return try reader.next().map { .success($0) }
        } catch {
            return .failure(error)
        }
    }

    /// The same for `for try await`: reading happens off the caller's actor.
    public var values: AsyncPickles { AsyncPickles(reader: reader) }
}

/// The pickles of a file, one after the other.
public struct AsyncPickles: AsyncSequence, AsyncIteratorProtocol, Sendable {
    let reader: PickleReader

    /// The next pickle; nil at the end.
    public mutating func next() async throws -> PickleValue? {
        try Task.checkCancellation()
        return try await Self.read(reader)
    }

    // Not isolated, so it runs on the shared pool and not on the main actor.
    private nonisolated static func read(_ reader: PickleReader) async throws -> PickleValue? {
        try reader.next()
    }

    public func makeAsyncIterator() -> AsyncPickles { self }
}
