import Foundation

/// An object: how it was made and what happened to it afterwards. Nothing was imported or called.
public struct PickleObject: Sendable {
    /// How an object was made.
    public enum Origin: Sendable, Hashable {
        /// REDUCE: a callable was called with a tuple of arguments.
        case reduce(callable: PickleValue, arguments: PickleValue)
        /// NEWOBJ: `class.__new__` with a tuple of arguments.
        case newObject(class: PickleValue, arguments: PickleValue)
        /// NEWOBJ_EX: the same with keyword arguments, a dict.
        case newObjectEx(class: PickleValue, arguments: PickleValue, keywords: PickleValue)
        /// OBJ: the class was called.
        case obj(class: PickleValue, arguments: PickleValue)
        /// INST: likewise, the class by its name.
        case inst(class: PickleValue, arguments: PickleValue)
        /// PERSID, BINPERSID: it stands behind a persistent id.
        case persistent(id: PickleValue)
        /// A global, extension or buffer that was changed.
        case changed(PickleValue)
    }

    /// What happened to an object after it was made.
    public enum Change: Sendable, Hashable {
        /// APPEND, APPENDS.
        case append([PickleValue])
        /// SETITEM, SETITEMS.
        case setItem(PickleDictionary)
        /// ADDITEMS.
        case add([PickleValue])
        /// BUILD: `__setstate__`, or attributes.
        case build(PickleValue)
        /// Bytes that stood between the opcodes (joblib), and their offset in the stream.
        case raw(Data, offset: UInt64)
        /// A pickle that stood between the opcodes (joblib).
        case nested(PickleValue)
    }

    /// How it was made.
    public let origin: Origin
    /// What happened to it afterwards, in the order of the stream.
    public let changes: [Change]
    /// The well-known type that it is, such as `datetime.date`.
    public let known: PickleKnown?

    /// An object made so.
    public init(_ origin: Origin, changes: [Change] = [], known: PickleKnown? = nil) {
        self.origin = origin
        self.changes = changes
        self.known = known
    }

    /// What was called, the class, or the persistent id.
    public var callable: PickleValue {
        switch origin {
        case .reduce(let value, _), .newObject(let value, _), .newObjectEx(let value, _, _), .obj(let value, _),
            .inst(let value, _), .persistent(let value), .changed(let value):
            value
        }
    }

    /// The arguments it was made with.
    public var arguments: [PickleValue] {
        switch origin {
        case .reduce(_, let value), .newObject(_, let value), .newObjectEx(_, let value, _), .obj(_, let value),
            .inst(_, let value):
            value.items ?? []
        case .persistent, .changed: []
        }
    }

    /// Module and name of its class or of the function that made it, such as `collections.OrderedDict`; nil where
    /// that was computed.
    public var className: String? {
        // What copyreg makes without `__new__` of its own names the class first.
        var named = callable
        if case .global("copy_reg", "_reconstructor") = named { named = arguments.first ?? named }
        if case .global("copyreg", "_reconstructor") = named { named = arguments.first ?? named }
        guard case .global(let module, let name) = named else { return nil }
        return "\(module).\(name)"
    }

    /// The state of the last BUILD.
    public var state: PickleValue? {
        for case .build(let state) in changes.reversed() { return state }
        return nil
    }

    /// An attribute, as its state has it: in a dict, or in the slots of the pair that `copyreg` writes.
    public subscript(name: String) -> PickleValue? {
        guard let state else { return nil }
        if case .dict(let attributes) = state { return attributes[name] }
        if case .tuple(let parts) = state, parts.count == 2, case .dict(let slots) = parts[1] {
            if let value = slots[name] { return value }
            if case .dict(let attributes) = parts[0] { return attributes[name] }
        }
        return nil
    }

    /// All attributes, as its state has them.
    public var attributes: PickleDictionary? {
        switch state {
        case .dict(let attributes): return attributes
        case .tuple(let parts):
            guard parts.count == 2, case .dict(let slots) = parts[1] else { return nil }
            if case .dict(let attributes) = parts[0] { return PickleDictionary(attributes.entries + slots.entries) }
            return slots
        default: return nil
        }
    }

    var items: [PickleValue]? {
        switch known {
        case .set(let items), .frozenSet(let items): items.elements
        case .deque(let items, _): items
        case .array(let array): array.objects
        default: nil
        }
    }

