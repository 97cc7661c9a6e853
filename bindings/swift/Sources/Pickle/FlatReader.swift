import Foundation

/// Values out of the flat form that the library hands over: one pass over one buffer, no call a value. Its layout is
/// documented in `bindings/uniffi/src/flat/mod.rs`. The library bounds the depth, so recursion is bounded too.
struct FlatReader {
    private var bytes: UnsafeRawBufferPointer
    private var at = 0
    private var texts: [PickleValue] = []
    private var nodes: [Node] = []
    private var keys: [[PickleValue]] = []
    /// Numbers of the nodes that are open, outermost first.
    private var open: [Int] = []
    /// The open nodes that complete nodes refer to, by the number of the latter; only where there are cycles.
    private var escapes: [Int: Set<Int>] = [:]
    /// Values that may still be handed out: repeating what is shared must not grow without bound.
    private var budget: Int

    private struct Node {
        var value: PickleValue = .none
        /// Values inside, shared ones as often as they are met.
        var count = 0
        /// Its depth, for what is still open.
        var depth: Int
        var isDone = false
    }

    init(_ bytes: UnsafeRawBufferPointer, budget: Int) {
        self.bytes = bytes
        self.budget = budget
        // A node takes 30 bytes there as a rule, a text 20. More only grows.
        nodes.reserveCapacity(16 + bytes.count / 32)
        texts.reserveCapacity(16 + bytes.count / 32)
    }

    /// Begins with another document, in the memory of the one before.
    mutating func restart(_ bytes: UnsafeRawBufferPointer, budget: Int) {
        (self.bytes, self.budget, at) = (bytes, budget, 0)
        texts.removeAll(keepingCapacity: true)
        nodes.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        escapes = [:]
    }

    mutating func root() throws -> PickleValue {
        guard try byte() == 2 else {
            throw PickleError(.versionMismatch, "the library's values have another layout; build package and library together")
        }
        return try value()
    }

    // MARK: Bytes

    private var damaged: PickleError { PickleError(.versionMismatch, at: UInt64(at), "the library's values are damaged") }

    @inline(__always)
    private mutating func byte() throws -> UInt8 {
        guard at < bytes.count else { throw damaged }
        at += 1
        return bytes[at - 1]
    }

