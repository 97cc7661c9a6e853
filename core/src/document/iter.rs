//! The cursor over the cells of containers.

use super::Document;
use crate::machine::node::{NIL, Node};

/// Cells that lie in one run or in a chain of chunks. It does not borrow the document.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Cells {
    at: u32,
    here: u32,
    next: u32,
    left: u32,
}

impl Cells {
    /// No cells.
    pub const NONE: Cells = Cells { at: 0, here: 0, next: NIL, left: 0 };

    /// Cells that lie together.
    pub fn run(at: u32, count: u32) -> Self {
        Cells { at, here: count, next: NIL, left: count }
    }

    /// The cells of a chain of chunks.
    pub fn chunks(first: u32, count: u32) -> Self {
        Cells { at: 0, here: 0, next: first, left: count }
    }

    /// How many are left.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// On to a chunk that holds something; false where no cell is left.
    #[inline(always)]
    fn turn(&mut self, document: &Document<'_>) -> bool {
        while self.here == 0 {
            // A chain that is shorter than it says ends here for good.
            if self.next == NIL {
                self.left = 0;
            }
            if self.left == 0 {
                return false;
            }
            let header = document.node(self.next as usize);
            self.at = self.next + 1;
            self.here = header.high();
            self.next = header.first();
        }
        self.left != 0
    }

    /// The next one.
    #[inline(always)]
    pub fn next(&mut self, document: &Document<'_>) -> Option<Node> {
        if !self.turn(document) {
            return None;
        }
        let node = document.node(self.at as usize);
        self.at += 1;
        self.here -= 1;
        self.left -= 1;
        Some(node)
    }

    /// The one after `n` others: whole chunks are passed over at once.
    pub fn nth(&mut self, document: &Document<'_>, n: usize) -> Option<Node> {
        let mut n = u32::try_from(n).unwrap_or(u32::MAX);
        loop {
            if self.left <= n || !self.turn(document) {
                return None;
            }
            if n < self.here {
                break;
            }
            n -= self.here;
            // `n` is less than what is left, and not less than what is here.
            self.left = self.left.wrapping_sub(self.here);
            self.here = 0;
        }
        self.at += n;
        self.here -= n;
        self.left -= n;
        self.next(document)
    }
}
