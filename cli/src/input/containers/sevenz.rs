//! 7-Zip archives. Their files are compressed together, so all are unpacked to a temporary file, one after another.

use super::format::{Format, Open, Recognise};
use super::{Data, Member};
use crate::Failure;
use crate::input::{Container, Input, Part, sniff};
use crate::pieces::SMALL_PIECE;
use sevenz_rust2::{ArchiveReader, Error, Password};
use std::fs::File;
use std::io::{self, Read};
use std::rc::Rc;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "7z",
    what: "a 7-Zip archive",
    recognise: Recognise::Head(|head| sniff(head) == Some(Container::SevenZip)),
    open: Open::Members(members),
    all: false,
};

/// The files in the archive. One that cannot be unpacked says so when it is read; what was compressed with it, behind it, too.
fn members(input: &Input, part: &Part) -> Result<Vec<Member>, Failure> {
    let refuse = |error: &Error| Failure::Refused { name: input.name().to_owned(), text: explain(error) };
    let mut archive = ArchiveReader::new(part.reader(), Password::empty()).map_err(|error| refuse(&error))?;
    // One thread: the others would each hold a dictionary.
    archive.set_thread_count(1);
    let file = Rc::new(tempfile::tempfile().map_err(Failure::System)?);
    let mut end = 0;
    let mut members: Vec<Member> = Vec::new();
    let result = archive.for_each_entries(|entry, data| {
        if entry.is_directory() || entry.is_anti_item() {
            return Ok(true);
        }
        let start = end;
        let unpacked = unpack(data, &file, &mut end);
        let data = match &unpacked {
            Ok(()) => Data::Stored(Part::new(file.clone(), start, end - start)),
            Err(error) => Data::Unreadable(format!("it cannot be unpacked: {error}")),
        };
        members.push(Member { name: entry.name().to_owned(), data });
        unpacked.map(|()| true).map_err(|error| Error::Io(error, "".into()))
    });
    // What came before is there all the same.
    let listed = archive.archive().files.iter().filter(|entry| !entry.is_directory() && !entry.is_anti_item());
    if let Err(error) = result {
        let why = explain(&error);
        for entry in listed {
            if !members.iter().any(|member| member.name == entry.name()) {
                members.push(Member { name: entry.name().to_owned(), data: Data::Unreadable(why.clone()) });
            }
        }
    }
    Ok(members)
}

/// Copies to the end of the file.
fn unpack(from: &mut dyn Read, mut file: &File, end: &mut u64) -> io::Result<()> {
    let mut piece = vec![0; SMALL_PIECE];
    loop {
        let n = from.read(&mut piece)?;
        if n == 0 {
            return Ok(());
        }
        io::Write::write_all(&mut file, piece.get(..n).unwrap_or_default())?;
        *end += n as u64;
    }
}

/// What is wrong, in words.
fn explain(error: &Error) -> String {
    match error {
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => {
            "the 7-Zip archive is encrypted".into()
        }
        Error::UnsupportedCompressionMethod(method) => {
            format!("the 7-Zip archive is compressed with {method}, which is not known")
        }
        Error::PasswordRequired | Error::MaybeBadPassword(_) => "the 7-Zip archive is encrypted".into(),
        Error::ChecksumVerificationFailed | Error::NextHeaderCrcMismatch => {
            "the 7-Zip archive is damaged: a checksum is wrong".into()
        }
        Error::Io(error, _) => format!("the 7-Zip archive cannot be unpacked: {error}"),
        error => format!("the 7-Zip archive is damaged: {error}"),
    }
}
