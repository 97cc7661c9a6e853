package org.libpickle

/**
 * A pickle could not be read or written.
 *
 * @property kind what went wrong
 * @property offset bytes from the start of the stream to the opcode at fault
 */
class PickleException @JvmOverloads constructor(
    val kind: ErrorKind,
    val offset: Long,
    message: String,
    cause: Throwable? = null,
) : RuntimeException(message, cause)
