internal import PickleFFI

/// What a pickle names and would call in Python.
public struct PickleInfo: Sendable, Hashable {
    /// A class or function that a pickle names: Python would import its module.
    public struct Global: Sendable, Hashable {
        /// The module, as the pickle names it.
        public let module: String
        /// The name in it; may have dots.
        public let name: String
        /// Objects that Python would make by calling it, or as its instances.
        public let calls: UInt64
    }

    /// Bytes from the first opcode to STOP, STOP included.
    public let length: UInt64
    /// The protocol that it says it is in; 0 where it says nothing.
    public let protocolVersion: UInt8
    /// Its opcodes.
    public let opcodes: UInt64
    /// Entries in the memo at the end.
    public let memo: UInt64
    /// What it holds: `dict`, or the class of the object, such as `datetime.date`.
    public let root: String
    /// Every class and function that it names, also those of values that it drops again, in the order of their names.
    public let globals: [Global]
    /// Objects that Python would make by calling something that has no name of its own: the result of another call.
    public let unnamedCalls: UInt64
    /// Extension codes that it names, in order.
    public let extensions: [UInt32]
    /// Objects that stand outside and are named by a persistent id.
    public let persistentIDs: UInt64
    /// Out-of-band buffers that it asks for.
    public let buffers: UInt64
    /// Where the first call stands that is made for what it does to a value, because the pickle drops its result: the offset of
    /// the POP. cloudpickle and dill set so what is in functions, classes and cells, which no value shows. Nil where there is none.
    public let droppedCall: UInt64?

    init(_ info: PickleFFI.Info) {
        length = info.length
        protocolVersion = info.protocol
        opcodes = info.opcodes
        memo = info.memo
        root = info.root
        globals = info.globals.map { Global(module: $0.module, name: $0.name, calls: $0.calls) }
        unnamedCalls = info.unnamedCalls
        extensions = info.extensions
        persistentIDs = info.persistentIds
        buffers = info.buffers
        droppedCall = info.droppedCall
    }
}
