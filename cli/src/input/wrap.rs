//! What was unwrapped is wrapped again as it was: the same compressions, the same member of the same zip file, the same
//! lengths, the same spelling in text.

use super::beside;
use super::containers::{self, rezip, text};
use super::file::InputFile;
use super::frames::{Frames, before_frames};
use super::layer::Layer;
use super::open::Input;
use super::part::Part;
use crate::messages::{Failure, printable};
use std::io::{self, Read, Write};
use std::path::Path;

/// What is around the pickles of a file.
pub struct Wrapping {
    /// What the file is compressed with.
    outer: Vec<Layer>,
    inside: Inside,
}

/// What is inside the compression.
enum Inside {
    Pickles,
    /// Pickles with lengths in front.
    Frames(Frames),
    /// A zip file, the member, and what that is compressed with.
    Zip(Part, String, Vec<Layer>),
    /// A text, the name of the pickle in it, and what that is compressed with.
    Text(Vec<u8>, String, Vec<Layer>),
}

impl Wrapping {
    /// What is around an input that was opened from this file.
    ///
    /// # Errors
    /// It is something that is not put back.
    pub fn of(file: &InputFile, input: &Input) -> Result<Wrapping, Failure> {
        let options = file.options();
        if !options.raw.can_be_put_back() || options.salvage || options.host.is_some() {
            let text = "what is around it is put back where it was recognised or is given by --framed and --decompress, and \
                        not with --offset, --length, --host or --salvage";
            return Err(Failure::Usage(text.into()));
        }
        let layers = input.layers();
        let (path, member) = beside::split(file);
        let path = beside::values_of(&path).unwrap_or(path);
        let is_stdin = path == Path::new("-");
        if let Some((frames, outer)) = before_frames(layers).filter(|_| member.is_none() && !is_stdin) {
            check(outer, input)?;
            return framed(&path, file, frames, outer, input);
        }
        check(layers, input)?;
        if is_stdin && member.is_none() {
            return Ok(Wrapping { outer: layers.to_vec(), inside: Inside::Pickles });
        }
        let mut whole = Input::open(&path, &options.raw)?;
        let outer = whole.layers().to_vec();
        let Some(member) = member else {
            let is_text = options.raw.is_whole() && text::whole(&mut whole)?.is_some();
            if !is_text {
                return Ok(Wrapping { outer, inside: Inside::Pickles });
            }
            check(&outer, input)?;
            return Ok(Wrapping { outer, inside: Inside::Text(read(whole)?, String::new(), layers.to_vec()) });
        };
        let is_zip = outer.is_empty() && whole.head().starts_with(b"PK");
        if let Some(part) = whole.part().filter(|_| is_zip && !member.contains('!')) {
            return Ok(Wrapping { outer, inside: Inside::Zip(part.clone(), member, layers.to_vec()) });
        }
        if containers::is_text(&mut whole) {
            check(&outer, input)?;
            return Ok(Wrapping { outer, inside: Inside::Text(read(whole)?, member, layers.to_vec()) });
        }
        Err(input.refuse(format!(
            "{} cannot be put back: only a member of a zip file that lies in no other can, and a pickle in a text",
            printable(&member)
        )))
    }

    /// Writes the whole file with these bytes as its pickles.
    ///
    /// # Errors
    /// They cannot be read, or the file not be written.
    pub fn write(&self, from: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
        match &self.inside {
            Inside::Pickles => through(&self.outer, from, out),
            Inside::Frames(frames) => {
                let mut framed = Vec::new();
                frames.put_all(from, &mut framed)?;
                through(&self.outer, &mut framed.as_slice(), out)
            }
            Inside::Zip(part, member, layers) => {
                let mut bytes = Vec::new();
                through(layers, from, &mut bytes)?;
                rezip::replace(part, member, &bytes, out)
            }
            Inside::Text(text, member, layers) => {
                let mut bytes = Vec::new();
                through(layers, from, &mut bytes)?;
                let text = text::respell(text, member, &bytes).map_err(io::Error::other)?;
                through(&self.outer, &mut text.as_slice(), out)
            }
        }
    }
}

fn read(mut input: Input) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    (&mut input as &mut dyn Read).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of them are written.
fn check(layers: &[Layer], input: &Input) -> Result<(), Failure> {
    let strange = |layer: &&Layer| matches!(layer, Layer::Zfile | Layer::Framed | Layer::Counted(_) | Layer::Named(_));
    match layers.iter().find(strange) {
        Some(layer) => {
            Err(input.refuse(format!("it is {layer}, which is not written again here: say -o OUT, without --rewrap")))
        }
        None => Ok(()),
    }
}

/// Lengths that are written again as they were: one in front of each pickle, and nothing else.
fn framed(path: &Path, file: &InputFile, frames: Frames, outer: &[Layer], input: &Input) -> Result<Wrapping, Failure> {
    let raw = &file.options().raw;
    if frames.are_those_of(Input::open(path, raw)?, Input::open_before_frames(path, raw)?)? {
        return Ok(Wrapping { outer: outer.to_vec(), inside: Inside::Frames(frames) });
    }
    Err(input.refuse(
        "not each of its pickles has its length in front, and nothing else is there: say -o OUT, without --rewrap",
    ))
}

/// Through these compressions, the outermost first.
fn through(layers: &[Layer], from: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    let Some((outermost, rest)) = layers.split_first() else { return io::copy(from, out).map(drop) };
    match outermost {
        Layer::Gzip => {
            let mut packer = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            through(rest, from, &mut packer)?;
            packer.finish().map(drop)
        }
        Layer::Zlib => {
            let mut packer = flate2::write::ZlibEncoder::new(out, flate2::Compression::default());
            through(rest, from, &mut packer)?;
            packer.finish().map(drop)
        }
        Layer::Bzip2 => {
            let mut packer = bzip2::write::BzEncoder::new(out, bzip2::Compression::best());
            through(rest, from, &mut packer)?;
            packer.finish().map(drop)
        }
        Layer::Xz => {
            let mut packer = liblzma::write::XzEncoder::new(out, 6);
            through(rest, from, &mut packer)?;
            packer.finish().map(drop)
        }
        Layer::Lzma => {
            let options = liblzma::stream::LzmaOptions::new_preset(6).map_err(io::Error::from)?;
            let stream = liblzma::stream::Stream::new_lzma_encoder(&options).map_err(io::Error::from)?;
            let mut packer = liblzma::write::XzEncoder::new_stream(out, stream);
            through(rest, from, &mut packer)?;
            packer.finish().map(drop)
        }
        Layer::Zstd => {
            let mut packer = zstd::stream::write::Encoder::new(out, 0)?;
            through(rest, from, &mut packer)?;
            packer.finish().map(drop)
        }
        Layer::Lz4 => {
            let mut packer = lz4_flex::frame::FrameEncoder::new(out);
            through(rest, from, &mut packer)?;
            packer.finish().map(drop).map_err(io::Error::other)
        }
        Layer::Snappy => {
            let mut packer = snap::write::FrameEncoder::new(out);
            through(rest, from, &mut packer)?;
            packer.flush()
        }
        Layer::Zfile | Layer::Framed | Layer::Counted(_) | Layer::Named(_) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, format!("{outermost} is not written")))
        }
    }
}
