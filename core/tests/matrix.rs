//! Which pickles are accepted, and what they mean: a table, checked against
//! `pickle.loads` of CPython 3.15.2 (the C code), and of 3.11 for the texts that
//! 3.14 reads differently. Where a row is not what CPython does, it says why.

mod common;

use pickle_core::ErrorKind::{self, *};
use pickle_core::{Encoding, Heap, Options, TextInts, Unpickler};

type Row = (&'static [u8], Result<&'static str, (ErrorKind, u64)>);

const fn ok(pickle: &'static [u8], value: &'static str) -> Row {
    (pickle, Ok(value))
}

const fn no(pickle: &'static [u8], kind: ErrorKind, offset: u64) -> Row {
    (pickle, Err((kind, offset)))
}

/// Reads every row whole, and one byte at a time.
fn check(rows: &[Row], options: Options) {
    let mut wrong = 0;
    for (pickle, expected) in rows {
        let expected = expected.map(str::to_string);
        let mut unpickler = Unpickler::new(Heap::new(), options);
        let whole = unpickler.load(pickle).map(|document| common::show(document.root()));
        let mut unpickler = Unpickler::new(Heap::new(), options);
        let fed =
            common::feed(&mut unpickler, pickle, || 1).map(|_| common::show(unpickler.document().unwrap().root()));
        for (how, found) in [("whole", whole), ("in bytes", fed)] {
            let found = found.map_err(|error| (error.kind(), error.offset()));
            if found != expected {
                println!("{} {how}: {found:?}, expected {expected:?}", pickle.escape_ascii());
                wrong += 1;
            }
        }
    }
    assert_eq!(wrong, 0, "rows are wrong, see above");
}

/// As `pickle.loads` without arguments.
fn as_loads() -> Options {
    let mut options = Options::new();
    options.encoding = Encoding::Ascii;
    options.buffers = Some(0);
    options
}

#[test]
fn matrix() {
    check(MATRIX, as_loads());
}

#[test]
fn frames() {
    check(FRAMES, as_loads());
}

#[test]
fn texts() {
    check(TEXTS, as_loads());
}

#[test]
fn machine() {
    check(MACHINE, as_loads());
}

#[test]
fn decimal() {
    check(DECIMAL, as_loads().text_ints(TextInts::Decimal));
}

/// Python 2 strs that stay what they are.
#[test]
fn kept_strs() {
    let rows = [
        ok(b"S'\xe9\\n'\n.", r"s'\xe9\n'"),
        ok(b"U\x01\xe9.", r"s'\xe9'"),
        ok(b"T\x02\0\0\0ab.", "s'ab'"),
        // Every encoding but bytes makes two str of these.
        ok(b"S'os'\nU\x06system\x93.", "<os system>"),
        no(b"U\x01a\x98.", NotABuffer, 3),
    ];
    check(&rows, Options::new());
    let bytes = Options::new().encoding(Encoding::Bytes);
    check(&[ok(b"U\x01a\x98.", "b'a'"), no(b"S'os'\nU\x06system\x93.", GlobalNotStr, 14)], bytes);
    let latin1 = Options::new().encoding(Encoding::Latin1);
    check(&[ok(b"S'\xe9\\xff'\n.", r"'\xc3\xa9\xc3\xbf'"), ok(b"U\x01\xe9.", r"'\xc3\xa9'")], latin1);
    let utf8 = Options::new().encoding(Encoding::Utf8);
    check(&[ok(b"U\x02\xc3\xa9.", r"'\xc3\xa9'"), no(b"U\x01\xe9.", BadEncoding, 0)], utf8);
}

