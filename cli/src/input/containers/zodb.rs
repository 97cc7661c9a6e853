//! ZODB's exports, and its FileStorage: transactions of data records, each two pickles that
//! share a memo (`ZODB.FileStorage.format`).

use super::format::{Format, Open, Recognise, plain};
use super::{Data, Member, keyed};
use crate::input::Part;
use std::io;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "zodb",
    what: "a ZODB FileStorage",
    recognise: Recognise::Head(is_file_storage),
    open: Open::Members(|input, part| plain(input, records(part))),
    all: true,
};

/// Bytes of a transaction's header: id, length, status, three lengths of text.
const TRANSACTION: u64 = 23;
/// Bytes of a record's header: object, transaction, two places, length of a version, length of the data.
const RECORD: u64 = 42;

/// Begins with the magic number of a FileStorage.
fn is_file_storage(head: &[u8]) -> bool {
    matches!(head, [b'F', b'S', b'2' | b'3', b'0' | b'1', ..])
}

/// Every data record, in the order of the file, named `OBJECT/TRANSACTION` in hexadecimal.
fn records(part: &Part) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut at = 4;
    while let Some(header) = read::<{ TRANSACTION as usize }>(part, at)? {
        let length = u64_at(&header, 8);
        let texts = [17, 19, 21].map(|i| u64::from(u16_at(&header, i))).iter().sum::<u64>();
        // The length stands again behind the transaction and does not count itself.
        let end = at.saturating_add(length);
        let mut record = at + TRANSACTION + texts;
        if length < TRANSACTION || end > part.len() {
            break;
        }
        while record.saturating_add(RECORD) <= end {
            let Some(header) = read::<{ RECORD as usize }>(part, record)? else { break };
            let data = record + RECORD;
            let size = u64_at(&header, 34);
            if size == 0 {
                // The data of an undone or copied record is elsewhere: eight bytes say where.
                record = data + 8;
                continue;
            }
            let (object, transaction) = (u64_at(&header, 0), u64_at(&header, 8));
            let name = format!("{object:016x}/{transaction:016x}");
            members.push(Member { name, data: Data::Stored(part.slice(data, size.min(end - data))) });
            record = data.saturating_add(size);
        }
        at = end + 8;
    }
    Ok(members)
}

/// The row of exports, as `Connection.exportFile` writes them.
pub(super) const EXPORT: Format = Format {
    name: "zexp",
    what: "a ZODB export",
    recognise: Recognise::Head(|head| head.starts_with(b"ZEXP")),
    open: Open::Members(|input, part| plain(input, exported(part))),
    all: true,
};

/// Every object, in the order of the file, named by its number in hexadecimal (`ZODB.ExportImport`): the number and a length, 8 bytes
/// each, then the data.
fn exported(part: &Part) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    let mut at = 4;
    while let Some(header) = read::<16>(part, at)? {
        if header == [0xff; 16] {
            return Ok(members);
        }
        let (object, size) = (u64_at(&header, 0), u64_at(&header, 8));
        if size > part.len() - (at + 16) {
            break;
        }
        members.push(Member { name: format!("{object:016x}"), data: Data::Stored(part.slice(at + 16, size)) });
        at += 16 + size;
    }
    let text = format!("the export is cut off or damaged from byte {at} on");
    members.push(Member { name: keyed::DAMAGED.into(), data: Data::Unreadable(text) });
    Ok(members)
}

fn read<const N: usize>(part: &Part, at: u64) -> io::Result<Option<[u8; N]>> {
    Ok(part.bytes_at(at, N)?.try_into().ok())
}

fn u64_at(header: &[u8], at: usize) -> u64 {
    header.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}

fn u16_at(header: &[u8], at: usize) -> u16 {
    header.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_be_bytes)
}
