/// The keys and values of a dict in the order of the stream, duplicate keys and all.
///
/// Equality is that of Python's dicts: the order is ignored, and the last of equal keys counts.
public struct PickleDictionary: Sendable {
    /// A key and its value.
    public struct Entry: Sendable, Hashable {
        /// The key.
        public var key: PickleValue
        /// Its value.
        public var value: PickleValue

        /// A key and its value.
        public init(key: PickleValue, value: PickleValue) {
            self.key = key
            self.value = value
        }
    }

    /// All entries in order.
    public var entries: [Entry]

    /// Entries as they are, duplicates kept.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// The value of a key; the last of equal keys counts. Setting nil removes all of them. Linear in the entries:
    /// for many lookups make a ``lookup`` once.
    public subscript(key: PickleValue) -> PickleValue? {
        get { entries.last { $0.key == key }?.value }
        set {
            guard let newValue else { return entries.removeAll { $0.key == key } }
            if let index = entries.lastIndex(where: { $0.key == key }) {
                entries[index].value = newValue
            } else {
                entries.append(Entry(key: key, value: newValue))
            }
        }
    }

    /// The value of a str key, or of a Python 2 str of the same text.
    public subscript(key: String) -> PickleValue? {
        get { entries.last { $0.key.stringValue == key }?.value }
        set { self[.string(key)] = newValue }
    }

    /// The same as a Swift dictionary.
    public var lookup: [PickleValue: PickleValue] {
        Dictionary(entries.lazy.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }
}

extension PickleDictionary: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.entries == right.entries || left.lookup == right.lookup
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(lookup)
    }
}

extension PickleDictionary: RandomAccessCollection {
    public var startIndex: Int { entries.startIndex }
    public var endIndex: Int { entries.endIndex }
    public subscript(position: Int) -> Entry { entries[position] }
}

extension PickleDictionary: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (PickleValue, PickleValue)...) {
        self.init(elements.map { Entry(key: $0, value: $1) })
    }
}

/// The items of a set in the order of the stream. Equality ignores order and duplicates.
public struct PickleSet: Sendable {
    /// All items in order.
    public var elements: [PickleValue]

    /// Items as they are, duplicates kept.
    public init(_ elements: [PickleValue] = []) {
        self.elements = elements
    }
}

extension PickleSet: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.elements == right.elements || Set(left.elements) == Set(right.elements)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(Set(elements))
    }
}

extension PickleSet: RandomAccessCollection {
    public var startIndex: Int { elements.startIndex }
    public var endIndex: Int { elements.endIndex }
    public subscript(position: Int) -> PickleValue { elements[position] }
}

extension PickleSet: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: PickleValue...) {
        self.init(elements)
    }
}
