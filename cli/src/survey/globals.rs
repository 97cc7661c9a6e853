//! The globals a stream names, each once, in the order in which they are first seen.

use std::collections::HashMap;

/// Bytes of a module or name that are kept. Real names are far shorter; what
/// is longer is shown cut off, and two names that differ behind this are one.
pub const NAME_MAX: usize = 1024;

/// A class or function that a pickle names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// The module as it stands in the stream, cut at [`NAME_MAX`] bytes.
    pub module: String,
    /// The name as it stands in the stream; may have dots.
    pub name: String,
    /// How often it is used: named by an opcode, or fetched out of the memo.
    pub count: u64,
}

impl Global {
    /// Module and name with a dot between them.
    pub fn path(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// Every global of a pickle; the number of one is its place in the order.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    all: Vec<Global>,
    /// Those that this pickle names itself, in that order.
    named: Vec<u32>,
    /// Which those are.
    listed: Vec<bool>,
    /// By the bytes of the stream: what is no UTF-8 would look the same as text.
    numbers: HashMap<Box<[u8]>, u32>,
    key: Vec<u8>,
}

impl Globals {
    /// An opcode names a global: its number.
    pub fn name(&mut self, module: &[u8], name: &[u8]) -> u32 {
        let number = self.number(module, name);
        if let Some(listed) = self.listed.get_mut(number as usize)
            && !std::mem::replace(listed, true)
        {
            self.named.push(number);
        }
        self.count(number);
        number
    }

    fn number(&mut self, module: &[u8], name: &[u8]) -> u32 {
        let (module, name) = (cut(module), cut(name));
        self.key.clear();
        self.key.extend_from_slice(module);
        // No line of a GLOBAL has one, and in a STACK_GLOBAL only a fraud has.
        self.key.push(b'\n');
        self.key.extend_from_slice(name);
        if let Some(&number) = self.numbers.get(self.key.as_slice()) {
            return number;
        }
        let number = self.all.len() as u32;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        self.all.push(Global { module: text(module), name: text(name), count: 0 });
        self.listed.push(false);
        self.numbers.insert(self.key.as_slice().into(), number);
        number
    }

    /// The global of a number.
    pub fn get(&self, number: u32) -> Option<&Global> {
        self.all.get(number as usize)
    }

    /// Counts one more use.
    pub fn count(&mut self, number: u32) {
        if let Some(global) = self.all.get_mut(number as usize) {
            global.count += 1;
        }
    }

    /// The number of a global that is known.
    pub fn find(&self, module: &str, name: &str) -> Option<u32> {
        self.numbers.get([module, "\n", name].concat().as_bytes()).copied()
    }

    /// Ready for another pickle, whose memo may still hold globals of this one.
    pub fn forget_uses(&mut self) {
        self.named.clear();
        self.listed.fill(false);
        self.all.iter_mut().for_each(|global| global.count = 0);
    }

    /// What the pickle names, in the order in which it does so first.
    pub fn named(&self) -> Vec<Global> {
        self.named.iter().filter_map(|&number| self.get(number).cloned()).collect()
    }
}

/// Where each global of a list stands.
pub type Places = HashMap<(String, String), usize>;

/// Adds what another pickle names. `places` belongs to `into` and lives as long.
pub fn merge(into: &mut Vec<Global>, places: &mut Places, other: &[Global]) {
    let key = |global: &Global| (global.module.clone(), global.name.clone());
    for (place, global) in into.iter().enumerate().skip(places.len()) {
        places.insert(key(global), place);
    }
    for global in other {
        let place = *places.entry(key(global)).or_insert(into.len());
        match into.get_mut(place) {
            Some(known) => known.count += global.count,
            None => into.push(global.clone()),
        }
    }
}

/// The first [`NAME_MAX`] bytes.
pub fn cut(name: &[u8]) -> &[u8] {
    name.get(..NAME_MAX).unwrap_or(name)
}
