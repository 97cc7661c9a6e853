//! The input side on files of every kind: each layer, nested, damaged, cut, and what is no file at all.

use pickle_cli::Failure;
use pickle_cli::input::{Container, Input, InputFile, Layer, LayerError, LayerFault, MAX_LAYERS, RawOptions, for_each};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

/// A pickle of some size that is neither too easy nor impossible to compress.
fn pickle() -> Vec<u8> {
    let mut pickle = b"\x80\x04](".to_vec();
    let mut x = 1u32;
    for _ in 0..20_000 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pickle.extend([b'J', (x >> 24) as u8 & 0x0f, (x >> 16) as u8, 0, 0]);
    }
    pickle.extend(b"e.");
    pickle
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn xz(data: &[u8]) -> Vec<u8> {
    let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn lzma(data: &[u8]) -> Vec<u8> {
    let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut packer = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    let mut packer = zstd::Encoder::new(Vec::new(), 3).unwrap();
    packer.include_checksum(true).unwrap();
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn lz4(data: &[u8]) -> Vec<u8> {
    let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn snappy(data: &[u8]) -> Vec<u8> {
    let mut packer = snap::write::FrameEncoder::new(Vec::new());
    packer.write_all(data).unwrap();
    packer.into_inner().unwrap()
}

fn zfile(data: &[u8]) -> Vec<u8> {
    let mut file = format!("ZF{:<19}", format!("{:#x}", data.len())).into_bytes();
    file.extend(zlib(data));
    file
}

type Packer = fn(&[u8]) -> Vec<u8>;

/// Every layer, and whether several streams of it may follow each other.
const PACKERS: &[(Layer, Packer, bool)] = &[
    (Layer::Gzip, gzip, true),
    (Layer::Zlib, zlib, false),
    (Layer::Bzip2, bzip2, true),
    (Layer::Xz, xz, true),
    (Layer::Lzma, lzma, true),
    (Layer::Zstd, zstd, true),
    (Layer::Lz4, lz4, true),
    (Layer::Snappy, snappy, true),
    (Layer::Zfile, zfile, false),
];

fn open(data: Vec<u8>) -> Input {
    Input::from_reader("test", Cursor::new(data)).unwrap()
}

/// Everything that comes out before the end or an error, and the error.
fn unpack(data: Vec<u8>) -> (Vec<u8>, Result<(), io::Error>) {
    let mut out = Vec::new();
    let result = open(data).reader().read_to_end(&mut out).map(drop);
    (out, result)
}

/// The layer's error inside an error of reading.
fn layer_error(error: io::Error) -> LayerError {
    let Failure::Input { source, .. } = Failure::from(error) else { panic!("not an error of reading") };
    source.downcast::<LayerError>().unwrap()
}

#[test]
fn each_layer_is_undone() {
    let pickle = pickle();
    for &(layer, pack, _) in PACKERS {
        let mut input = open(pack(&pickle));
        assert_eq!(input.layers(), [layer]);
        let mut out = Vec::new();
        input.reader().read_to_end(&mut out).unwrap();
        assert!(out == pickle, "{layer}");
        assert_eq!(input.position(), pickle.len() as u64);
        // Short pickles are recognised as well.
        assert_eq!(unpack(pack(b"N.")).0, b"N.", "{layer}");
    }
}

#[test]
fn streams_that_follow_each_other_are_all_read() {
    let (first, second) = (pickle(), b"\x80\x04N.".to_vec());
    let both = [&first[..], &second].concat();
    for &(layer, pack, several) in PACKERS {
        let (out, result) = unpack([pack(&first), pack(&second)].concat());
        if several {
            result.unwrap();
            assert!(out == both, "{layer}");
        } else {
            assert_eq!(layer_error(result.unwrap_err()).fault, trailing(layer));
        }
    }
}

fn trailing(layer: Layer) -> LayerFault {
    LayerFault::Trailing(layer)
}

#[test]
fn something_else_after_the_data_is_an_error_and_nothing_is_lost_before() {
    let pickle = pickle();
    for &(layer, pack, _) in PACKERS {
        let packed = pack(&pickle);
        let length = packed.len() as u64;
        let (out, result) = unpack([&packed[..], b"something else"].concat());
        let error = layer_error(result.unwrap_err());
        assert!(out == pickle, "{layer}");
        assert_eq!(error.layer, layer);
        if matches!(
            layer,
            Layer::Gzip | Layer::Zlib | Layer::Bzip2 | Layer::Xz | Layer::Lzma | Layer::Lz4 | Layer::Zfile
        ) {
            assert_eq!(error, LayerError { layer, offset: length, fault: trailing(layer) });
        }
    }
}

#[test]
fn zeros_pad_gzip_files() {
    let (out, result) = unpack([gzip(b"N."), vec![0; 100_000], gzip(b"K\x01."), vec![0; 5]].concat());
    result.unwrap();
    assert_eq!(out, b"N.K\x01.");
}

#[test]
fn frames_to_skip_are_skipped() {
    let skip = [b"\x50*M\x18\x05\0\0\0", &b"12345"[..]].concat();
    for (layer, pack) in [(Layer::Zstd, zstd as Packer), (Layer::Lz4, lz4)] {
        let data = [&skip[..], &skip, &pack(b"N."), &skip, &pack(b"K\x01."), &skip].concat();
        let input = open(data.clone());
        assert_eq!(input.layers(), [layer]);
        let (out, result) = unpack(data.clone());
        result.unwrap_or_else(|error| panic!("{layer}: {error}"));
        assert_eq!(out, b"N.K\x01.", "{layer}");
        let (_, result) = unpack(data[..data.len() - 1].to_vec());
        assert_eq!(layer_error(result.unwrap_err()).fault, LayerFault::Truncated, "{layer}");
    }
}

#[test]
fn truncated_data_never_ends_quietly() {
    let pickle = pickle();
    for &(layer, pack, _) in PACKERS {
        let packed = pack(&pickle);
        let cuts = (30..packed.len()).step_by(packed.len() / 150).chain(packed.len() - 24..packed.len());
        for cut in cuts {
            let (out, result) = unpack(packed[..cut].to_vec());
            assert!(out.len() <= pickle.len() && pickle.starts_with(&out), "{layer} cut at {cut}");
            match result {
                // snappy has no end mark: a file cut between two chunks is a file.
                Ok(()) => assert!(layer == Layer::Snappy && out.len() % 65536 == 0, "{layer} cut at {cut}"),
                Err(error) => {
                    let error = layer_error(error);
                    assert_eq!((error.layer, &error.fault), (layer, &LayerFault::Truncated), "cut at {cut}: {error}");
                    assert!(error.offset <= cut as u64);
                }
            }
        }
    }
}

#[test]
fn damaged_data_is_an_error_that_stays() {
    let pickle = pickle();
    for &(layer, pack, _) in PACKERS {
        let mut packed = pack(&pickle);
        let middle = packed.len() / 2;
        packed[middle] ^= 0x55;
        packed[middle + 1] ^= 0x55;
        let mut input = open(packed);
        let mut out = Vec::new();
        let error = layer_error(input.reader().read_to_end(&mut out).unwrap_err());
        assert_eq!(error.layer, layer);
        assert!(matches!(error.fault, LayerFault::Damaged(_)), "{error}");
        let again = layer_error(input.reader().read(&mut [0; 10]).unwrap_err());
        assert_eq!(again, error);
    }
}

#[test]
fn any_flipped_bit_ends_in_data_or_an_error() {
    let pickle = pickle();
    for &(layer, pack, _) in PACKERS {
        let packed = pack(&pickle);
        for at in (0..40).chain((40..packed.len()).step_by(packed.len() / 100)) {
            let mut packed = packed.clone();
            packed[at] ^= 1 << (at % 8);
            // Headers that are no longer recognised, or deeper than they look, may fail to open.
            let Ok(mut input) = Input::from_reader("test", Cursor::new(packed)) else { continue };
            let recognised = input.layers() == [layer];
            let mut out = Vec::new();
            let whole = input.reader().take(1 << 24).read_to_end(&mut out).is_ok() && recognised;
            // These carry a checksum or a range coder's end; lz4 here has none, and names in headers have none.
            if whole && matches!(layer, Layer::Zlib | Layer::Bzip2 | Layer::Xz | Layer::Zstd | Layer::Zfile) {
                assert!(out == pickle, "{layer} with bit {} of byte {at} flipped", at % 8);
            }
        }
    }
}

#[test]
fn a_zfile_of_another_length_is_an_error() {
    let mut file = format!("ZF{:<19}", "0x5").into_bytes();
    file.extend(zlib(b"N."));
    let (out, result) = unpack(file);
    assert_eq!(out, b"N.");
    assert_eq!(layer_error(result.unwrap_err()).fault, LayerFault::Length { declared: 5, found: 2 });
}

#[test]
fn headers_that_ask_for_gigabytes_are_refused() {
    let mut packer = zstd::Encoder::new(Vec::new(), 3).unwrap();
    packer.window_log(30).unwrap();
    packer.write_all(b"N.").unwrap();
    // liblzma's alone format: the dictionary size stands in bytes 1 to 4.
    let mut huge = lzma(b"N.");
    huge[1..5].copy_from_slice(&(1u32 << 31).to_le_bytes());
    for data in [packer.finish().unwrap(), huge] {
        let error = layer_error(unpack(data).1.unwrap_err());
        assert_eq!(error.fault, LayerFault::Memory, "{error}");
    }
}

#[test]
fn layers_nest_and_the_failing_one_is_named() {
    let pickle = pickle();
    let mut data = pickle.clone();
    let mut layers = Vec::new();
    for &(layer, pack, _) in PACKERS.iter().take(MAX_LAYERS) {
        data = pack(&data);
        layers.insert(0, layer);
    }
    let input = open(data.clone());
    assert_eq!(input.layers(), layers);
    let (out, result) = unpack(data.clone());
    result.unwrap();
    assert!(out == pickle);

    let Err(failure) = Input::from_reader("deep", Cursor::new(gzip(&data))) else { panic!("nine layers") };
    assert!(failure.to_string().contains("deeper than 8 layers"), "{failure}");

    // Cut outside: the outer layer is at fault, through any inner one.
    for &(inner, pack_inner, _) in PACKERS {
        for &(outer, pack_outer, _) in PACKERS {
            let packed = pack_outer(&pack_inner(&pickle));
            let (_, result) = unpack(packed[..packed.len() - 3].to_vec());
            assert_eq!(layer_error(result.unwrap_err()).layer, outer, "{inner} in {outer}");
            let packed = pack_inner(&pickle);
            let (_, result) = unpack(pack_outer(&packed[..packed.len() - 3]));
            assert_eq!(layer_error(result.unwrap_err()).layer, inner, "{inner} in {outer}");
        }
    }
}

/// A reader that gives one byte at a time, and is interrupted before each.
struct Slow(Cursor<Vec<u8>>, bool);

impl Read for Slow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = out.len().min(1);
        self.0.read(&mut out[..n])
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same() {
    let pickle = pickle();
    for pack in PACKERS.iter().map(|packer| packer.1).chain([<[u8]>::to_vec as Packer]) {
        let mut input = Input::from_reader("slow", Slow(Cursor::new(pack(&pickle)), false)).unwrap();
        let mut out = Vec::<u8>::new();
        let mut piece = [0; 7];
        loop {
            match input.reader().read(&mut piece).unwrap() {
                0 => break,
                n => out.extend_from_slice(&piece[..n]),
            }
        }
        assert!(out == pickle);
    }
}

/// Gives some bytes and panics when asked for more: a pipe whose writer waits.
struct Waiting(Cursor<&'static [u8]>);

impl Read for Waiting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out) {
            Ok(0) => panic!("waited for more than was needed"),
            other => other,
        }
    }
}

#[test]
fn a_slow_stream_of_pickles_is_not_waited_for() {
    for pickle in
        [&b"\x80\x04N."[..], b"N.", b"]q\x00.", b"(t.", b"I1\n.", b"].", b"}.", b"P\n.", b"X\x01\x00\x00\x00a."]
    {
        let mut input = Input::from_reader("pipe", Waiting(Cursor::new(pickle))).unwrap();
        let mut out = [0; 64];
        assert_eq!(input.reader().read(&mut out).unwrap(), pickle.len());
        assert_eq!(input.sniff(), None);
    }
}

/// Fails after some bytes as a broken disk does.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::from_raw_os_error(5)),
            n => Ok(n),
        }
    }
}

