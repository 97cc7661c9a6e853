//! The tree of small pickles, and of the corpus.

mod common;

use common::{corpus, each_pickle};
use pickle_cli::print::tree::{Options, Palette, show};

fn with(pickle: &[u8], options: &Options) -> String {
    let mut out = Vec::new();
    each_pickle(pickle, &mut |document| show(document, options, &mut out).expect("a Vec takes everything"));
    String::from_utf8(out).expect("the tree is UTF-8")
}

fn tree(pickle: &[u8]) -> String {
    with(pickle, &Options::default()).trim_end().to_owned()
}

#[test]
fn scalars() {
    assert_eq!(tree(b"N."), "None");
    assert_eq!(tree(b"\x89."), "False");
    assert_eq!(tree(b"J\xff\xff\xff\xff."), "-1");
    assert_eq!(tree(b"F1e100\n."), "1e+100");
    assert_eq!(tree(b"X\x04\0\0\0it's."), "\"it's\"");
    assert_eq!(tree(b"C\x02a\xff."), r"b'a\xff'");
    assert_eq!(tree(b"cos\nsystem\n."), "os.system");
}

#[test]
fn containers() {
    assert_eq!(tree(b"](K\x01)e."), "[1, ()]");
    assert_eq!(tree(b"K\x01\x85."), "(1,)");
    assert_eq!(tree(b"\x8f."), "set()");
    assert_eq!(tree(b"(K\x01\x91."), "frozenset({1})");
    assert_eq!(tree(b"}(K\x01NX\x01\0\0\0a]u."), "{1: None, 'a': []}");
}

#[test]
fn objects() {
    assert_eq!(tree(b"cshop\nItem\nK\x03\x85\x81}X\x01\0\0\0nK\x04sb."), "shop.Item(3) {.n = 4}");
    assert_eq!(tree(b"cshop\nItem\n)}X\x01\0\0\0nK\x04s\x92."), "shop.Item(n=4)");
    assert_eq!(tree(b"cshop\nBag\n)\x81K\x01a."), "shop.Bag([1])");
    assert_eq!(tree(b"cshop\nItem\n)\x81N}X\x01\0\0\0nK\x04s\x86b."), "shop.Item() {.n = 4}");
    assert_eq!(tree(b"Pabc\n."), "persistent('abc')");
    // Python 2 and protocol 0.
    assert_eq!(tree(b"ccopy_reg\n_reconstructor\n(cshop\nItem\nc__builtin__\nobject\nNtR."), "shop.Item()");
}

#[test]
fn known_types() {
    assert_eq!(tree(b"cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R."), "datetime.date(2024, 2, 29)");
    assert_eq!(tree(b"cdatetime\ntime\nC\x06\x8d\x05\0\0\0\0\x85R."), "datetime.time(13, 5, fold=1)");
    assert_eq!(
        tree(b"cdatetime\ntimedelta\nK\0K\x05J\xff\xff\xff\xff\x87R."),
        "datetime.timedelta(seconds=4, microseconds=999999)"
    );
    assert_eq!(tree(b"c__builtin__\nset\n](K\x01K\x02e\x85R."), "{1, 2}");
    assert_eq!(tree(b"cpandas._libs.missing\nNA\n."), "pandas.NA");
    assert_eq!(tree(b"cpandas._libs.tslibs.nattype\n_nat_unpickle\n(NtR."), "pandas.NaT");
    assert_eq!(tree(b"ccollections\nOrderedDict\n)RK\x01Ns."), "collections.OrderedDict({1: None})");
    assert_eq!(tree(b"cuuid\nUUID\n)\x81}X\x03\0\0\0intK\x07sb."), "uuid.UUID('00000000-0000-0000-0000-000000000007')");
    assert_eq!(
        tree(
            b"cnumpy.core.numeric\n_frombuffer\n(C\x04\x01\0\xff\xffcnumpy\ndtype\nX\x02\0\0\0i2\x89\x88\x87R\
              (K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbK\x02\x85X\x01\0\0\0CtR."
        ),
        "ndarray int16 (2,), 4 bytes [1, -1]"
    );
}

#[test]
fn shared_values_and_cycles() {
    assert_eq!(tree(b"]q\0]q\x01ah\x01a."), "[&1 [], *1]");
    assert_eq!(tree(b"]q\0h\0a."), "&1 [*1]");
    // What is seen once has no mark.
    assert_eq!(
        with(b"]q\0]q\x01ah\x01a.", &Options { max_items: 1, ..Options::default() }).trim_end(),
        "[[], ... 1 more item]"
    );
}

#[test]
fn limits() {
    let narrow = Options { width: 20, max_items: 4, depth: 2, max_text: 8, ..Options::default() };
    let numbers = b"](K\x01K\x02K\x03K\x04K\x05K\x06e.";
    assert_eq!(with(numbers, &narrow), "[\n  1, 2, 3, 4,\n  ... 2 more items\n]\n");
    assert_eq!(with(b"]]](K\x01K\x02eaa.", &narrow), "[[[... 2 items]]]\n");
    assert_eq!(with(b"X\x0a\0\0\0characters.", &narrow), "'characte'... 10 characters\n");
    assert_eq!(
        with(b"}(X\x01\0\0\0a](NNNeX\x05\0\0\0other](\x88\x88\x88eu.", &narrow),
        "{\n  'a': [\n    None, None,\n    None,\n  ],\n  'other': [\n    True, True,\n    True,\n  ],\n}\n"
    );
}

#[test]
fn colours() {
    let options = Options { palette: Palette::colored(), ..Options::default() };
    assert_eq!(with(b"K\x07.", &options), "\x1b[36m7\x1b[0m\n");
}

#[test]
fn nested_deeply() {
    let mut pickle = vec![b']'; 50_000];
    pickle.extend([b'a'; 49_999]);
    pickle.push(b'.');
    assert_eq!(tree(&pickle).lines().count(), 9);
    let all = with(&pickle, &Options { depth: usize::MAX, ..Options::default() });
    assert!(all.len() < 100_000 * 70);
}

#[test]
fn the_corpus_is_shown() {
    for path in corpus() {
        let data = std::fs::read(&path).expect("readable");
        each_pickle(&data, &mut |document| {
            let mut out = Vec::new();
            show(document, &Options::default(), &mut out).expect("a Vec takes everything");
            assert!(out.ends_with(b"\n") && std::str::from_utf8(&out).is_ok(), "{}", path.display());
        });
    }
}
