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
        /// PERSID, BINPERSID: a persistent id names it.
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
    private let facts: Facts

    /// What the library says of an object.
    struct Facts: Sendable {
        var known: PickleKnown?
        /// The class, where that is not what was called.
        var type: PickleValue?
        /// The attributes, where they are not the entries of the state.
        var attributes: PickleDictionary?
        var unknown: Unknown?
    }

    /// Why no more is known of an object than how it was made.
    public enum Unknown: UInt8, Sendable {
        /// Its class is known, but its parts are not such as that class writes them.
        case parts
        /// It was changed in more ways than one value can show.
        case changes
        /// Its state is of a kind that only its class understands.
        case state
        /// What makes it is not a class or function with a name.
        case callable
    }

    /// An object made so.
    public init(_ origin: Origin, changes: [Change] = [], known: PickleKnown? = nil) {
        self.init(origin, changes: changes, facts: Facts(known: known))
    }

    init(_ origin: Origin, changes: [Change], facts: Facts) {
        self.origin = origin
        self.changes = changes
        self.facts = facts
    }

    /// What it is known to be, such as a `datetime.date`; ``PickleKnown/record(_:)`` for an object of any class.
    public var known: PickleKnown? { facts.known }

    /// Why ``known`` is nil, for an object that was read.
    public var unknown: Unknown? { facts.unknown }

    /// Its class or the function that made it, looked up through the helpers of protocols 0 and 1.
    public var type: PickleValue { facts.type ?? callable }

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
        guard case .global(let module, let name) = type else { return nil }
        return "\(module).\(name)"
    }

    /// The state of the last BUILD.
    public var state: PickleValue? {
        for case .build(let state) in changes.reversed() { return state }
        return nil
    }

    /// An attribute, slots too.
    public subscript(name: String) -> PickleValue? { attributes?[name] }

    /// All attributes with their names, slots too; nil if it has no state, or one that is not attributes.
    public var attributes: PickleDictionary? {
        if let attributes = facts.attributes { return attributes }
        if case .dict(let attributes) = state { return attributes }
        return nil
    }

    var items: [PickleValue]? {
        switch known {
        case .set(let items), .frozenSet(let items): items.elements
        case .deque(let items, _), .list(let items), .tuple(let items), .userList(let items): items
        case .array(let array): array.objects
        default: nil
        }
    }

    /// Fields that have no names.
    var fields: [PickleValue]? {
        switch known {
        case .record(let fields), .fields(let fields): fields
        default: nil
        }
    }

    var dictionary: PickleDictionary? {
        switch known {
        case .orderedDict(let entries), .counter(let entries), .defaultDict(_, let entries), .dict(let entries),
            .chainMap(let entries), .userDict(let entries), .frozenDict(let entries), .mappingProxy(let entries): entries
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

/// What an object is known to be, in every spelling of every protocol. What does not look exactly as such a type is pickled
/// has none, and a reason in its `unknown`.
public enum PickleKnown: Sendable {
    /// A `numpy.dtype`: its name as numpy shows it, the bytes of an item.
    public struct DType: Sendable, Hashable {
        /// As numpy shows it, such as `float64`.
        public let name: String
        /// Bytes of one item.
        public let size: Int
        /// Most significant byte first.
        public let isBigEndian: Bool
        /// The fields of an item, where it is a record.
        public let fields: [Field]
        /// The axes of an item, where that is an array, and the type of its items.
        let axes: [Int], element: [DType]

        /// A field of a record.
        public struct Field: Sendable, Hashable {
            /// Its name.
            public let name: String
            /// Bytes of the record before it.
            public let offset: Int
            /// Its type.
            public let dtype: DType
        }

        init(name: String, size: Int, isBigEndian: Bool, fields: [Field] = [], axes: [Int] = [], element: [DType] = []) {
            (self.name, self.size, self.isBigEndian) = (name, size, isBigEndian)
            (self.fields, self.axes, self.element) = (fields, axes, element)
        }
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
    /// `range` of ints.
    case range(start: PickleValue, stop: PickleValue, step: PickleValue)
    /// `slice`; its parts may be None.
    case slice(start: PickleValue, stop: PickleValue, step: PickleValue)
    /// `fractions.Fraction` as its text, such as `3/4`.
    case fraction(String)
    /// `datetime.date`.
    case date(year: Int, month: Int, day: Int)
    /// `datetime.time`, perhaps with a time zone. Where the clock showed it twice, `fold` says that it is the second.
    case time(hour: Int, minute: Int, second: Int, microsecond: Int, fold: Bool, zone: PickleValue?)
    /// `datetime.datetime`, perhaps with a time zone. Where the clock showed it twice, `fold` says that it is the second.
    case dateTime(DateComponents, fold: Bool, zone: PickleValue?)
    /// `datetime.timedelta`.
    case timeDelta(days: Int, seconds: Int, microseconds: Int)
    /// A zone with an offset that never changes, of `datetime`, pytz or dateutil: seconds east of UTC.
    case timeZone(seconds: Int, name: String?)
    /// A zone of the time zone database by its key, of `zoneinfo`, pytz or dateutil; the seconds east of UTC at this time,
    /// where the pickle has them (pytz).
    case zoneInfo(String, seconds: Int?)
    /// The zone of the machine that wrote the pickle (dateutil).
    case localZone
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
    /// A `pathlib` path: its class, its text and its parts.
    case path(class: String, text: String, parts: [String])
    /// `numpy.dtype`.
    case dtype(DType)
    /// `numpy.ndarray`.
    case array(Array)
    /// A numpy scalar: its type and its bytes.
    case scalar(DType, Data)
    /// `pandas.DataFrame`: rows and columns, nil where not known.
    case dataFrame(rows: Int?, columns: Int?)
    /// `pandas.Series`.
    case series(count: Int?)
    /// A regular expression: its pattern, str or bytes, and its flags as `re` numbers them.
    case pattern(PickleValue, flags: Int)
    /// An address, network or interface of the Internet Protocol as its text.
    case ip(String)
    /// A member of an enum, or an attribute of a class or module, by its name.
    case member(of: PickleValue, name: String)
    /// `functools.partial`.
    case partial(function: PickleValue, arguments: [PickleValue], keywords: PickleDictionary)
    /// An instance of a subclass of a scalar: the value that it is without that.
    case derived(PickleValue)
    /// An object of any class: what it is made with by position, such as the fields of a namedtuple. What has names is in
    /// ``PickleObject/attributes``.
    case record([PickleValue])
    /// The same with attributes that have no names: dataclasses with frozen slots, attrs with slots.
    case fields([PickleValue])
    /// A subclass of `list`.
    case list([PickleValue])
    /// `tuple`, where it is called.
    case tuple([PickleValue])
    /// `collections.UserList`.
    case userList([PickleValue])
    /// A subclass of `dict`.
    case dict(PickleDictionary)
    /// `collections.ChainMap`: of equal keys the last counts.
    case chainMap(PickleDictionary)
    /// `collections.UserDict`.
    case userDict(PickleDictionary)
    /// `frozendict`.
    case frozenDict(PickleDictionary)
    /// `types.MappingProxyType`.
    case mappingProxy(PickleDictionary)
    /// Another type that the core knows, by its number in the flat form, and its parts.
    case other(UInt8, [PickleValue])
}
