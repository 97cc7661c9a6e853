import Foundation
internal import PickleFFI

/// One item of a container.
public struct PickleItem: Sendable, Hashable {
    /// What an item is to its container.
    public enum Role: UInt8, Sendable, Hashable {
        /// An item of a list, tuple or set, or what was appended or added to an object.
        case item
        /// A key and a value of a dict, or what was set in an object.
        case entry
        /// A name and a value of an object's state.
        case attribute
        /// The state of an object, if it is not a dict.
        case state
    }

    /// What it is to its container.
    public let role: Role
    /// The key of an entry, the name of an attribute.
    public let key: PickleValue?
    /// The item, or the value under its key.
    public let value: PickleValue
}

/// Reads a container item by item: memory does not grow with the file. May be used from any thread; two calls at once
/// take turns.
public final class PickleItemReader: @unchecked Sendable {
    // Guarded by the lock: everything that is not a constant.
    private let lock = NSLock()
    private let options: PickleOptions
    private let source: Source
    private var isClosed = false
    private var piece = Data()
    private var found: [PickleItem] = []
    private var next = 0
    private var isBetween = true
    private var isFailed = false
    /// The input that was taken has more items.
    private var isPending = false

    private enum Source {
        /// Read once, and fed to the library.
        case stream(FileHandle, ItemReader)
        /// Read by the library.
        case file(FileItems)
    }

    /// A reader from here to the end of a file, pipe or socket, which it does not close. It reads the items of the
    /// outermost container of each pickle, or of the one at a path such as `$.rows`; a pickle of up to `minNodes` values
    /// is read as a whole. Throws ``PickleError/Kind/badPath`` where the path cannot be read.
    public init(
        _ source: FileHandle, path: String = "$", options: PickleOptions = PickleOptions(), minNodes: UInt32 = 4096
    ) throws(PickleError) {
        self.options = options
        do {
            self.source = .stream(source, try ItemReader(path: path, options: options.raw, minNodes: minNodes))
        } catch {
            throw PickleError(error)
        }
    }

    /// The same for a file by its name. It is read twice: a first pass finds what later items share with earlier ones, and
    /// nothing else is kept. A reader of a stream has to guess, and fails with ``PickleError/Kind/memoDropped`` where
    /// something was shared long ago.
    public init(
        contentsOf url: URL, path: String = "$", options: PickleOptions = PickleOptions(), minNodes: UInt32 = 4096
    ) throws(PickleError) {
        self.options = options
        do {
            source = .file(try FileItems.open(file: url.path, path: path, options: options.raw, minNodes: minNodes))
        } catch {
            throw PickleError(error)
        }
    }

    /// The next item; nil at the end. After an error there is no next one.
    public func nextItem() throws(PickleError) -> PickleItem? {
        lock.lock()
        defer { lock.unlock() }
        if isClosed { throw PickleError(.closed, "the reader was closed") }
        do {
            while next == found.count {
                if isFailed { return nil }
                guard try fill() else { return nil }
            }
        } catch {
            isFailed = true
            throw PickleError(error)
        }
        next += 1
        return found[next - 1]
    }

    /// Where the first call stands, in what was read so far of the file, that is made for what it does to a value, because the
    /// pickle drops its result: the offset of the POP. cloudpickle and dill set so what is in functions, classes and cells,
    /// which no item shows. Nil where there is none; after the last item, in the whole file.
    public var droppedCall: UInt64? {
        lock.lock()
        defer { lock.unlock() }
        switch source {
        case .stream(_, let reader): return reader.droppedCall()
        case .file(let items): return items.droppedCall()
        }
    }

    /// Lets go of the file. Every later call of ``nextItem()`` fails.
    public func close() {
        lock.lock()
        defer { lock.unlock() }
        isClosed = true
        piece = Data()
        found = []
        next = 0
    }

    /// More items; false at the end of the file.
    private func fill() throws -> Bool {
        switch source {
        case .stream(let handle, let reader): return try fill(from: handle, by: reader)
        case .file(let items):
            guard let batch = try items.nextBatch() else { return false }
            found = try options.items(batch)
            next = 0
            return true
        }
    }

