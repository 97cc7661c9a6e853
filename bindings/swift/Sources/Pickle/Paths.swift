import Foundation
internal import PickleFFI

// Paths into values: docs/paths.md has their grammar. The library reads them and follows them.

extension PickleValue {
    /// The value at a path such as `$.rows[3].temp`; the first one, where the path leads to several. Every call looks at the
    /// whole of this value: for one of a pickle that was not read yet, ``Pickle/at(_:in:options:)`` is faster.
    ///
    /// Throws an error of kind `badPath` where the path cannot be read, and `pathMissing` where no value is there: the message
    /// says how far it comes and what is there.
    public func at(_ path: String, options: PickleOptions = PickleOptions()) throws(PickleError) -> PickleValue {
        try found(path, all: false, options: options)[0]
    }

    /// All values at a path such as `$.rows[*].temp` or `$..temp`, in the order of the pickle; otherwise as
    /// ``at(_:options:)``.
    public func findAll(_ path: String, options: PickleOptions = PickleOptions()) throws(PickleError) -> [PickleValue] {
        try found(path, all: true, options: options)
    }

    private func found(_ path: String, all: Bool, options: PickleOptions) throws(PickleError) -> [PickleValue] {
        let flat = try FlatWriter.write(self)
        let found: Data
        do {
            found = try PickleFFI.find(flat: flat, path: path, all: all, maxDepth: options.maxDepth)
        } catch {
            throw PickleError(error)
        }
        return try options.value(found).items ?? []
    }
}

extension Pickle {
    /// The value at a path such as `$.rows[3].temp` of the pickle at the start of `data`, the first one where the path leads
    /// to several; see ``PickleValue/at(_:options:)``. Nothing else becomes a value of Swift.
    public static func at(
        _ path: String, in data: Data, options: PickleOptions = PickleOptions()
    ) throws(PickleError) -> PickleValue {
        try found(path, in: data, all: false, options: options)[0]
    }

    /// All values at a path of a pickle, in its order; otherwise as ``at(_:in:options:)``.
    public static func findAll(
        _ path: String, in data: Data, options: PickleOptions = PickleOptions()
    ) throws(PickleError) -> [PickleValue] {
        try found(path, in: data, all: true, options: options)
    }

    private static func found(
        _ path: String, in data: Data, all: Bool, options: PickleOptions
    ) throws(PickleError) -> [PickleValue] {
        let found: Data
        do {
            found = try PickleFFI.findIn(data: data, path: path, all: all, options: options.raw)
        } catch {
            throw PickleError(error)
        }
        return try options.value(found).items ?? []
    }
}
