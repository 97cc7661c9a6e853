//! Berkeley DB, hash and btree: what `dbm.ndbm` writes on Debian, and `bsddb`, `bsddb3` and `berkeleydb` everywhere
//! (`db_page.h`, versions 2 to 18). Leaf pages are read one after the other: the trees above them only say where to look.

use super::bytes::{Block, Order};
use super::format::{Format, Open, Recognise, plain};
use super::keyed::{Keyed, Record};
use crate::input::Part;
use std::io;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "bdb",
    what: "a Berkeley DB",
    recognise: Recognise::Head(is_bdb),
    open: Open::Members(|input, part| plain(input, records(part)).map(Keyed::into_members)),
    all: false,
};

const HASH: u32 = 0x0006_1561;
const BTREE: u32 = 0x0005_3162;
/// Bytes of a page in front of its index.
const HEADER: usize = 26;

/// Kinds of pages (byte 25).
const HASH_UNSORTED: u8 = 2;
const BTREE_LEAF: u8 = 5;
const OVERFLOW: u8 = 7;
const HASH_PAGE: u8 = 13;

/// Kinds of items on a btree page; the highest bit says that the item is deleted.
const KEY_DATA: u8 = 1;
const DUPLICATE: u8 = 2;
const OVERFLOWS: u8 = 3;
const DELETED: u8 = 0x80;

/// Kinds of items on a hash page.
const HASH_KEY_DATA: u8 = 1;
const HASH_DUPLICATES: u8 = 2;
const HASH_OFF_PAGE: u8 = 3;

fn order(head: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|&order| {
        let block = Block::new(head, order);
        matches!(block.u32(12), HASH | BTREE)
            && block.u32(20).is_power_of_two()
            && (512..=65_536).contains(&block.u32(20))
    })
}

/// Begins with the meta page of a hash or a btree.
fn is_bdb(head: &[u8]) -> bool {
    order(head).is_some()
}

/// Every record, page by page.
fn records(part: &Part) -> io::Result<Keyed> {
    let mut keyed = Keyed::default();
    let head = part.bytes_at(0, 512)?;
    let Some(order) = order(&head) else { return Ok(keyed) };
    let meta = Block::new(&head, order);
    let size = meta.u32(20) as usize;
    if meta.u8(24) != 0 {
        keyed.damage("it is encrypted");
        return Ok(keyed);
    }
    let file = File { part, order, size };
    for number in 1..part.len().div_ceil(size as u64) {
        let page = file.page(number)?;
        if page.len() < size {
            keyed.damage("the last page is cut off");
            break;
        }
        let block = Block::new(&page, order);
        let items = match block.u8(25) {
            HASH_PAGE | HASH_UNSORTED => file.hash_items(block, &mut keyed)?,
            BTREE_LEAF => file.btree_items(block, &mut keyed)?,
            _ => continue,
        };
        let mut items = items.into_iter();
        while let (Some(key), Some(values)) = (items.next(), items.next()) {
            let Some(key) = key.into_iter().next() else { continue };
            for value in values {
                keyed.push(Record::gathered(key.clone(), value));
            }
        }
    }
    Ok(keyed)
}

struct File<'p> {
    part: &'p Part,
    order: Order,
    size: usize,
}

/// What stands at one place of a page: nothing where it is deleted, several values of one key where the database allows it.
type Values = Vec<Vec<u8>>;

impl File<'_> {
    fn page(&self, number: u64) -> io::Result<Vec<u8>> {
        self.part.bytes_at(number.saturating_mul(self.size as u64), self.size)
    }

    fn hash_items(&self, block: Block<'_>, keyed: &mut Keyed) -> io::Result<Vec<Values>> {
        let count = usize::from(block.u16(20));
        let mut items = Vec::new();
        let mut end = self.size;
        for i in 0..count {
            let start = usize::from(block.u16(HEADER + 2 * i));
            let Some(item) = block.bytes.get(start..end) else {
                keyed.damage("an item lies outside of its page");
                return Ok(items);
            };
            end = start;
            let fields = Block::new(item, self.order);
            items.push(match fields.u8(0) {
                HASH_KEY_DATA => vec![item.get(1..).unwrap_or_default().to_vec()],
                HASH_DUPLICATES => duplicates(fields),
                HASH_OFF_PAGE => vec![self.overflow(fields.u32(4), fields.u32(8), keyed)?],
                _ => {
                    keyed.damage("values of one key on pages of their own are not read");
                    Vec::new()
                }
            });
        }
        Ok(items)
    }

    fn btree_items(&self, block: Block<'_>, keyed: &mut Keyed) -> io::Result<Vec<Values>> {
        let count = usize::from(block.u16(20));
        let mut items = Vec::new();
        for i in 0..count {
            let at = usize::from(block.u16(HEADER + 2 * i));
            let kind = block.u8(at + 2);
            if kind & DELETED != 0 {
                items.push(Vec::new());
                continue;
            }
            items.push(match kind {
                KEY_DATA => match block.bytes.get(at + 3..at + 3 + usize::from(block.u16(at))) {
                    Some(bytes) => vec![bytes.to_vec()],
                    None => {
                        keyed.damage("an item lies outside of its page");
                        Vec::new()
                    }
                },
                OVERFLOWS => vec![self.overflow(block.u32(at + 4), block.u32(at + 8), keyed)?],
                DUPLICATE => {
                    keyed.damage("values of one key on pages of their own are not read");
                    Vec::new()
                }
                _ => {
                    keyed.damage("an item is of an unknown kind");
                    Vec::new()
                }
            });
        }
        Ok(items)
    }

    /// A value that lies on a chain of pages.
    fn overflow(&self, first: u32, len: u32, keyed: &mut Keyed) -> io::Result<Vec<u8>> {
        let mut value = Vec::new();
        let mut next = first;
        while next != 0 && value.len() < len as usize {
            let page = self.page(next.into())?;
            let block = Block::new(&page, self.order);
            // `hf_offset` is the number of bytes on an overflow page. None would be a chain without an end.
            let bytes = page.get(HEADER..HEADER + usize::from(block.u16(22))).unwrap_or_default();
            if block.u8(25) != OVERFLOW || bytes.is_empty() {
                break;
            }
            value.extend_from_slice(bytes);
            next = block.u32(16);
        }
        if value.len() != len as usize {
            keyed.damage("a chain of pages ends early");
        }
        Ok(value)
    }
}

/// Values of one key on one page: each between its length and its length again.
fn duplicates(item: Block<'_>) -> Values {
    let mut values = Vec::new();
    let mut at = 1;
    while at + 2 <= item.bytes.len() {
        let len = usize::from(item.u16(at));
        let Some(value) = item.bytes.get(at + 2..at + 2 + len) else { break };
        values.push(value.to_vec());
        at += len + 4;
    }
    values
}
