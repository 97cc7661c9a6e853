//! Tar archives, among them the very first files of torch.

use super::format::{Format, Open, Recognise};
use super::{Data, Member};
use crate::Failure;
use crate::input::{Container, Input, Part, sniff};

/// The row of the table. A tar archive begins with any name, so the header's checksum has to be right.
pub(super) const FORMAT: Format = Format {
    name: "tar",
    what: "a tar archive",
    recognise: Recognise::Head(|head| sniff(head) == Some(Container::Tar) && is_header(head)),
    open: Open::Members(members),
    all: false,
};

/// The first block is a header: the sum of its bytes is the one that it says (POSIX `ustar`).
fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<512>() else { return false };
    let blank = 148..156;
    let sum: u32 =
        block.iter().enumerate().map(|(i, &byte)| u32::from(if blank.contains(&i) { b' ' } else { byte })).sum();
    let text = block.get(blank.clone()).unwrap_or_default();
    let digits = text.iter().skip_while(|&&b| b == b' ').take_while(|b| b.is_ascii_digit());
    digits.fold(0u32, |n, &digit| n.saturating_mul(8).saturating_add(u32::from(digit - b'0'))) == sum
}

/// The files in the archive.
fn members(input: &Input, part: &Part) -> Result<Vec<Member>, Failure> {
    let fail = |source| Failure::Input { name: input.name().to_owned(), source };
    let mut archive = ::tar::Archive::new(part.reader());
    let mut members = Vec::new();
    for entry in archive.entries_with_seek().map_err(fail)? {
        let entry = match entry {
            Ok(entry) => entry,
            // What came before is there all the same.
            Err(_) if !members.is_empty() => break,
            Err(error) => return Err(fail(error)),
        };
        if entry.header().entry_type().is_file() {
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let data = Data::Stored(part.slice(entry.raw_file_position(), entry.size()));
            members.push(Member { name, data });
        }
    }
    Ok(members)
}
