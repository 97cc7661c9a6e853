import Foundation

/// An int of any size, as pickles store it.
public struct PickleInteger: Sendable, Hashable {
    /// Two's complement, little-endian, as short as can be; empty is 0.
    public let bytes: Data

    /// The int that these bytes are: two's complement, little-endian.
    public init(bytes: Data) {
        var count = bytes.count
        let byte = { (index: Int) in bytes[bytes.startIndex + index] }
        while count > 0 {
            let top = byte(count - 1)
            let below: UInt8 = count > 1 ? byte(count - 2) : 0
            guard (top == 0 && below < 0x80) || (top == 0xff && count > 1 && below >= 0x80) else { break }
            count -= 1
        }
        self.bytes = Data(bytes.prefix(count))
    }

    /// Any Swift integer.
    public init(_ value: some BinaryInteger) {
        var bytes = value.words.flatMap { word in (0..<UInt.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        // The words of an unsigned integer have no sign.
        if value > 0 { bytes.append(0) }
        self.init(bytes: Data(bytes))
    }

    /// Below zero.
    public var isNegative: Bool { bytes.last.map { $0 >= 0x80 } ?? false }

    /// The value as a Swift integer; nil where it does not fit.
    public func exactly<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
        // A ninth byte that is only sign is what an unsigned integer has.
        let size = T.bitWidth / 8, sign: UInt8 = isNegative ? 0xff : 0
        guard bytes.count <= size || bytes.count == size + 1 && bytes.last == sign else { return nil }
        var value: T = isNegative ? ~0 : 0
        for (index, byte) in bytes.prefix(size).enumerated() {
            value ^= T(truncatingIfNeeded: byte ^ sign) << (index * 8)
        }
        return (value < 0) == isNegative ? value : nil
    }

    /// Sign and magnitude, the magnitude as 32-bit digits, lowest first.
    private var magnitude: [UInt32] {
        let fill: UInt8 = isNegative ? 0xff : 0
        var digits: [UInt32] = []
        var carry = isNegative
        let bytes = Array(self.bytes)
        for start in stride(from: 0, to: bytes.count, by: 4) {
            var digit: UInt32 = 0
            for index in 0..<4 {
                digit |= UInt32(start + index < bytes.count ? bytes[start + index] : fill) << (index * 8)
            }
            if isNegative {
                digit = ~digit
                if carry { (digit, carry) = digit.addingReportingOverflow(1) }
            }
            digits.append(digit)
        }
        if isNegative && carry { digits.append(1) }
        return digits
    }
}

extension PickleValue {
    /// An int of any size, as the case that holds it.
    public static func integer(_ value: PickleInteger) -> PickleValue {
        value.exactly(Int64.self).map(PickleValue.int) ?? .bigInt(value)
    }
}

extension PickleInteger: CustomStringConvertible {
    /// Decimal; hexadecimal with `0x` above 4096 bits, where decimal would take more than linear time.
    public var description: String {
        var digits = magnitude
        let sign = isNegative ? "-" : ""
        if bytes.count > 512 {
            var text = digits.reversed().map { digit in
                let hex = String(digit, radix: 16)
                return String(repeating: "0", count: 8 - hex.count) + hex
            }.joined()
            text.removeFirst(text.prefix { $0 == "0" }.count)
            return sign + "0x" + text
        }
        var groups: [String] = []
        while let top = digits.last {
            if top == 0 {
                digits.removeLast()
                continue
            }
            var rest: UInt64 = 0
            for index in digits.indices.reversed() {
                let value = rest << 32 | UInt64(digits[index])
                digits[index] = UInt32(value / 1_000_000_000)
                rest = value % 1_000_000_000
            }
            groups.append(String(rest))
        }
        guard let first = groups.popLast() else { return "0" }
        return sign + first + groups.reversed().map { String(repeating: "0", count: 9 - $0.count) + $0 }.joined()
    }
}
