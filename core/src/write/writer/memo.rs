//! The memo table: the values that have been written, each with its index.
//!
//! Containers and objects are known by their node: an array. Strs and bytes
//! are known by the place of their bytes. Places come nearly always in
//! ascending order, so they are a sorted list, with a small cache in front
//! for what is fetched again and again; the rest goes to a tree.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Not written.
const NEW: u32 = u32::MAX;
/// Its arguments are being written.
const OPEN: u32 = u32::MAX - 1;
/// The same, and it was met again among them.
const MET: u32 = u32::MAX - 2;

/// Entries of the cache.
const CACHE: usize = 1 << 10;

#[derive(Clone, Default)]
pub(super) struct Memo {
    /// Numbers given so far.
    pub count: u32,
    nodes: Vec<u32>,
    places: Vec<u64>,
    numbers: Vec<u32>,
    cache: Vec<(u64, u32)>,
    late: BTreeMap<u64, u32>,
    /// What no node stands for: names and texts that this protocol wants.
    made: BTreeMap<Vec<u8>, u32>,
}

impl Memo {
    pub fn clear(&mut self) {
        self.count = 0;
        self.nodes.clear();
        self.places.clear();
        self.numbers.clear();
        self.cache.clear();
        self.cache.resize(CACHE, (u64::MAX, NEW));
        self.late.clear();
        self.made.clear();
    }

    pub fn resize(&mut self, nodes: usize) {
        self.nodes.resize(nodes, NEW);
        self.cache.resize(CACHE, (u64::MAX, NEW));
    }

    /// The number of a node.
    #[inline(always)]
    pub fn node(&self, id: u32) -> Option<u32> {
        self.nodes.get(id as usize).copied().filter(|&number| number < MET)
    }

    #[inline(always)]
    pub fn set_node(&mut self, id: u32, number: u32) {
        if let Some(slot) = self.nodes.get_mut(id as usize) {
            *slot = number;
        }
    }

    /// The node is written from the start the next time.
    pub fn forget_node(&mut self, id: u32) {
        self.set_node(id, NEW);
    }

    /// Begins the arguments of an object: true if they had begun already, and this is the second time.
    pub fn open(&mut self, id: u32) -> bool {
        let Some(slot) = self.nodes.get_mut(id as usize) else { return false };
        let again = *slot == OPEN;
        if *slot == NEW || again {
            *slot = if again { MET } else { OPEN };
        }
        again
    }

    #[inline(always)]
    fn slot(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
    }

    /// The number of what lies at a place.
    #[inline(always)]
    pub fn place(&mut self, key: u64) -> Option<u32> {
        let slot = Self::slot(key);
        if let Some(&(cached, number)) = self.cache.get(slot)
            && cached == key
        {
            return Some(number);
        }
        match self.places.last() {
            Some(&last) if key <= last => self.place_before(key, slot),
            _ => None,
        }
    }

    #[inline(never)]
    fn place_before(&mut self, key: u64, slot: usize) -> Option<u32> {
        let number = match self.places.binary_search(&key) {
            Ok(at) => self.numbers.get(at).copied()?,
            Err(_) => self.late.get(&key).copied()?,
        };
        if let Some(cached) = self.cache.get_mut(slot) {
            *cached = (key, number);
        }
        Some(number)
    }

    #[inline(always)]
    pub fn set_place(&mut self, key: u64, number: u32) {
        if let Some(cached) = self.cache.get_mut(Self::slot(key)) {
            *cached = (key, number);
        }
        match self.places.last() {
            Some(&last) if key <= last => {
                self.late.insert(key, number);
            }
            _ => {
                self.places.push(key);
                self.numbers.push(number);
            }
        }
    }

    pub fn made(&self, key: &[u8]) -> Option<u32> {
        self.made.get(key).copied()
    }

    pub fn set_made(&mut self, key: &[u8], number: u32) {
        self.made.insert(key.to_vec(), number);
    }
}
