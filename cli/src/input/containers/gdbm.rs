//! GNU dbm, the database of `dbm.gnu` and so of most shelves on Linux: a header, a directory of buckets, and in
//! each bucket where its keys and values lie (`gdbmdefs.h`). Numbers have the size and the byte order of the machine
//! that wrote them; both show in the magic number.

use super::bytes::{Block, Order};
use super::format::{Format, Open, Recognise, plain};
use super::keyed::{Keyed, Record};
use crate::input::Part;
use std::io;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "gdbm",
    what: "a GNU dbm database",
    recognise: Recognise::Head(is_gdbm),
    open: Open::Members(|input, part| plain(input, records(part)).map(Keyed::into_members)),
    all: false,
};

/// Entries of the list of free blocks in front of a bucket (`BUCKET_AVAIL`).
const BUCKET_AVAIL: u64 = 6;
/// Bytes of a directory that are read: 16 million buckets.
const MAX_DIRECTORY: usize = 128 << 20;
/// Larger buckets are damage.
const MAX_BUCKET: usize = 16 << 20;

/// What the magic number tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flavour {
    order: Order,
    /// Bytes of a file offset: 4 or 8.
    offset: u64,
}

fn flavour(head: &[u8]) -> Option<Flavour> {
    let magic = *head.first_chunk::<4>()?;
    [(Order::Little, u32::from_le_bytes(magic)), (Order::Big, u32::from_be_bytes(magic))].into_iter().find_map(
        |(order, magic)| {
            let offset = match magic {
                0x1357_9acd | 0x1357_9ad0 => 4,
                0x1357_9acf | 0x1357_9ad1 => 8,
                // The first versions did not tell; the offset of the directory, a block's size, is right for one of them.
                0x1357_9ace => {
                    let block = Block::new(head, order);
                    let wide = block.u64(8) != 0 && block.u64(8) < u64::from(u32::MAX);
                    if wide { 8 } else { 4 }
                }
                _ => return None,
            };
            Some(Flavour { order, offset })
        },
    )
}

/// Begins with one of the magic numbers.
fn is_gdbm(head: &[u8]) -> bool {
    flavour(head).is_some()
}

/// Every record, in the order of the buckets, as `firstkey` and `nextkey` give them.
fn records(part: &Part) -> io::Result<Keyed> {
    let head = part.bytes_at(0, 64)?;
    let Some(flavour) = flavour(&head) else { return Ok(Keyed::default()) };
    let header = Block::new(&head, flavour.order);
    // int magic, int block_size, off_t dir, int dir_size, int dir_bits, int bucket_size, ...
    let (directory, rest) = if flavour.offset == 8 { (header.u64(8), 16) } else { (u64::from(header.u32(8)), 12) };
    let (size, bucket_size) = (header.u32(rest) as usize, header.u32(rest + 8) as usize);
    let mut keyed = Keyed::default();
    if bucket_size > MAX_BUCKET || size > MAX_DIRECTORY {
        keyed.damage("the header of the database says impossible sizes");
        return Ok(keyed);
    }
    let table = part.bytes_at(directory, size)?;
    if table.len() < size {
        keyed.damage("the directory of the database lies behind the end of the file");
    }
    let table = Block::new(&table, flavour.order);
    let mut last = None;
    for at in (0..size).step_by(flavour.offset as usize) {
        let bucket = if flavour.offset == 8 { table.u64(at) } else { u64::from(table.u32(at)) };
        // Neighbours share a bucket that has not been split yet.
        if bucket == 0 || last.replace(bucket) == Some(bucket) {
            continue;
        }
        read_bucket(part, flavour, bucket, bucket_size, &mut keyed)?;
    }
    Ok(keyed)
}

fn read_bucket(part: &Part, flavour: Flavour, at: u64, size: usize, keyed: &mut Keyed) -> io::Result<()> {
    let bytes = part.bytes_at(at, size)?;
    let bucket = Block::new(&bytes, flavour.order);
    // int av_count; avail_elem bucket_avail[6] (int size, off_t place); int bucket_bits; int count; elements
    let wide = flavour.offset == 8;
    let avail = if wide { 8 + BUCKET_AVAIL as usize * 16 } else { 4 + BUCKET_AVAIL as usize * 8 };
    let (first, element) = if wide { (avail + 8, 24) } else { (avail + 8, 20) };
    let mut left = bucket.u32(avail + 4);
    for at in (first..bytes.len().saturating_sub(element - 1)).step_by(element) {
        // int hash_value; char key_start[4]; off_t data_pointer; int key_size; int data_size
        if bucket.u32(at) == u32::MAX {
            continue;
        }
        let (place, sizes) = if wide { (bucket.u64(at + 8), at + 16) } else { (bucket.u32(at + 8).into(), at + 12) };
        let (key, value) = (u64::from(bucket.u32(sizes)), u64::from(bucket.u32(sizes + 4)));
        left = left.saturating_sub(1);
        if place.saturating_add(key).saturating_add(value) > part.len() {
            keyed.damage("a record lies behind the end of the file");
            continue;
        }
        keyed.push(Record::stored(part.bytes_at(place, key as usize)?, part.slice(place + key, value)));
    }
    if left != 0 {
        keyed.damage("a bucket has fewer records than it says");
    }
    Ok(())
}