#[test]
fn an_error_of_the_disk_is_not_called_damage() {
    let packed = gzip(&pickle());
    for data in [packed[..packed.len() / 2].to_vec(), packed, b"\x80\x04".to_vec(), Vec::new()] {
        let mut input = Input::from_reader("disk", Broken(Cursor::new(data))).unwrap();
        let failure = Failure::from(input.reader().read_to_end(&mut Vec::new()).unwrap_err());
        let Failure::Input { source, .. } = &failure else { panic!("{failure}") };
        assert_eq!(source.raw_os_error(), Some(5), "{failure}");
        assert_eq!(failure.exit_code(), 1);
    }
}

fn write(folder: &Path, name: &str, data: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, data).unwrap();
    path
}

#[test]
fn plain_files_are_mapped_and_packed_ones_are_streams() {
    let folder = tempfile::tempdir().unwrap();
    let pickle = pickle();
    let mut plain = Input::open(&write(folder.path(), "a.pkl.gz", &pickle), &RawOptions::default()).unwrap();
    assert!(plain.layers().is_empty(), "the name says nothing");
    assert!(plain.as_slice().unwrap() == pickle);
    let mut out = Vec::new();
    plain.reader().read_to_end(&mut out).unwrap();
    assert!(out == pickle);
    assert_eq!((plain.size(), plain.position()), (Some(pickle.len() as u64), pickle.len() as u64));

    let packed = gzip(&pickle);
    let input = Input::open(&write(folder.path(), "b.pkl", &packed), &RawOptions::default()).unwrap();
    assert_eq!((input.layers(), input.size()), (&[Layer::Gzip][..], Some(packed.len() as u64)));
    assert!(input.as_slice().is_none());

    let mut empty = Input::open(&write(folder.path(), "empty", b""), &RawOptions::default()).unwrap();
    assert_eq!(empty.reader().read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn what_is_no_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let failure = |path: &Path| match Input::open(path, &RawOptions::default()) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(failure) => (failure.exit_code(), failure.to_string()),
    };
    let missing = folder.path().join("missing.pkl");
    assert_eq!(failure(&missing), (1, format!("{}: there is no such file", missing.display())));
    let (code, text) = failure(folder.path());
    assert!(code == 1 && text.contains("this is a directory"), "{text}");
}