    var dictionary: PickleDictionary? {
        switch known {
        case .orderedDict(let entries), .counter(let entries), .defaultDict(_, let entries): entries
        default: nil
        }
    }

    func write(to text: inout String) {
        let name = className ?? "?"
        switch origin {
        case .persistent(let id):
            text += "<persistent "
            id.write(to: &text)
            text += ">"
        case .changed(let value):
            value.write(to: &text)
        default:
            text += name
            PickleValue.write(arguments, "(", ")", to: &text)
        }
        for change in changes {
            switch change {
            case .append(let items): PickleValue.write(items, "[", "]", to: &text)
            case .add(let items): PickleValue.write(items, "{", "}", to: &text)
            case .setItem(let entries): PickleValue.dict(entries).write(to: &text)
            case .build(let state):
                text += "<"
                state.write(to: &text)
                text += ">"
            case .raw(let data, _): text += "<\(data.count) bytes>"
            case .nested(let value): value.write(to: &text)
            }
        }
    }
}

extension PickleObject: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.origin == right.origin && left.changes == right.changes
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(origin)
        hasher.combine(changes)
    }
}

/// A well-known type that an object is. What does not look exactly as such a type is pickled has none.
public enum PickleKnown: Sendable {
    /// A `numpy.dtype`: its name as numpy shows it, the bytes of an item.
    public struct DType: Sendable, Hashable {
        /// As numpy shows it, such as `float64`.
        public let name: String
        /// Bytes of one item.
        public let size: Int
        /// Most significant byte first.
        public let isBigEndian: Bool
    }

    /// A `numpy.ndarray`.
    public struct Array: Sendable {
        /// The type of its items.
        public let dtype: DType
        /// Items along each axis.
        public let shape: [Int]
        /// The first axis varies fastest.
        public let isFortranOrder: Bool
        /// The items' bytes; nil where they are objects or in a buffer that is not here.
        public let data: Data?
        /// The items, where they are objects.
        public let objects: [PickleValue]?
    }

    /// `bytes`, as protocols 0 to 2 spell them.
    case bytes(Data)
    /// `bytearray`, as protocols 0 to 4 spell them.
    case byteArray(Data)
    /// `set`, as protocols 0 to 3 spell them.
    case set(PickleSet)
    /// `frozenset`, likewise.
    case frozenSet(PickleSet)
    /// `complex`.
    case complex(real: Double, imaginary: Double)
    /// `datetime.date`.
    case date(year: Int, month: Int, day: Int)
    /// `datetime.time`, perhaps with a time zone.
    case time(hour: Int, minute: Int, second: Int, microsecond: Int, zone: PickleValue?)
    /// `datetime.datetime`, perhaps with a time zone.
    case dateTime(DateComponents, zone: PickleValue?)
    /// `datetime.timedelta`.
    case timeDelta(days: Int, seconds: Int, microseconds: Int)
    /// `datetime.timezone`: seconds east of UTC.
    case timeZone(seconds: Int, name: String?)
    /// `zoneinfo.ZoneInfo` by its key.
    case zoneInfo(String)
    /// `decimal.Decimal` as its text.
    case decimal(String)
    /// `uuid.UUID`.
    case uuid(UUID)
    /// `collections.OrderedDict`.
    case orderedDict(PickleDictionary)
    /// `collections.defaultdict`: its factory and its items.
    case defaultDict(factory: PickleValue, PickleDictionary)
    /// `collections.Counter`.
    case counter(PickleDictionary)
    /// `collections.deque`: its items and its largest length.
    case deque([PickleValue], maxLength: Int?)
    /// A `pathlib` path: its class and its parts.
    case path(class: String, parts: [String])
    /// `numpy.dtype`.
    case dtype(DType)
    /// `numpy.ndarray`.
    case array(Array)
    /// A numpy scalar: its type and its bytes.
    case scalar(DType, Data)
    /// `pandas.DataFrame`: rows and columns, where that is easily told.
    case dataFrame(rows: Int?, columns: Int?)
    /// `pandas.Series`.
    case series(count: Int?)
    /// Another type that the core knows, by its number in the flat form, and its parts.
    case other(UInt8, [PickleValue])
}