    private func fill(from source: FileHandle, by reader: ItemReader) throws -> Bool {
        if piece.isEmpty && !isPending {
            piece = try source.read(upToCount: 1 << 16) ?? Data()
            if piece.isEmpty {
                if isBetween && reader.offset() > 0 { return false }
                try reader.finish()
                throw PickleError(.endOfInput, at: reader.offset(), "the input ended before STOP: the pickle is incomplete")
            }
        }
        isBetween = false
        let fed = try reader.feed(data: piece)
        piece = piece.dropFirst(Int(fed.consumed))
        found = try options.items(fed.items)
        next = 0
        isPending = fed.status == .items
        if fed.status == .done {
            reader.nextPickle()
            isBetween = true
        }
        return true
    }
}

/// The items of the containers in a file: a `Sequence` whose elements say what became of each, and an `AsyncSequence`
/// (``values``) that throws.
public struct PickleItems: Sequence, IteratorProtocol, Sendable {
    private let reader: PickleItemReader

    init(_ reader: PickleItemReader) {
        self.reader = reader
    }

    /// The next item, or why it could not be read; nil at the end and after an error.
    public mutating func next() -> Result<PickleItem, PickleError>? {
        do {
            return try reader.nextItem().map { .success($0) }
        } catch {
            return .failure(error)
        }
    }

    /// As ``PickleItemReader/droppedCall``: of what the loop over the items has read.
    public var droppedCall: UInt64? { reader.droppedCall }

    /// The same for `for try await`: reading happens off the caller's actor.
    public var values: AsyncPickleItems { AsyncPickleItems(reader: reader) }
}

/// The items of the containers in a file.
public struct AsyncPickleItems: AsyncSequence, AsyncIteratorProtocol, Sendable {
    let reader: PickleItemReader

    /// The next item; nil at the end.
    public mutating func next() async throws -> PickleItem? {
        try Task.checkCancellation()
        return try await Self.read(reader)
    }

    // Not isolated, so it runs on the shared pool and not on the main actor.
    private nonisolated static func read(_ reader: PickleItemReader) async throws -> PickleItem? {
        try reader.nextItem()
    }

    public func makeAsyncIterator() -> AsyncPickleItems { self }
}

extension Pickle {
    /// The items of the outermost container of each pickle of a file, or of the container at a path such as `$.rows`. The
    /// file is read twice, see ``PickleItemReader``.
    public static func items(
        contentsOf url: URL, path: String = "$", options: PickleOptions = PickleOptions()
    ) throws(PickleError) -> PickleItems {
        PickleItems(try PickleItemReader(contentsOf: url, path: path, options: options))
    }
}

extension FileHandle {
    /// The items of the outermost container of each pickle from here to the end, or of the container at a path.
    /// Throws ``PickleError/Kind/badPath`` where the path cannot be read.
    public func pickleItems(path: String = "$", options: PickleOptions = PickleOptions()) throws(PickleError) -> PickleItems {
        PickleItems(try PickleItemReader(self, path: path, options: options))
    }
}

extension PickleOptions {
    /// The items of a batch (`bindings/uniffi/src/items.rs`): one reader makes all of them.
    func items(_ batch: Data) throws(PickleError) -> [PickleItem] {
        do {
            return try batch.withUnsafeBytes { bytes in
                let damaged = PickleError(.versionMismatch, "the library's items are damaged")
                var items: [PickleItem] = []
                var at = 0
                var reader = FlatReader(UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, 4096)]), budget: 0)
                func part() throws -> PickleValue {
                    var size = 0, shift = 0, isLast = false
                    while !isLast {
                        guard at < bytes.count, shift < 56 else { throw damaged }
                        size |= Int(bytes[at] & 0x7f) << shift
                        shift += 7
                        isLast = bytes[at] < 0x80
                        at += 1
                    }
                    guard size <= bytes.count - at else { throw damaged }
                    reader.restart(UnsafeRawBufferPointer(rebasing: bytes[at..<at + size]), budget: budget(size))
                    at += size
                    return try reader.root()
                }
                while at < bytes.count {
                    guard let role = PickleItem.Role(rawValue: bytes[at]) else { throw damaged }
                    at += 1
                    // No `?:` here: in it, nil is a PickleValue.
                    var key: PickleValue?
                    if role == .entry || role == .attribute { key = try part() }
                    items.append(PickleItem(role: role, key: key, value: try part()))
                }
                return items
            }
        } catch {
            throw PickleError(error)
        }
    }
}