/// CPython 3.13, with the frames of 3.13.15 and later.
const MATRIX: &[Row] = &[
    ok(b"I0x10\n.", "16"),
    ok(b"I010\n.", "8"),
    ok(b"I0o17\n.", "15"),
    ok(b"I+1\n.", "True"),
    ok(b"I 1\n.", "True"),
    ok(b"I01\n.", "True"),
    ok(b"I00\n.", "False"),
    ok(b"I1\n.", "1"),
    ok(b"I001\n.", "1"),
    ok(b"I1_0\n.", "10"),
    no(b"I1L\n.", BadInt, 0),
    no(b"I\n.", EmptyLine, 0),
    ok(b"I1\0zz\n.", "1"),
    ok(b"I99999999999999999999\n.", "99999999999999999999"),
    ok(b"I1\r\n.", "1"),
    ok(b"I-0\n.", "False"),
    ok(b"I07\n.", "7"),
    ok(b"L0x10L\n.", "16"),
    ok(b"L10\n.", "10"),
    no(b"L1LL\n.", BadInt, 0),
    ok(b"L1_0L\n.", "10"),
    no(b"LL\n.", BadInt, 0),
    no(b"L L\n.", BadInt, 0),
    no(b"L-L\n.", BadInt, 0),
    no(b"L010L\n.", BadInt, 0),
    no(b"F1.5 \n.", BadFloat, 0),
    no(b"F 1.5\n.", BadFloat, 0),
    no(b"F1_0.5\n.", BadFloat, 0),
    no(b"F0x1p3\n.", BadFloat, 0),
    ok(b"Finf\n.", "inf"),
    ok(b"F-Infinity\n.", "-inf"),
    ok(b"Fnan\n.", "NaN"),
    no(b"F1e999\n.", FloatOverflow, 0),
    ok(b"F1\n.", "1.0"),
    ok(b"F.5\n.", "0.5"),
    no(b"F1e5\r\n.", BadFloat, 0),
    no(b"S'abc\n.", StringNotQuoted, 0),
    no(b"Sabc\n.", StringNotQuoted, 0),
    ok(b"S''\n.", "''"),
    no(b"S'\n.", StringNotQuoted, 0),
    ok(b"S'a'b'\n.", "'a\\'b'"),
    ok(b"S'\\''\n.", "'\\''"),
    ok(b"S\"a\"\n.", "'a'"),
    no(b"S'a' \n.", StringNotQuoted, 0),
    no(b"S'\\x4'\n.", BadEscape, 0),
    ok(b"S'\\q\\101'\n.", "'\\\\qA'"),
    no(b"S'\xe9'\n.", BadEncoding, 0),
    no(b"S'a\nb'\n.", StringNotQuoted, 0),
    no(b"V\\u12\n.", BadUnicodeEscape, 0),
    ok(b"V\\x41\\\\\n.", "'\\\\x41\\\\\\\\'"),
    ok(b"V\\\n.", "'\\\\'"),
    ok(b"V\n.", "''"),
    ok(b"V\xe9\n.", "'\\xc3\\xa9'"),
    ok(b"V\\ud800\n.", "'\\xed\\xa0\\x80'"),
    no(b"V\\U00110000\n.", BadUnicodeEscape, 0),
    no(b"\x80\x06N.", UnsupportedProtocol, 0),
    ok(b"\x80\0\x80\x04N.", "None"),
    ok(b"N\x80\x02.", "None"),
    ok(b"N(0.", "None"),
    ok(b"(0N.", "None"),
    no(b"N(.", UnexpectedMark, 2),
    ok(b"(N.", "None"),
    no(b"(N0.", UnexpectedMark, 3),
    no(b"0.", StackUnderflow, 0),
    no(b".", StackUnderflow, 0),
    no(b"", Empty, 0),
    no(b"N", EndOfInput, 1),
    ok(b"NN.", "None"),
    ok(b"NK\x01.", "1"),
    no(b"]e.", NoMark, 1),
    // 3.15 looks for the method even where nothing is added; up to 3.14 nothing happens.
    ok(b"N(e.", "None"),
    ok(b"](e.", "[]"),
    ok(b"N(u.", "None"),
    no(b"}(Nu.", OddItems, 3),
    // 3.15 looks for the method even where nothing is added; up to 3.14 nothing happens.
    ok(b"N(\x90.", "None"),
    ok(b"](NNe.", "[None, None]"),
    ok(b"]Na.", "[None]"),
    no(b"K\x01Na.", NoAppend, 3),
    no(b"]K\0Ns.", BadIndex, 4),
    ok(b"]NaK\0K\x05s.", "[5]"),
    no(b"}]Ns.", Unhashable, 3),
    no(b"cbuiltins\nlist\n]R.", ArgsNotTuple, 16),
    no(b"cbuiltins\nlist\nNR.", ArgsNotTuple, 16),
    ok(b"cbuiltins\nlist\n)R.", "reduce(<builtins list>, ())"),
    ok(b"(d.", "{}"),
    no(b"(Nd.", OddItems, 2),
    no(b"NN(N\x87.", UnexpectedMark, 4),
    ok(b"NNN\x87.", "(None, None, None)"),
    no(b"NN\x87.", StackUnderflow, 2),
    no(b"p-1\n.", StackUnderflow, 0),
    no(b"Np-1\n.", NegativeMemo, 1),
    ok(b"Np1\ng1\n.", "None"),
    ok(b"Np 1 \ng01\n.", "None"),
    ok(b"Np1_0\ng10\n.", "None"),
    no(b"h\x05.", MemoMissing, 0),
    ok(b"Nq\x05h\x05.", "None"),
    ok(b"Nr\xff\xff\0\0j\xff\xff\0\0.", "None"),
    ok(b"Nq\x05K\x01\x940h\x01.", "1"),
    ok(b"Nq\x01K\x02\x94h\x01.", "2"),
    no(b"\x94.", StackUnderflow, 0),
    ok(b"\x80\x04\x95\x02\0\0\0\0\0\0\0K\x01.", "1"),
    ok(b"\x80\x04\x95\x01\0\0\0\0\0\0\0K\x01.", "1"),
    ok(b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x01.", "1"),
    no(b"\x80\x04\x95\x04\0\0\0\0\0\0\0K\x01.", Truncated, 14),
    ok(b"\x80\x04\x95\x05\0\0\0\0\0\0\0K\x01.ZZ", "1"),
    // 3.13.0 skipped over the inner frame; 3.13.15 and later refuse it.
    no(b"\x80\x04\x95\x14\0\0\0\0\0\0\0\x95\x03\0\0\0\0\0\0\0K\x01.ZZZZZZZZ", FrameNested, 11),
    ok(b"\x80\x04\x95\t\0\0\0\0\0\0\0\x95\x03\0\0\0\0\0\0\0K\x01.", "1"),
    ok(b"\x80\x04\x95\0\0\0\0\0\0\0\0N.", "None"),
    ok(b"\x95\x02\0\0\0\0\0\0\0N.", "None"),
    // 3.13.0 read across the end of the frame; 3.13.15 and later refuse it.
    no(b"\x80\x04\x95\x03\0\0\0\0\0\0\0\x8c\x03abc.", FrameStraddle, 11),
    // 3.13.0 read across the end of the frame; 3.13.15 and later refuse it.
    no(b"\x80\x04\x95\x02\0\0\0\0\0\0\0I10\n.", FrameStraddle, 11),
    no(b"\x80\x04\x95\0\0\0\0\0\0\0\x80N.", LengthTooLarge, 2),
    no(b"C\x01aC\x01b\x93.", GlobalNotStr, 6),
    ok(b"\x8c\x03sys\x8c\x07maxsize\x93.", "<sys maxsize>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"\x80\x03\x8c\x02os\x8c\tpath.join\x93.", "<os path.join>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"\x80\x04\x8c\x02os\x8c\tpath.join\x93.", "<os path.join>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"cos\npath.join\n.", "<os path.join>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"\x80\x04cos\npath.join\n.", "<os path.join>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"c__builtin__\nset\n.", "<__builtin__ set>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"\x80\x02c__builtin__\nset\n.", "<__builtin__ set>"),
    // Whether it can be found only find_class knows: recorded.
    ok(b"\x80\x03c__builtin__\nset\n.", "<__builtin__ set>"),
    no(b"c\nfoo\n.", EmptyLine, 0),
    // Whether it can be found only find_class knows: recorded.
    ok(b"cbuiltins\r\nset\r\n.", "<builtins\r set\r>"),
    no(b"cbuiltins\n\n.", EmptyLine, 0),
    // Whether it can be found only find_class knows: recorded.
    ok(b"cbuiltins\nset.__name__\n.", "<builtins set.__name__>"),
    no(b"T\xff\xff\xff\xffa.", NegativeLength, 0),
    no(b"\x8b\xff\xff\xff\xff.", NegativeLength, 0),
    ok(b"\x8a\0.", "0"),
    ok(b"\x8b\0\0\0\0.", "0"),
    ok(b"\x8a\x01\x80.", "-128"),
    ok(b"\x8a\x03\x01\0\0.", "1"),
    ok(b"J\xff\xff\xff\xff.", "-1"),
    ok(b"M\xff\xff.", "65535"),
    no(b"U\x01\xe9.", BadEncoding, 0),
    ok(b"X\x03\0\0\0\xed\xa0\x80.", "'\\xed\\xa0\\x80'"),
    no(b"X\x01\0\0\0\xff.", BadUtf8, 0),
    // CPython refuses without a persistent_load: recorded.
    ok(b"P\n.", "persid('')"),
    // CPython refuses without a persistent_load: recorded.
    ok(b"Pabc\n.", "persid('abc')"),
    no(b"P\xe9\n.", NotAscii, 0),
    // CPython refuses without a persistent_load: recorded.
    ok(b"NQ.", "persid(None)"),
    no(b"\x82\0.", BadExtension, 0),
    // The registry of extension codes belongs to the process: recorded.
    ok(b"\x82\x01.", "extension(1)"),
    no(b"\x84\xff\xff\xff\xff.", BadExtension, 0),
    no(b"N}b.", NoState, 2),
    ok(b"K\x01Nb.", "1"),
    ok(b"K\x01N}\x86b.", "1"),
    no(b"K\x01}b.", NoState, 3),
    no(b"K\x01K\x02b.", StateNotDict, 4),
    ok(b"(cbuiltins\nlist\no.", "obj(<builtins list>)"),
    ok(b"(ibuiltins\nlist\n.", "inst(<builtins list>)"),
    ok(b"(K\x01ibuiltins\nint\n.", "inst(<builtins int>, 1)"),
    no(b"(o.", StackUnderflow, 1),
    ok(b"cbuiltins\nlist\n)\x81.", "newobj(<builtins list>, ())"),
    no(b"K\x01)\x81.", NotAClass, 3),
    no(b"cbuiltins\nlist\n]\x81.", ArgsNotTuple, 16),
    ok(b"cbuiltins\nint\n)}\x92.", "newobj_ex(<builtins int>, (), {})"),
    no(b"cbuiltins\nint\n)N\x92.", KwargsNotDict, 16),
    no(b"\x97.", NoBuffer, 0),
    no(b"N\x98.", NotABuffer, 1),
    ok(b"C\x01a\x98.", "b'a'"),
    ok(b"\x96\x01\0\0\0\0\0\0\0a\x98.", "readonly(bytearray('a'))"),
    ok(b"\x96\x01\0\0\0\0\0\0\0a\x94\x98h\0\x86.", "(readonly(bytearray('a')), bytearray('a'))"),
    no(b"(]\x91.", Unhashable, 2),
    ok(b"(K\x01K\x01\x91.", "frozenset(1, 1)"),
    no(b"\x8f(]\x90.", Unhashable, 3),
    no(b"\x8fK\x01a.", NoAppend, 3),
    no(b"\xff.", UnknownOpcode, 0),
    no(b"'.", UnknownOpcode, 0),
    no(b"\n.", UnknownOpcode, 0),
    no(b"N\n.", UnknownOpcode, 1),
    no(b"2.", StackUnderflow, 0),
    ok(b"N2\x86.", "(None, None)"),
    no(b"(2.", UnexpectedMark, 1),
    no(b"N(2.", UnexpectedMark, 2),
    no(b"1.", NoMark, 0),
    ok(b"N(K\x011.", "None"),
    no(b"\x80\x04\x95", Truncated, 3),
];

/// Where a frame may end: between the parts of an opcode that CPython reads one by one.
const FRAMES: &[Row] = &[
    no(b"\x95\0\0\0\0\0\0\0\0.", StackUnderflow, 9),
    ok(b"\x95\0\0\0\0\0\0\0\0N.", "None"),
    ok(b"\x95\x01\0\0\0\0\0\0\0K\x07.", "7"),
    ok(b"\x95\x02\0\0\0\0\0\0\0K\x07.", "7"),
    ok(b"\x95\x01\0\0\0\0\0\0\0M\x01\x02.", "513"),
    no(b"\x95\x02\0\0\0\0\0\0\0M\x01\x02.", FrameStraddle, 9),
    ok(b"\x95\x03\0\0\0\0\0\0\0M\x01\x02.", "513"),
    ok(b"\x95\x01\0\0\0\0\0\0\0J\x01\x02\x03\x04.", "67305985"),
    no(b"\x95\x04\0\0\0\0\0\0\0J\x01\x02\x03\x04.", FrameStraddle, 9),
    ok(b"\x95\x05\0\0\0\0\0\0\0J\x01\x02\x03\x04.", "67305985"),
    ok(b"\x95\x01\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0.", "0.0"),
    no(b"\x95\x08\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0.", FrameStraddle, 9),
    ok(b"\x95\x01\0\0\0\0\0\0\0I12\n.", "12"),
    no(b"\x95\x03\0\0\0\0\0\0\0I12\n.", FrameStraddle, 9),
    ok(b"\x95\x04\0\0\0\0\0\0\0I12\n.", "12"),
    ok(b"\x95\x01\0\0\0\0\0\0\0V\n.", "''"),
    ok(b"\x95\x02\0\0\0\0\0\0\0V\n.", "''"),
    ok(b"\x95\x01\0\0\0\0\0\0\0cab\ncd\n.", "<ab cd>"),
    no(b"\x95\x03\0\0\0\0\0\0\0cab\ncd\n.", FrameStraddle, 9),
    ok(b"\x95\x04\0\0\0\0\0\0\0cab\ncd\n.", "<ab cd>"),
    no(b"\x95\x06\0\0\0\0\0\0\0cab\ncd\n.", FrameStraddle, 9),
    ok(b"\x95\x07\0\0\0\0\0\0\0cab\ncd\n.", "<ab cd>"),
    ok(b"\x95\x05\0\0\0\0\0\0\0(iab\ncd\n.", "inst(<ab cd>)"),
    no(b"\x95\x06\0\0\0\0\0\0\0(iab\ncd\n.", FrameStraddle, 10),
    ok(b"\x95\x01\0\0\0\0\0\0\0U\x02ab.", "'ab'"),
    ok(b"\x95\x02\0\0\0\0\0\0\0U\x02ab.", "'ab'"),
    no(b"\x95\x03\0\0\0\0\0\0\0U\x02ab.", FrameStraddle, 9),
    ok(b"\x95\x04\0\0\0\0\0\0\0U\x02ab.", "'ab'"),
    ok(b"\x95\x02\0\0\0\0\0\0\0U\0.", "''"),
    ok(b"\x95\x01\0\0\0\0\0\0\0X\x02\0\0\0ab.", "'ab'"),
    no(b"\x95\x03\0\0\0\0\0\0\0X\x02\0\0\0ab.", FrameStraddle, 9),
    ok(b"\x95\x05\0\0\0\0\0\0\0X\x02\0\0\0ab.", "'ab'"),
    no(b"\x95\x06\0\0\0\0\0\0\0X\x02\0\0\0ab.", FrameStraddle, 9),
    ok(b"\x95\x07\0\0\0\0\0\0\0X\x02\0\0\0ab.", "'ab'"),
    ok(b"\x95\t\0\0\0\0\0\0\0\x8e\x02\0\0\0\0\0\0\0ab.", "b'ab'"),
    no(b"\x95\n\0\0\0\0\0\0\0\x8e\x02\0\0\0\0\0\0\0ab.", FrameStraddle, 9),
    no(b"\x95\x05\0\0\0\0\0\0\0\x8e\x02\0\0\0\0\0\0\0ab.", FrameStraddle, 9),
    ok(b"\x95\x01\0\0\0\0\0\0\0\x82\x01.", "extension(1)"),
    no(b"\x95\x02\0\0\0\0\0\0\0\x83\x01\0.", FrameStraddle, 9),
    ok(b"\x95\x02\0\0\0\0\0\0\0Nq\x01.", "None"),
    no(b"\x95\x03\0\0\0\0\0\0\0Nr\x01\0\0\0.", FrameStraddle, 10),
    ok(b"\x95\x02\0\0\0\0\0\0\0N\x80\x04.", "None"),
    ok(b"\x95\x01\0\0\0\0\0\0\0\x80\x04N.", "None"),
    ok(b"\x95\x01\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.", "None"),
    ok(b"\x95\t\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.", "None"),
    no(b"\x95\x05\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.", FrameStraddle, 9),
    ok(b"\x95\x01\0\0\0\0\0\0\0N\x95\x01\0\0\0\0\0\0\0.", "None"),
    ok(b"\x95\x02\0\0\0\0\0\0\0N\x95\x01\0\0\0\0\0\0\0.", "None"),
    ok(b"\x95\x01\0\0\0\0\0\0\0N\x95\0\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0\0.", "None"),
    no(b"\x95\x01\0\0\0\0\0\0\0\x8c\x95\x03\0\0\0\0\0\0\0abc.", Truncated, 23),
    no(b"\x95\x03\0\0\0\0\0\0\0\x8b\xff\xff\xff\xff.", FrameStraddle, 9),
    no(b"\x95\x05\0\0\0\0\0\0\0\x8b\xff\xff\xff\xff.", NegativeLength, 9),
    no(b"\x95\x03\0\0\0\0\0\0\0T\xff\xff\xff\xff.", FrameStraddle, 9),
    no(b"\x95\x04\0\0\0\0\0\0\0\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", FrameStraddle, 9),
    no(b"\x95\t\0\0\0\0\0\0\0\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", LengthTooLarge, 9),
    no(b"\x95\x01\0\0\0\0\0\0\0\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", LengthTooLarge, 9),
    no(b"\x95\x03\0\0\0\0\0\0\0V", Truncated, 10),
    no(b"\x95\x03\0\0\0\0\0\0\0Vab", FrameStraddle, 9),
    no(b"\x95\x03\0\0\0\0\0\0\0Vabc", FrameStraddle, 9),
    no(b"\x95\x02\0\0\0\0\0\0\0U\x05ab", Truncated, 13),
    no(b"\x95\x04\0\0\0\0\0\0\0U\x05ab", FrameStraddle, 9),
    no(b"\x95d\0\0\0\0\0\0\0N.", Truncated, 11),
    no(b"\x95\0\0\0\0\0\0\0@N.", Truncated, 11),
    no(b"\x95\0\0\0\0\0\0\0\x80N.", LengthTooLarge, 0),
    ok(b"\x95\x04\0\0\0\0\0\0\0N.ZZ", "None"),
    no(b"\x95\x04\0\0\0\0\0\0\0N.Z", Truncated, 12),
];

/// Texts as the C code reads them: a NUL ends them, and `strtol` has a word in INT.
const TEXTS: &[Row] = &[
    ok(b"I\0\n.", "0"),
    ok(b"I\0\0\n.", "False"),
    ok(b"I\0zz\n.", "0"),
    ok(b"I1\0\n.", "True"),
    ok(b"I010\0z\n.", "8"),
    ok(b"I 1\0\n.", "1"),
    no(b"I \0\n.", BadInt, 0),
    ok(b"I0x_1f\n.", "31"),
    no(b"I0x\n.", BadInt, 0),
    no(b"I- 1\n.", BadInt, 0),
    ok(b"I9223372036854775807\n.", "9223372036854775807"),
    ok(b"I9223372036854775808\n.", "9223372036854775808"),
    ok(b"I-9223372036854775808\n.", "-9223372036854775808"),
    ok(b"I-9223372036854775809\n.", "-9223372036854775809"),
    ok(b"I0777777777777777777777\n.", "9223372036854775807"),
    no(b"I02000000000000000000000\n.", BadInt, 0),
    ok(b"I0x8000000000000000\n.", "9223372036854775808"),
    ok(b"I000\n.", "0"),
    no(b"I08\n.", BadInt, 0),
    no(b"L\0\n.", BadInt, 0),
    ok(b"L1\0L\n.", "1"),
    no(b"L1L\0\n.", BadInt, 0),
    ok(b"L-9223372036854775809L\n.", "-9223372036854775809"),
    no(b"L\n.", EmptyLine, 0),
    no(b"F\0\n.", BadFloat, 0),
    ok(b"F1.5\0zz\n.", "1.5"),
    ok(b"F-nan\n.", "NaN"),
    ok(b"F+inf\n.", "inf"),
    ok(b"F1e-400\n.", "0.0"),
    ok(b"F1.7976931348623157e308\n.", "1.7976931348623157e308"),
    no(b"F1.7976931348623159e308\n.", FloatOverflow, 0),
    ok(b"F1.\n.", "1.0"),
    no(b"F.\n.", BadFloat, 0),
    no(b"F1e\n.", BadFloat, 0),
    no(b"F\n.", EmptyLine, 0),
    ok(b"Np1\0z\ng1\n.", "None"),
    ok(b"Np9223372036854775807\ng9223372036854775807\n.", "None"),
    no(b"Np9223372036854775808\n.", BadInt, 1),
    no(b"Np\n.", EmptyLine, 1),
    no(b"p\n.", StackUnderflow, 0),
    no(b"Np0x1\n.", BadInt, 1),
    no(b"Np1\ng-1\n.", NegativeMemo, 4),
    no(b"Np1\ng2\n.", MemoMissing, 4),
    no(b"S'\\'\n.", BadEscape, 0),
    ok(b"S'\\\\'\n.", "'\\\\'"),
    ok(b"S'\\0\\400\\18'\n.", "'\\x00\\x00\\x018'"),
    no(b"S'\\xZZ'\n.", BadEscape, 0),
    no(b"S'a'\"\n.", StringNotQuoted, 0),
    ok(b"V\\\\u0041\n.", "'\\\\\\\\u0041'"),
    ok(b"V\\\\\\u0041\n.", "'\\\\\\\\A'"),
    ok(b"V\\U0010ffff\n.", "'\\xf4\\x8f\\xbf\\xbf'"),
    no(b"V\\u00e\n.", BadUnicodeEscape, 0),
    no(b"V\\u\n.", BadUnicodeEscape, 0),
    ok(b"X\x03\0\0\0\xed\x9f\xbf.", "'\\xed\\x9f\\xbf'"),
    ok(b"X\x03\0\0\0\xed\xb0\x80.", "'\\xed\\xb0\\x80'"),
    no(b"X\x02\0\0\0\xed\xa0.", BadUtf8, 0),
    no(b"X\x02\0\0\0\xc0\x80.", BadUtf8, 0),
    no(b"X\x04\0\0\0\xf4\x90\x80\x80.", BadUtf8, 0),
];

/// The stack machine, built-in values and what is recorded of all others.
const MACHINE: &[Row] = &[
    ok(b"((t.", "()"),
    ok(b"(NNt.", "(None, None)"),
    no(b"(((.", UnexpectedMark, 3),
    no(b"(0.", StackUnderflow, 2),
    ok(b"N((00.", "None"),
    ok(b"(l.", "[]"),
    ok(b"(NNl.", "[None, None]"),
    no(b"N(\x85.", UnexpectedMark, 2),
    no(b"](a.", UnexpectedMark, 2),
    no(b"}N(s.", UnexpectedMark, 3),
    no(b"](Na.", UnexpectedMark, 3),
    no(b"}(NNs.", UnexpectedMark, 4),
    no(b"]N(Ne.", NoAppend, 4),
    no(b"e.", NoMark, 0),
    no(b"u.", NoMark, 0),
    no(b"(e.", StackUnderflow, 1),
    no(b"(u.", StackUnderflow, 1),
    no(b"(\x90.", StackUnderflow, 1),
    // As above: 3.15 refuses.
    ok(b"N(}(e.", "{}"),
    ok(b"\x8f(K\x01K\x02\x90(K\x03\x90.", "set(1, 2, 3)"),
    ok(b"}(K\x01K\x02u(K\x01K\x03u.", "{1: 2, 1: 3}"),
    ok(b"(K\x01Nd.", "{1: None}"),
    no(b"(]Nd.", Unhashable, 3),
    no(b"(]\x85N\x86\x91.", Unhashable, 5),
    no(b"}]\x85Ns.", Unhashable, 4),
    ok(b"})Ns.", "{(): None}"),
    no(b"}\x8f(\x91Ns.", NoSetItem, 5),
    ok(b"}(\x91Ns.", "{frozenset(): None}"),
    no(b"}\x96\0\0\0\0\0\0\0\0Ns.", Unhashable, 11),
    ok(b"]\x94h\0a.", "[...]"),
    no(b"]q\0K\x01h\0a0.", NoAppend, 7),
    ok(b"]\x940(h\0t.", "([],)"),
    ok(b"]NaJ\xff\xff\xff\xffK\x05s.", "[5]"),
    no(b"]NaJ\xfe\xff\xff\xffK\x05s.", BadIndex, 10),
    ok(b"]Na\x89K\x05s.", "[5]"),
    no(b"]NaNK\x05s.", BadIndex, 6),
    no(b"]NaG\0\0\0\0\0\0\0\0K\x05s.", BadIndex, 14),
    ok(b"](NNe(K\0K\x01K\x01K\x02u.", "[1, 2]"),
    no(b"](NNe(K\0u.", OddItems, 8),
    no(b")K\0Ns.", NoSetItem, 4),
    no(b"\x8c\x01aK\0Ns.", NoSetItem, 6),
    no(b"C\x01aNa.", NoAppend, 4),
    no(b"\x8fNNs.", NoSetItem, 3),
    no(b"](N\x90.", NoAdd, 3),
    no(b"}(N\x90.", NoAdd, 3),
    no(b"NNa.", NoAppend, 2),
    no(b")Na.", NoAppend, 2),
    ok(b"cm\nn\n(NNe.", "changed(<m n>).append(None, None)"),
    ok(b"cm\nn\nNNs.", "changed(<m n>).set(None: None)"),
    ok(b"cm\nn\n(N\x90.", "changed(<m n>).add(None)"),
    ok(b"cm\nn\n}b.", "changed(<m n>).build({})"),
    ok(b"\x82\x01}b.", "changed(extension(1)).build({})"),
    ok(
        b"cm\nn\n)R]b(NNeK\x01K\x02s(N\x90}b.",
        "reduce(<m n>, ()).build([]).append(None, None).set(1: 2).add(None).build({})",
    ),
    ok(b"cm\nn\n)\x81NN\x86b.", "newobj(<m n>, ()).build((None, None))"),
    no(b"N)R.", NotCallable, 2),
    no(b"K\x01)R.", NotCallable, 3),
    no(b"]K\x01b.", StateNotDict, 3),
    no(b"])b.", StateNotDict, 2),
    ok(b"]Nb.", "[]"),
    no(b"]NN\x86b.", StateNotDict, 4),
    ok(b"]N}\x86b.", "[]"),
    no(b"]}}\x86b.", NoState, 4),
    no(b"]NN}\x87b.", StateNotDict, 5),
    no(b"\x8c\x01aN}K\x01Ns\x86b.", NoState, 10),
    no(b"(No.", NotCallable, 2),
    no(b"(K\x01No.", NotCallable, 4),
    no(b"o.", NoMark, 0),
    no(b"(Ncm\nn\no.", NotCallable, 7),
    no(b"icm\nn\n.", NoMark, 0),
    ok(b"(N(icm\nn\n.", "inst(<cm n>)"),
    no(b"(i\nn\n.", EmptyLine, 1),
    no(b"(im\n\xe9\n.", NotAscii, 1),
    ok(b"cm\n\xc3\xa9\n.", "<m é>"),
    no(b"cm\n\xe9\n.", BadUtf8, 0),
    ok(b"\x8c\x01m\x8c\0\x93.", "<m >"),
    // With the default encoding of CPython these are two str.
    ok(b"S'm'\nS'n'\n\x93.", "<m n>"),
    no(b"\x8c\x01mN\x93.", GlobalNotStr, 4),
    no(b"\x93.", StackUnderflow, 0),
    no(b"N\x93.", StackUnderflow, 1),
    no(b"NN\x93.", GlobalNotStr, 2),
    no(b"\x83\0\0.", BadExtension, 0),
    no(b"\x84\0\0\0\0.", BadExtension, 0),
    ok(b"\x84\xff\xff\xff\x7f.", "extension(2147483647)"),
    no(b"2.", StackUnderflow, 0),
    no(b"(2.", UnexpectedMark, 1),
    no(b"q\0.", StackUnderflow, 0),
    no(b"(q\0.", UnexpectedMark, 1),
    no(b"p0\n.", StackUnderflow, 0),
    no(b"N(\x94.", UnexpectedMark, 2),
    no(b"Q.", StackUnderflow, 0),
    no(b"(Q.", UnexpectedMark, 1),
    no(b"b.", StackUnderflow, 0),
    no(b"Nb.", StackUnderflow, 1),
    no(b"N(Nb.", UnexpectedMark, 3),
    no(b"R.", StackUnderflow, 0),
    no(b")R.", StackUnderflow, 1),
    no(b"\x81.", StackUnderflow, 0),
    no(b"\x92.", StackUnderflow, 0),
    no(b"\x85.", StackUnderflow, 0),
    no(b"\x98.", StackUnderflow, 0),
    no(b"(\x98.", UnexpectedMark, 1),
    no(b"d.", NoMark, 0),
    no(b"t.", NoMark, 0),
    no(b"l.", NoMark, 0),
    no(b"\x91.", NoMark, 0),
    no(b"0.", StackUnderflow, 0),
    no(b"s.", StackUnderflow, 0),
    no(b"a.", StackUnderflow, 0),
    no(b"NNs.", StackUnderflow, 2),
    ok(b"(K\0K\x01dK\0K\x02s.", "{0: 1, 0: 2}"),
    ok(b"\x8c\x01aC\x01a\x86.", "('a', b'a')"),
    // CPython does these two; that no pickler writes them is the reason not to.
    no(b"\x96\x01\0\0\0\0\0\0\0aK\0K\x01s.", BytearrayChange, 14),
    ok(b"\x96\x01\0\0\0\0\0\0\0a(e.", "bytearray('a')"),
    no(b"\x96\x01\0\0\0\0\0\0\0aN\x98.", NotABuffer, 11),
    ok(b"\x96\x01\0\0\0\0\0\0\0a\x98\x98.", "readonly(bytearray('a'))"),
    no(b"}\x96\x01\0\0\0\0\0\0\0a\x98Ns.", Unhashable, 13),
    no(b"U\x01a\x98.", NotABuffer, 3),
    no(b"\x80", Truncated, 1),
    no(b"\x80\x04", EndOfInput, 2),
    no(b"\x80\xff.", UnsupportedProtocol, 0),
    ok(b"\x8a\t\0\0\0\0\0\0\0\0\x01.", "18446744073709551616"),
    ok(b"\x8a\x08\0\0\0\0\0\0\0\x80.", "-9223372036854775808"),
    ok(b"\x8a\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff.", "-1"),
    ok(b"K\x01K\x02K\x03\x87K\x04.", "4"),
    ok(b"N..", "None"),
    ok(b"N.\xff", "None"),
];

/// INT and LONG from 3.14 on: base 10.
const DECIMAL: &[Row] = &[
    ok(b"I010\n.", "10"),
    no(b"I0x10\n.", BadInt, 0),
    no(b"I0o17\n.", BadInt, 0),
    no(b"I0b1\n.", BadInt, 0),
    ok(b"I00\n.", "False"),
    ok(b"I01\n.", "True"),
    ok(b"I+1\n.", "1"),
    ok(b"I 1\n.", "1"),
    ok(b"I-0\n.", "0"),
    ok(b"I-1\n.", "-1"),
    ok(b"I001\n.", "1"),
    ok(b"I000\n.", "0"),
    ok(b"I1_0\n.", "10"),
    no(b"I1__0\n.", BadInt, 0),
    no(b"I1L\n.", BadInt, 0),
    no(b"I\n.", EmptyLine, 0),
    ok(b"I\0\n.", "0"),
    ok(b"I\0\0\n.", "0"),
    ok(b"I1\0\n.", "1"),
    ok(b"I1\0zz\n.", "1"),
    ok(b"I1\r\n.", "1"),
    ok(b"I07\n.", "7"),
    ok(b"I09\n.", "9"),
    ok(b"I99999999999999999999\n.", "99999999999999999999"),
    ok(b"L010L\n.", "10"),
    no(b"L0x10L\n.", BadInt, 0),
    ok(b"L10\n.", "10"),
    ok(b"L00\n.", "0"),
    no(b"L1LL\n.", BadInt, 0),
    no(b"LL\n.", BadInt, 0),
    ok(b"L1_0L\n.", "10"),
    no(b"L-L\n.", BadInt, 0),
    ok(b"L 7 L\n.", "7"),
];
