import Foundation

/// Values to the flat form that the library takes, as ``FlatReader`` reads it. With a stack of its own instead of
/// recursion: values may nest as deep as they like.
struct FlatWriter {
    private var out = Data([2])
    private var texts = 0
    /// Strings that are keys of dicts or names of classes, and their numbers: rows share their keys, as Python's do.
    private var keys: [String: Int] = [:]
    /// Classes and functions, and their numbers.
    private var globals: [[String]: Int] = [:]
    private var nodes = 0
    /// Numbers of the nodes that are open, outermost first.
    private var open: [Int] = []
    private var stack: [Todo] = []

    private enum Todo {
        case values([PickleValue], Int)
        case entries([PickleDictionary.Entry], Int)
        case parts(PickleObject)
        case changes([PickleObject.Change], Int)
        case close
    }

    static func write(_ root: PickleValue) throws(PickleError) -> Data {
        var writer = FlatWriter()
        try writer.value(root)
        while let todo = writer.stack.popLast() { try writer.step(todo) }
        return writer.out
    }

    private mutating func step(_ todo: Todo) throws(PickleError) {
        switch todo {
        case .values(let values, let index):
            guard index < values.count else { return }
            stack.append(.values(values, index + 1))
            try value(values[index])
        case .entries(let entries, let index):
            guard index < entries.count else { return }
            stack.append(.entries(entries, index + 1))
            stack.append(.values([entries[index].value], 0))
            if case .string(let key) = entries[index].key { self.key(key) } else { try value(entries[index].key) }
        case .parts(let object):
            stack.append(.changes(object.changes, 0))
            try parts(object.origin)
        case .changes(let changes, let index):
            guard index < changes.count else { return byte(0) }
            stack.append(.changes(changes, index + 1))
            change(changes[index])
        case .close: open.removeLast()
        }
    }

    private mutating func value(_ value: PickleValue) throws(PickleError) {
        switch value {
        case .none: byte(0)
        case .bool(let value): byte(value ? 2 : 1)
        case .int(let value):
            if let small = Int8(exactly: value) {
                byte(3)
                byte(UInt8(bitPattern: small))
            } else if let middle = Int32(exactly: value) {
                byte(4)
                fixed(middle)
            } else {
                byte(5)
                fixed(value)
            }
        case .bigInt(let value): text(10, value.bytes)
        case .float(let value):
            byte(6)
            fixed(value.bitPattern)
        case .string(let value): text(12, value.utf8)
        case .surrogateString(let data): text(13, data)
        case .python2String(let data): text(14, data)
        case .bytes(let data): text(15, data)
        case .byteArray(let data):
            begin(28)
            text(15, data)
        case .tuple(let items) where items.isEmpty: byte(7)
        case .tuple(let items): self.items(22, items)
        case .list(let items): self.items(21, items)
        case .set(let set): items(26, set.elements)
        case .frozenSet(let set): items(27, set.elements)
        case .dict(let dictionary):
            begin(23)
            number(dictionary.entries.count)
            stack.append(.entries(dictionary.entries, 0))
        case .global(let module, let name):
            if let number = globals[[module, name]] {
                byte(17)
                self.number(number)
                return
            }
            byte(16)
            key(module)
            key(name)
            // As with keys: strings that are equal need not be the same.
            if keys[module] != nil && keys[name] != nil { globals[[module, name]] = texts }
            texts += 1
        case .extensionCode(let code):
            byte(8)
            number(Int(code))
        case .object(let object):
            begin(30)
            stack.append(.parts(object))
        case .buffer(let index, let isReadOnly):
            byte(9)
            number(Int(index))
            byte(isReadOnly ? 1 : 0)
        case .readOnly(let inner):
            begin(29)
            stack.append(.values([inner], 0))
        case .cycle(let level):
            guard open.indices.contains(level) else {
                throw PickleError(.badValue, "a value refers to a container \(level) levels below the root, which does not hold it")
            }
            byte(20)
            number(open[level])
        }
    }

    /// Begins a node; what is put on the stack from here on is inside it.
    private mutating func begin(_ tag: UInt8) {
        byte(tag)
        open.append(nodes)
        nodes += 1
        stack.append(.close)
    }

    private mutating func items(_ tag: UInt8, _ items: [PickleValue]) {
        begin(tag)
        number(items.count)
        stack.append(.values(items, 0))
    }

    private mutating func parts(_ origin: PickleObject.Origin) throws(PickleError) {
        switch origin {
        case .reduce(let callable, let arguments): made(0, [callable, arguments])
        case .newObject(let type, let arguments): made(1, [type, arguments])
        case .newObjectEx(let type, let arguments, let keywords): made(2, [type, arguments, keywords])
        case .obj(let type, let arguments), .inst(let type, let arguments):
            guard case .tuple = arguments else {
                throw PickleError(.badValue, "the arguments of an object made by OBJ or INST must be a tuple")
            }
            made(3, [type, arguments])
        case .persistent(let id): made(5, [id])
        case .changed(let value): made(6, [value])
        }
    }

    private mutating func made(_ how: UInt8, _ parts: [PickleValue]) {
        byte(how)
        stack.append(.values(parts, 0))
    }

    private mutating func change(_ change: PickleObject.Change) {
        switch change {
        case .append(let items): changed(1, items)
        case .add(let items): changed(3, items)
        case .setItem(let dictionary):
            byte(2)
            number(dictionary.entries.count)
            stack.append(.entries(dictionary.entries, 0))
        case .build(let state):
            byte(4)
            stack.append(.values([state], 0))
        case .raw(let data, let offset):
            byte(5)
            number(Int(truncatingIfNeeded: offset))
            text(15, data)
        case .nested(let value):
            byte(6)
            stack.append(.values([value], 0))
        }
    }

    private mutating func changed(_ kind: UInt8, _ items: [PickleValue]) {
        byte(kind)
        number(items.count)
        stack.append(.values(items, 0))
    }

    private mutating func key(_ key: String) {
        if let number = keys[key] {
            byte(17)
            self.number(number)
            return
        }
        // Equality of strings ignores how accents are composed; what Python gets must not.
        if key.utf8.allSatisfy({ $0 < 0x80 }) { keys[key] = texts }
        text(12, key.utf8)
    }

    private mutating func text(_ tag: UInt8, _ bytes: some Collection<UInt8>) {
        texts += 1
        byte(tag)
        number(bytes.count)
        out.append(contentsOf: bytes)
    }

    private mutating func byte(_ byte: UInt8) { out.append(byte) }

    private mutating func fixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { out.append(contentsOf: $0) }
    }

    private mutating func number(_ value: Int) {
        var left = UInt(bitPattern: value)
        while left >= 0x80 {
            byte(UInt8(truncatingIfNeeded: left) | 0x80)
            left >>= 7
        }
        byte(UInt8(left))
    }
}
