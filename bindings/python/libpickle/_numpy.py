"""numpy's arrays from Records, as numpy itself would make them. Nothing that the pickle names is imported."""

from __future__ import annotations

from ._native import Buffer, Record


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _octets(value):
    """Bytes in any spelling: also what Python 2 wrote, and protocols that have no bytes."""
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return value
    raise TypeError("the items are not here: they are in %r" % (value,))


def dtype(record):
    """A numpy.dtype, of structured ones as well."""
    import numpy

    if not isinstance(record, Record) or record.name != "numpy.dtype":
        raise TypeError("this is not a dtype: %r" % (record,))
    code = _text(record.args[0])
    state = record.state
    if state is None:
        return numpy.dtype(code)
    order, subdtype, names, fields = (_text(state[1]), *state[2:5])
    if subdtype is not None:
        base, shape = subdtype
        return numpy.dtype((dtype(base), shape))
    if names:
        fields = {_text(name): field for name, field in fields.items()}
        names = [_text(name) for name in names]
        return numpy.dtype(
            {
                "names": names,
                "formats": [dtype(fields[name][0]) for name in names],
                "offsets": [fields[name][1] for name in names],
                "itemsize": state[5],
            },
            align=bool(state[7] & 0x80) if len(state) > 7 else False,
        )
    if code[:1] in ("M", "m") and len(state) > 8 and state[8]:
        unit = state[8][1]
        code = "%s8[%d%s]" % (code[0], unit[1], _text(unit[0]))
    elif code[:1] in ("U", "S", "V"):
        size = state[5] if state[5] >= 0 else None
        if size is not None:
            code = "%s%d" % (code[0], size // 4 if code[0] == "U" else size)
    result = numpy.dtype(code)
    return result.newbyteorder(order) if order in ("<", ">") else result


def _filled(kind, shape, fortran, data):
    import numpy

    # Objects are listed in C order, however the array lay in memory.
    order = "F" if fortran and not kind.hasobject else "C"
    if kind.hasobject:
        if kind.fields is not None:
            raise TypeError("structured arrays with objects in them are read as Records only")
        array = numpy.empty(len(data), dtype=object)
        array[:] = data
    else:
        data = _octets(data)
        array = numpy.frombuffer(data, kind) if kind.itemsize else numpy.zeros(shape, kind)
    return array.reshape(shape, order=order)


def _reconstructed(record):
    state = record.state
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise TypeError("this array has a state of its own kind: %r" % (record,))
    shape, kind, fortran, data = state[-4:]
    return _filled(dtype(kind), shape, fortran, data)


def _wrapped(record):
    """What joblib put between the opcodes."""
    attributes = record.attributes
    kind, shape = dtype(attributes["dtype"]), attributes["shape"]
    for change, values in record.changes:
        if change == "RAW":
            return _filled(kind, shape, attributes.get("order") == "F", values[1])
        if change == "NESTED":
            return to_numpy(values[0]).reshape(shape)
    raise TypeError("the items are not here: they are in another file")


# By typecode; of a C long, those of every machine have room in eight bytes.
_TYPECODES = dict(b="i1", B="u1", h="i2", H="u2", i="i4", I="u4", l="i8", L="u8", q="i8", Q="u8", f="f4", d="f8", u="U1", w="U1", c="S1")

# `enum machine_format_code` of CPython's arraymodule.c, but for UTF-16.
_FORMATS = "u1 i1 <u2 >u2 <i2 >i2 <u4 >u4 <i4 >i4 <u8 >u8 <i8 >i8 <f4 >f4 <f8 >f8 utf-16-le utf-16-be <U1 >U1".split()


def _packed(record):
    """An `array.array`."""
    import numpy

    if record.name == "array.array":
        code, items = _text(record.args[0]), record.args[1] if len(record.args) > 1 else []
        kind = numpy.dtype(_TYPECODES[code])
        if isinstance(items, list):
            return numpy.array(items, kind)
    else:
        kind, items = _FORMATS[record.args[2]], record.args[3]
        if kind.startswith("utf"):
            return numpy.array(list(bytes(items).decode(kind)), "U1")
        kind = numpy.dtype(kind)
    data = _octets(items)
    return _filled(kind, (len(data) // kind.itemsize,), False, data)


def to_numpy(record):
    kind = record.kind
    if kind == "DTYPE":
        return dtype(record)
    if kind == "SCALAR":
        what, data = dtype(record.args[0]), record.args[1]
        if what.hasobject:
            return data
        return _filled(what, (1,), False, data)[0]
    if kind != "ARRAY":
        raise TypeError("this is not a numpy array or scalar: %r" % (record,))
    name = record.name.rpartition(".")[2] if record.name else ""
    if name == "_frombuffer":
        data, what, shape, order = record.args
        if isinstance(data, Buffer):
            raise TypeError("the items are not here: they are in %r" % (data,))
        return _filled(dtype(what), shape, order == "F", data)
    if name in ("array", "_array_reconstructor"):
        return _packed(record)
    if name == "NumpyArrayWrapper":
        return _wrapped(record)
    return _reconstructed(record)