    @inline(__always)
    private mutating func fixed<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let size = MemoryLayout<T>.size
        guard bytes.count - at >= size else { throw damaged }
        at += size
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at - size, as: T.self))
    }

    @inline(__always)
    private mutating func number() throws -> Int {
        let first = try byte()
        if first < 0x80 { return Int(first) }
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while true {
            let next = try byte()
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { break }
            shift += 7
            guard shift < 64 else { throw damaged }
        }
        guard let number = Int(exactly: value) else { throw damaged }
        return number
    }

    private mutating func run() throws -> UnsafeRawBufferPointer {
        let count = try number()
        guard count <= bytes.count - at else { throw damaged }
        at += count
        return UnsafeRawBufferPointer(rebasing: bytes[at - count..<at])
    }

    /// How many values follow; never more than the bytes left.
    private mutating func count() throws -> Int {
        let count = try number()
        guard count <= bytes.count - at else { throw damaged }
        return count
    }

    // MARK: Values

    private mutating func value() throws -> PickleValue {
        budget -= 1
        switch try byte() {
        case 0: return .none
        case 1: return .bool(false)
        case 2: return .bool(true)
        case 3: return .int(Int64(try fixed(Int8.self)))
        case 4: return .int(Int64(try fixed(Int32.self)))
        case 5: return .int(try fixed(Int64.self))
        case 6: return .float(Double(bitPattern: try fixed(UInt64.self)))
        case 7: return .tuple([])
        case 8: return .extensionCode(UInt32(truncatingIfNeeded: try number()))
        case 9:
            let index = UInt32(truncatingIfNeeded: try number())
            return .buffer(index, isReadOnly: try byte() == 1)
        case let tag where tag < 20: return try text(tag)
        case 20: return try again()
        case let tag: return try node(tag)
        }
    }

    private mutating func text(_ tag: UInt8) throws -> PickleValue {
        let value: PickleValue
        switch tag {
        case 10: value = .bigInt(PickleInteger(bytes: Data(try run())))
        case 11, 12: value = .string(String(decoding: try run(), as: UTF8.self))
        case 13: value = .surrogateString(Data(try run()))
        case 14: value = .python2String(Data(try run()))
        case 15: value = .bytes(Data(try run()))
        case 16:
            let module = try self.value(), name = try self.value()
            value = .global(module: Self.name(module), name: Self.name(name))
        case 17:
            let index = try number()
            guard index < texts.count else { throw damaged }
            return texts[index]
        default: throw damaged
        }
        texts.append(value)
        return value
    }

    private static func name(_ value: PickleValue) -> String {
        switch value {
        case .string(let text): text
        case .surrogateString(let data): String(decoding: data, as: UTF8.self)
        default: ""
        }
    }

    private mutating func again() throws -> PickleValue {
        let index = try number()
        guard index < nodes.count else { throw damaged }
        guard nodes[index].isDone else {
            if let inner = open.last { escapes[inner, default: []].insert(index) }
            return .cycle(nodes[index].depth)
        }
        if !escapes.isEmpty, let targets = escapes[index] {
            guard targets.allSatisfy({ !nodes[$0].isDone }) else {
                throw PickleError(.cyclic, "a value that belongs to a cycle is also used outside of it; a tree cannot show this")
            }
            if let inner = open.last { escapes[inner, default: []].formUnion(targets) }
        }
        budget -= nodes[index].count
        guard budget >= 0 else {
            throw PickleError(.sizeLimit, "shared values would be repeated more often than maxValues allows")
        }
        return nodes[index].value
    }

    private mutating func node(_ tag: UInt8) throws -> PickleValue {
        let index = nodes.count
        let before = budget
        nodes.append(Node(depth: open.count))
        open.append(index)
        let value: PickleValue
        switch tag {
        case 21: value = .list(try items(try count()))
        case 22: value = .tuple(try items(try count()))
        case 23: value = .dict(try entries(try count()))
        case 24:
            let names = try items(try count())
            keys.append(names)
            value = .dict(try values(of: names))
        case 25:
            let index = try number()
            guard index < keys.count else { throw damaged }
            value = .dict(try values(of: keys[index]))
        case 26: value = .set(PickleSet(try items(try count())))
        case 27: value = .frozenSet(PickleSet(try items(try count())))
        case 28:
            guard case .bytes(let data) = try self.value() else { throw damaged }
            value = .byteArray(data)
        case 29: value = .readOnly(try self.value())
        case 30: value = .object(try object())
        default: throw damaged
        }
        open.removeLast()
        nodes[index] = Node(value: value, count: before - budget, depth: open.count, isDone: true)
        if !escapes.isEmpty, var targets = escapes.removeValue(forKey: index) {
            targets.remove(index)
            if !targets.isEmpty {
                escapes[index] = targets
                if let outer = open.last { escapes[outer, default: []].formUnion(targets) }
            }
        }
        return value
    }

    private mutating func items(_ count: Int) throws -> [PickleValue] {
        var items: [PickleValue] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try value()) }
        return items
    }

    private mutating func entries(_ count: Int) throws -> PickleDictionary {
        var entries: [PickleDictionary.Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let key = try value()
            entries.append(PickleDictionary.Entry(key: key, value: try value()))
        }
        return PickleDictionary(entries)
    }

    private mutating func values(of keys: [PickleValue]) throws -> PickleDictionary {
        var entries: [PickleDictionary.Entry] = []
        entries.reserveCapacity(keys.count)
        for key in keys { entries.append(PickleDictionary.Entry(key: key, value: try value())) }
        return PickleDictionary(entries)
    }

    // MARK: Objects

    private mutating func object() throws -> PickleObject {
        let how = try byte()
        let first = try value()
        let origin: PickleObject.Origin
        switch how {
        case 0: origin = .reduce(callable: first, arguments: try value())
        case 1: origin = .newObject(class: first, arguments: try value())
        case 2:
            let arguments = try value()
            origin = .newObjectEx(class: first, arguments: arguments, keywords: try value())
        case 3: origin = .obj(class: first, arguments: try value())
        case 4: origin = .inst(class: first, arguments: try value())
        case 5: origin = .persistent(id: first)
        case 6: origin = .changed(first)
        default: throw damaged
        }
        var changes: [PickleObject.Change] = []
        var facts = PickleObject.Facts()
        while true {
            let change = try byte()
            // Facts repeat what is in the object: a walk over it meets either.
            let before = budget
            if change >= 7 { budget = .max / 2 }
            defer { if change >= 7 { budget = before } }
            switch change {
            case 0: return PickleObject(origin, changes: changes, facts: facts)
            case 1: changes.append(.append(try items(try count())))
            case 2: changes.append(.setItem(try entries(try count())))
            case 3: changes.append(.add(try items(try count())))
            case 4: changes.append(.build(try value()))
            case 5:
                let offset = UInt64(try number())
                guard case .bytes(let data) = try value() else { throw damaged }
                changes.append(.raw(data, offset: offset))
            case 6: changes.append(.nested(try value()))
            case 7:
                let kind = try byte()
                facts.known = PickleKnown(kind, try items(try count()))
            case 8: facts.type = try value()
            case 9: facts.attributes = try entries(try count())
            case 10: facts.unknown = PickleObject.Unknown(rawValue: try byte())
            default: throw damaged
            }
        }
    }
}

