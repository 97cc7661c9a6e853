#if canImport(TabularData)
import Foundation
import TabularData

extension DataFrame {
    /// The columns of a table, each with its type: `Bool`, `Int64`, `UInt64`, `Double`, `String`, `Data`, `Date`, else
    /// ``PickleValue``. Of equal names the second gets a number appended.
    public init(_ table: PickleTable) {
        self.init()
        var taken = Set<String>()
        for (name, column) in zip(table.names, table.columns) {
            var unique = name
            var number = 1
            while !taken.insert(unique).inserted {
                unique = "\(name).\(number)"
                number += 1
            }
            if let cells = column.bools {
                append(column: Column(name: unique, contents: cells))
            } else if let cells = column.ints {
                append(column: Column(name: unique, contents: cells))
            } else if let cells = column.unsigned {
                append(column: Column(name: unique, contents: cells))
            } else if let cells = column.doubles {
                append(column: Column(name: unique, contents: cells))
            } else if let cells = column.strings {
                append(column: Column(name: unique, contents: cells))
            } else if let cells = column.data {
                append(column: Column(name: unique, contents: cells))
            } else if let cells = column.dates {
                append(column: Column(name: unique, contents: cells))
            } else {
                append(column: Column<PickleValue>(name: unique, contents: (0..<column.count).map { column[$0] }))
            }
        }
    }
}
#endif
