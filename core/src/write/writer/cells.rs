//! A place among the cells of a container, without the document's lifetime.

use crate::Document;
use crate::machine::node::{NIL, Node};

/// Cells that are still to be written.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    at: u32,
    here: u32,
    next: u32,
    left: u32,
}

impl Cells {
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

    /// The next one.
    #[inline(always)]
    pub fn next(&mut self, document: &Document<'_>) -> Option<Node> {
        if self.left == 0 {
            return None;
        }
        while self.here == 0 {
            if self.next == NIL {
                self.left = 0;
                return None;
            }
            let header = document.node(self.next as usize);
            self.at = self.next + 1;
            self.here = header.high();
            self.next = header.first();
        }
        let node = document.node(self.at as usize);
        self.at += 1;
        self.here -= 1;
        self.left -= 1;
        Some(node)
    }
}
