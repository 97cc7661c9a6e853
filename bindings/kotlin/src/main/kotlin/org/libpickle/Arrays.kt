@file:JvmMultifileClass
@file:JvmName("PickleConversions")

package org.libpickle

import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.libpickle.PickleKnown.Kind

/**
 * The numbers of a numpy array or scalar in memory order: Long, Double, or BigInteger beyond 63 bits; bools
 * are 0 and 1. null if it is not an array, has items of another type, or its items are not in the pickle.
 */
val PickleKnown.numbers: List<Number>?
    get() {
        val octets = when (kind) {
            Kind.ARRAY -> values[5]
            Kind.SCALAR -> values[3]
            else -> return null
        }
        val bytes = when (octets) {
            is PickleBytes -> octets.value
            is PickleByteArray -> octets.value
            else -> return null
        }
        val order = if (values[2] == PickleInt(1)) ByteOrder.BIG_ENDIAN else ByteOrder.LITTLE_ENDIAN
        val data = ByteBuffer.wrap(bytes).order(order)
        fun all(size: Int, item: (Int) -> Number) = List(bytes.size / size) { item(it * size) }
        return when ((values[0] as PickleStr).value.trimStart('<', '>')) {
            "bool", "uint8" -> all(1) { data.get(it).toLong() and 0xff }
            "int8" -> all(1) { data.get(it).toLong() }
            "uint16" -> all(2) { data.getShort(it).toLong() and 0xffff }
            "int16" -> all(2) { data.getShort(it).toLong() }
            "uint32" -> all(4) { data.getInt(it).toLong() and 0xffff_ffff }
            "int32" -> all(4) { data.getInt(it).toLong() }
            "uint64" -> all(8) { data.getLong(it).let { n -> if (n < 0) BigInteger(java.lang.Long.toUnsignedString(n)) else n } }
            "int64" -> all(8) { data.getLong(it) }
            "float16" -> all(2) { half(data.getShort(it).toInt()) }
            "float32" -> all(4) { data.getFloat(it).toDouble() }
            "float64" -> all(8) { data.getDouble(it) }
            else -> null
        }
    }

/** Items along each axis of a numpy array; null if it is not one. */
val PickleKnown.shape: List<Int>?
    get() = if (kind != Kind.ARRAY) null else when (val shape = values[4]) {
        is PickleTuple -> shape.items.map { (it as PickleInt).value.toInt() }
        is PickleInt -> listOf(shape.value.toInt())
        else -> null
    }
