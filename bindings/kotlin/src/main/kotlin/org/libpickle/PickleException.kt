package org.libpickle

import org.libpickle.ffi.ErrorKind
import org.libpickle.ffi.PickleException as FfiException

/**
 * A pickle could not be read.
 *
 * @property kind what went wrong
 * @property offset bytes from the start of the stream to the opcode at fault
 */
class PickleException(val kind: ErrorKind, val offset: Long, message: String, cause: Throwable? = null) :
    RuntimeException(message, cause)

/** Runs a call into the library; its errors become exceptions of this package. */
internal inline fun <T> calling(call: () -> T): T =
    try {
        call()
    } catch (e: FfiException.Failed) {
        throw PickleException(e.kind, e.offset.toLong(), e.text, e)
    }
