//! What was unwrapped is wrapped again as it was: the same compressions, the same member of the same zip file.

use super::containers::{self, rezip};
use super::file::InputFile;
use super::layer::Layer;
use super::open::Input;
use super::part::Part;
use crate::messages::{Failure, printable};
use std::io::{self, Read, Write};

/// What is around the pickles of a file.
pub struct Wrapping {
    layers: Vec<Layer>,
    /// The zip file, and the member.
    zip: Option<(Part, String)>,
}

impl Wrapping {
    /// What is around an input that was opened from this file.
    ///
    /// # Errors
    /// It is something that is not put back.
    pub fn of(file: &InputFile, input: &Input) -> Result<Wrapping, Failure> {
        let options = file.options();
        if !options.raw.is_whole() || options.salvage || options.host.is_some() {
            let text =
                "what is around it is put back where it was recognised, not where it was told, nor with --salvage";
            return Err(Failure::Usage(text.into()));
        }
        let layers = input.layers().to_vec();
        let strange = |layer: &&Layer| matches!(layer, Layer::Zfile | Layer::Framed | Layer::Named(_));
        if let Some(layer) = layers.iter().find(strange) {
            return Err(
                input.refuse(format!("it is {layer}, which is not written again: say -o OUT, without --rewrap"))
            );
        }
        let (path, member) = containers::split(file);
        let Some(member) = member else { return Ok(Wrapping { layers, zip: None }) };
        let mut archive = Input::open(&path, &options.raw)?;
        let is_zip = archive.layers().is_empty() && archive.head().starts_with(b"PK");
        match archive.part() {
            Some(part) if is_zip && !member.contains('!') => Ok(Wrapping { layers, zip: Some((part.clone(), member)) }),
            _ => Err(input.refuse(format!(
                "{} cannot be put back: only a member of a zip file that lies in no other can",
                printable(&member)
            ))),
        }
    }

    /// Writes the whole file with these bytes as its pickles.
    ///
    /// # Errors
    /// They cannot be read, or the file not be written.
    pub fn write(&self, from: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
        let Some((part, member)) = &self.zip else { return through(&self.layers, from, out) };
        let mut bytes = Vec::new();
        through(&self.layers, from, &mut bytes)?;
        rezip::replace(part, member, &bytes, out)
    }
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
        Layer::Zfile | Layer::Framed | Layer::Named(_) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, format!("{outermost} is not written")))
        }
    }
}