extension PickleKnown {
    /// What the flat form says of an object: a kind and its parts (`bindings/uniffi/src/flat/known.rs`).
    init(_ kind: UInt8, _ parts: [PickleValue]) {
        self = Self.read(kind, parts) ?? .other(kind, parts)
    }

    private static func read(_ kind: UInt8, _ parts: [PickleValue]) -> PickleKnown? {
        let ints = parts.map { $0.intValue ?? 0 }
        func part(_ index: Int) -> PickleValue? {
            // No `?:` here: in it, nil is a PickleValue.
            guard parts.indices.contains(index) else { return nil }
            return parts[index]
        }
        func size(_ index: Int) -> Int? { part(index)?.intValue.flatMap { $0 < 0 ? nil : $0 } }
        func pairs(_ items: ArraySlice<PickleValue>) -> PickleDictionary {
            PickleDictionary(stride(from: items.startIndex, to: items.endIndex - 1, by: 2).map {
                PickleDictionary.Entry(key: items[$0], value: items[$0 + 1])
            })
        }
        func dtype() -> DType? {
            guard let name = part(0)?.stringValue, ints.count >= 3 else { return nil }
            return DType(name: name, size: ints[1], isBigEndian: ints[2] == 1)
        }
        // What is in an item: see `inner` there. Without, it has a name alone.
        func dtype(inner from: Int) -> DType? {
            guard let plain = dtype() else { return nil }
            var rest = parts.dropFirst(from)
            return rest.isEmpty ? plain : Self.inner(plain, &rest)
        }
        switch kind {
        case 1: return part(0)?.dataValue.map { .bytes($0) }
        case 2: return part(0)?.dataValue.map { .byteArray($0) }
        case 3: return .set(PickleSet(parts))
        case 4: return .frozenSet(PickleSet(parts))
        case 5:
            guard let real = part(0)?.doubleValue, let imaginary = part(1)?.doubleValue else { return nil }
            return .complex(real: real, imaginary: imaginary)
        case 6 where parts.count == 3: return .range(start: parts[0], stop: parts[1], step: parts[2])
        case 7 where parts.count == 3: return .slice(start: parts[0], stop: parts[1], step: parts[2])
        case 8 where ints.count == 3: return .date(year: ints[0], month: ints[1], day: ints[2])
        case 9 where ints.count >= 5:
            return .time(hour: ints[0], minute: ints[1], second: ints[2], microsecond: ints[3], fold: ints[4] == 1, zone: part(5))
        case 10 where ints.count >= 8:
            let components = DateComponents(
                year: ints[0], month: ints[1], day: ints[2], hour: ints[3], minute: ints[4], second: ints[5],
                nanosecond: ints[6] * 1000)
            return .dateTime(components, fold: ints[7] == 1, zone: part(8))
        case 11 where ints.count == 3: return .timeDelta(days: ints[0], seconds: ints[1], microseconds: ints[2])
        // An offset with microseconds is no number of seconds.
        case 12 where ints.count >= 3 && ints[2] == 0: return .timeZone(seconds: ints[0] * 86400 + ints[1], name: part(3)?.stringValue)
        case 13:
            let seconds = ints.count >= 4 ? ints[1] * 86400 + ints[2] : nil
            return part(0)?.stringValue.map { .zoneInfo($0, seconds: seconds) }
        case 14: return part(0)?.stringValue.map { .decimal($0) }
        case 15:
            guard parts.count == 2 else { return part(0)?.stringValue.map { .fraction($0) } }
            return .fraction("\(parts[0])/\(parts[1])")
        case 16:
            guard let data = part(0)?.dataValue, data.count == 16 else { return nil }
            return .uuid(data.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
        case 17: return .orderedDict(pairs(parts[...]))
        case 18: return part(0).map { .defaultDict(factory: $0, pairs(parts.dropFirst())) }
        case 19: return .counter(pairs(parts[...]))
        case 20: return .deque(Swift.Array(parts.dropFirst()), maxLength: size(0))
        case 21:
            guard let name = part(0)?.stringValue, let text = part(1)?.stringValue else { return nil }
            return .path(class: name, text: text, parts: parts.dropFirst(2).compactMap(\.stringValue))
        case 22: return dtype().map { .dtype($0) }
        case 23:
            guard let dtype = dtype(inner: 6), parts.count >= 6 else { return nil }
            let shape = parts[4].items?.compactMap(\.intValue) ?? [ints[4]]
            return .array(Array(
                dtype: dtype, shape: shape, isFortranOrder: ints[3] == 1, data: parts[5].dataValue, objects: parts[5].items))
        case 24:
            guard let dtype = dtype(inner: 4), let data = part(3)?.dataValue else { return nil }
            return .scalar(dtype, data)
        case 25: return .dataFrame(rows: size(0), columns: size(1))
        case 26: return .series(count: size(0))
        case 30 where parts.count == 2: return .pattern(parts[0], flags: ints[1])
        case 31: return part(0)?.stringValue.map { .ip($0) }
        case 32 where parts.count == 2: return .member(of: parts[0], name: parts[1].stringValue ?? "")
        case 33 where parts.count >= 2:
            let end = 2 + Swift.max(0, ints[1])
            guard end <= parts.count else { return nil }
            return .partial(function: parts[0], arguments: Swift.Array(parts[2..<end]), keywords: pairs(parts[end...]))
        case 34: return part(0).map { .derived($0) }
        case 35: return .record(parts)
        case 36: return .fields(parts)
        case 37: return .list(parts)
        case 38: return .tuple(parts)
        case 39: return .userList(parts)
        case 40: return .dict(pairs(parts[...]))
        case 41: return .chainMap(pairs(parts[...]))
        case 42: return .userDict(pairs(parts[...]))
        case 43: return .frozenDict(pairs(parts[...]))
        case 44: return .mappingProxy(pairs(parts[...]))
        case 45: return .localZone
        default: return nil
        }
    }

    /// A type with what is in its items, out of the parts from here on.
    private static func inner(_ type: DType, _ parts: inout ArraySlice<PickleValue>) -> DType? {
        func int() -> Int? { parts.popFirst()?.intValue.flatMap { $0 < 0 ? nil : $0 } }
        func head() -> DType? {
            guard let name = parts.popFirst()?.stringValue, let size = int(), let order = int() else { return nil }
            return DType(name: name, size: size, isBigEndian: order == 1)
        }
        guard let rank = int(), rank <= parts.count else { return nil }
        if rank > 0 {
            let axes = (0..<rank).compactMap { _ in int() }
            guard axes.count == rank, let item = head(), let element = inner(item, &parts) else { return nil }
            return DType(name: type.name, size: type.size, isBigEndian: type.isBigEndian, axes: axes, element: [element])
        }
        guard let count = int(), count <= parts.count else { return nil }
        var fields: [DType.Field] = []
        for _ in 0..<count {
            guard let name = parts.popFirst()?.stringValue, let offset = int(), let item = head(), let dtype = inner(item, &parts) else {
                return nil
            }
            fields.append(DType.Field(name: name, offset: offset, dtype: dtype))
        }
        return DType(name: type.name, size: type.size, isBigEndian: type.isBigEndian, fields: fields)
    }
}