#[test]
fn other_formats_are_named_inside_layers_too() {
    let npy = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'}";
    let error = pickle_core::Error::new(pickle_core::ErrorKind::UnknownOpcode, 0x93, 0);
    for (data, start) in
        [(npy.to_vec(), "test: not a pickle: this is a "), (gzip(npy), "test: not a pickle: this is gzip data, ")]
    {
        let mut input = open(data);
        assert_eq!(input.sniff(), Some(Container::Npy), "before it is read");
        input.reader().read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(input.sniff(), Some(Container::Npy), "and after");
        let failure = input.bad_pickle(0, error);
        assert!(failure.to_string().starts_with(start), "{failure}");
        // A later pickle was preceded by a good one: then it is no such file.
        assert!(matches!(input.bad_pickle(1, error), Failure::Pickle { index: 1, .. }));
    }
}

#[test]
fn the_pull_reader_takes_an_input() {
    let mut input = open(gzip(b"\x80\x04N."));
    let mut buffer = [0; 16];
    let mut ops = pickle_core::OpReader::new(&mut input, &mut buffer);
    let mut names = Vec::new();
    while let pickle_core::Step::Op(op) = ops.next().unwrap() {
        names.push(op.opcode.name());
    }
    assert_eq!(names, ["PROTO", "NONE", "STOP"]);

    let packed = gzip(&pickle());
    let mut input = open(packed[..packed.len() / 2].to_vec());
    let mut ops = pickle_core::OpReader::new(&mut input, &mut buffer);
    let error = loop {
        if let Err(error) = ops.next() {
            break error;
        }
    };
    let failure = input.bad_read(0, error);
    assert!(failure.to_string().starts_with("test: gzip data ends early"), "{failure}");
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), "good", b"N.");
    let files = [folder.path().join("missing"), good.clone(), good].map(InputFile::from);
    let mut out = Vec::new();
    let result = for_each(&files, &mut out, |_, out| Ok(out.write_all(b"seen ")?));
    assert!(matches!(result, Err(Failure::Reported)));
    assert_eq!(out, b"seen seen ");
}

#[test]
fn a_closed_pipe_ends_the_work() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), "good", b"N.");
    let mut seen = 0;
    let failure = for_each(&[good.clone(), good].map(InputFile::from), &mut Closed, |_, out| {
        seen += 1;
        Ok(out.write_all(b"x")?)
    })
    .unwrap_err();
    assert_eq!((seen, failure.exit_code()), (1, 0));
}
