//! LMDB, read page by page without its lock file: `data.mdb` (`mdb.c`, format version 1).

use super::bytes::{Block, Order};
use super::format::{Format, Open, Recognise, plain};
use super::keyed::{Keyed, Record};
use crate::input::Part;
use std::collections::HashSet;
use std::io;

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "lmdb",
    what: "an LMDB",
    recognise: Recognise::Head(is_lmdb),
    open: Open::Members(|input, part| plain(input, records(part)).map(Keyed::into_members)),
    all: false,
};

const MAGIC: u32 = 0xbeef_c0de;
/// Bytes of a page in front of its content.
const HEADER: usize = 16;
/// Bytes of a node in front of its key.
const NODE: usize = 8;
/// Databases inside databases that are opened: LMDB itself has one level.
const MAX_DEPTH: usize = 4;

const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const META: u16 = 0x08;
/// A leaf of values of one size, without nodes (`P_LEAF2`).
const LEAF2: u16 = 0x20;

/// The value lies on pages of its own.
const BIG: u16 = 0x01;
/// The value is a database.
const SUB: u16 = 0x02;
/// The value is a list of values of the same key.
const DUP: u16 = 0x04;

/// The two first pages say so.
fn order(head: &[u8]) -> Option<Order> {
    let of = |order| {
        let block = Block::new(head, order);
        (block.u16(10) & META != 0 && block.u32(16) == MAGIC && block.u32(20) == 1).then_some(order)
    };
    of(Order::Little).or_else(|| of(Order::Big))
}

/// Begins with a meta page.
fn is_lmdb(head: &[u8]) -> bool {
    order(head).is_some()
}

/// Every record of the main database, and those of named databases as `DATABASE/KEY`.
fn records(part: &Part) -> io::Result<Keyed> {
    let mut keyed = Keyed::default();
    let head = part.bytes_at(0, 256)?;
    let Some(order) = order(&head) else { return Ok(keyed) };
    // The free list's `md_pad` is the size of a page.
    let size = Block::new(&head, order).u32(40) as usize;
    if !(256..=65_536).contains(&size) || !size.is_power_of_two() {
        keyed.damage("the size of a page is impossible");
        return Ok(keyed);
    }
    let second = part.bytes_at(size as u64, 256)?;
    let newest = [head, second]
        .into_iter()
        .filter(|page| Block::new(page, order).u32(16) == MAGIC)
        .max_by_key(|page| Block::new(page, order).u64(144));
    let Some(meta) = newest else { return Ok(keyed) };
    let root = Block::new(&meta, order).u64(88 + 40);
    let mut reader = Reader { part, order, size, seen: HashSet::new(), keyed };
    reader.tree(root, &[], 0, false)?;
    Ok(reader.keyed)
}

struct Reader<'p> {
    part: &'p Part,
    order: Order,
    size: usize,
    /// Pages that have been read: each belongs to one place of one tree.
    seen: HashSet<u64>,
    keyed: Keyed,
}

impl Reader<'_> {
    /// The records below a page, in the order of their keys; `name` is that of the database. In the tree of the values of one
    /// key (`values`), the keys are what counts.
    fn tree(&mut self, root: u64, name: &[u8], depth: usize, values: bool) -> io::Result<()> {
        let mut number_of_value = 0;
        let mut pending = vec![root];
        while let Some(number) = pending.pop() {
            // An empty database has no root.
            if number == u64::MAX {
                continue;
            }
            if !self.seen.insert(number) {
                self.keyed.damage("a page is part of two trees");
                continue;
            }
            let page = self.part.bytes_at(number.saturating_mul(self.size as u64), self.size)?;
            let block = Block::new(&page, self.order);
            if page.len() < self.size {
                self.keyed.damage("a page lies behind the end of the file");
                continue;
            }
            let count = usize::from(block.u16(12)).saturating_sub(HEADER) / 2;
            let nodes = (0..count).map(|i| usize::from(block.u16(HEADER + 2 * i)));
            match block.u16(10) & (BRANCH | LEAF | LEAF2) {
                BRANCH => pending.extend(nodes.rev().map(|at| {
                    u64::from(block.u16(at)) | u64::from(block.u16(at + 2)) << 16 | u64::from(block.u16(at + 4)) << 32
                })),
                LEAF if values => {
                    for at in nodes {
                        let value = at + NODE..at + NODE + usize::from(block.u16(at + 6));
                        let key = [name, format!("[{number_of_value}]").as_bytes()].concat();
                        let value = page.get(value).unwrap_or_default().to_vec();
                        self.keyed.push(Record::gathered(key, value));
                        number_of_value += 1;
                    }
                }
                LEAF => {
                    for at in nodes {
                        self.leaf(block, at, name, depth)?;
                    }
                }
                _ => self.keyed.damage("a page is of an unknown kind"),
            }
        }
        Ok(())
    }

    fn leaf(&mut self, block: Block<'_>, at: usize, name: &[u8], depth: usize) -> io::Result<()> {
        let (flags, key_size) = (block.u16(at + 4), usize::from(block.u16(at + 6)));
        // The two halves of the size change places with the byte order.
        let (first, second) = (usize::from(block.u16(at)), usize::from(block.u16(at + 2)));
        let size = if self.order == Order::Little { first | second << 16 } else { first << 16 | second };
        let value = at + NODE + key_size;
        let Some(key) = block.bytes.get(at + NODE..value) else {
            self.keyed.damage("a key lies outside of its page");
            return Ok(());
        };
        let mut full = name.to_vec();
        if !name.is_empty() {
            full.push(b'/');
        }
        full.extend_from_slice(key);
        if flags & BIG != 0 {
            let start = block.u64(value).saturating_mul(self.size as u64).saturating_add(HEADER as u64);
            if start.saturating_add(size as u64) > self.part.len() {
                self.keyed.damage("a value lies behind the end of the file");
            }
            self.keyed.push(Record::stored(full, self.part.slice(start, size as u64)));
        } else if flags & SUB != 0 {
            if depth == MAX_DEPTH {
                self.keyed.damage("databases lie too deep in each other");
                return Ok(());
            }
            return self.tree(block.u64(value + 40), &full, depth + 1, flags & DUP != 0);
        } else {
            let Some(bytes) = block.bytes.get(value..value.saturating_add(size)) else {
                self.keyed.damage("a value lies outside of its page");
                return Ok(());
            };
            if flags & DUP != 0 {
                self.duplicates(bytes, &full);
            } else {
                self.keyed.push(Record::gathered(full, bytes.to_vec()));
            }
        }
        Ok(())
    }

    /// A page inside a node: values of the same key, which are the keys of its nodes.
    fn duplicates(&mut self, page: &[u8], name: &[u8]) {
        let block = Block::new(page, self.order);
        let count = usize::from(block.u16(12)).saturating_sub(HEADER) / 2;
        let fixed = block.u16(10) & LEAF2 != 0;
        let width = usize::from(block.u16(8));
        for i in 0..count {
            let range = if fixed {
                HEADER + i * width..HEADER + (i + 1) * width
            } else {
                let at = usize::from(block.u16(HEADER + 2 * i));
                at + NODE..at + NODE + usize::from(block.u16(at + 6))
            };
            match page.get(range) {
                Some(value) => {
                    let key = [name, format!("[{i}]").as_bytes()].concat();
                    self.keyed.push(Record::gathered(key, value.to_vec()));
                }
                None => self.keyed.damage("a value lies outside of its page"),
            }
        }
    }
}
