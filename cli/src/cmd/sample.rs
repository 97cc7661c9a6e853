//! `pickle sample`: some items, chosen at random.

use super::common::Of;
use super::items::{planned_beside, with_rows};
use crate::Failure;
use crate::pickles::items::{Item, ItemSink, each_into};
use crate::print::formats::{self, Format};
use crate::print::json::Line;
use clap::Args;
use pickle_core::Value;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};

/// `pickle sample`
#[derive(Debug, Args)]
#[command(after_help = "\
Every choice of so many items is equally likely. They come in the order of the file. The same seed chooses the same items, from a file, a pipe, or by a plan.

Examples:
  pickle sample -n 100 rows.pkl
  pickle sample -n 3 --seed 1 --path '$.rows' run.pkl")]
pub struct SampleArgs {
    /// The items.
    #[command(flatten)]
    pub of: Of,

    /// How many items
    #[arg(short = 'n', long, value_name = "K", default_value_t = 10)]
    pub lines: u64,

    /// Choose by this number, not by chance
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,

    /// The plan of `pickle index` to use [default: FILE.pkx, where there is one]
    #[arg(long, value_name = "PLAN", conflicts_with = "resync")]
    pub index: Option<PathBuf>,
}

verb!(SampleArgs => run, file: of.file);

/// Runs the command.
///
/// # Errors
/// The input cannot be read or a pickle is damaged; the choice is then one of the items before.
fn run(args: &SampleArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let seed = args.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let mut chosen = Chosen { seed, most: usize::try_from(args.lines).unwrap_or(usize::MAX), best: BinaryHeap::new() };
    if let Some(planned) = planned_beside(args.of.whose(), args.index.as_deref())? {
        for item in 0..planned.items() {
            chosen.offer(item, |_| Ok(()))?;
        }
        let mut line = Lines { line: Line::default(), out };
        for (item, _) in chosen.in_order() {
            planned.each(item..item + 1, &mut line)?;
        }
        return planned.fault().map_or(Ok(()), Err);
    }
    let mut sample = Sample { chosen, file: &args.of.file, seen: 0, line: Line::default() };
    let result = each_into(args.of.whose(), &mut sample);
    sample.chosen.in_order().try_for_each(|(_, text)| out.write_all(&text))?;
    result
}

/// The items whose numbers, mixed with the seed, are the least: each has the same chance, and no item needs to know how
/// many there are.
struct Chosen {
    seed: u64,
    most: usize,
    best: BinaryHeap<(u64, u64, Vec<u8>)>,
}

impl Chosen {
    fn offer(&mut self, item: u64, text: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>) -> Result<(), Failure> {
        let rank = mixed(mixed(self.seed).wrapping_add(item));
        if self.most == 0 || self.best.len() >= self.most && self.best.peek().is_some_and(|worst| worst.0 <= rank) {
            return Ok(());
        }
        let mut line = if self.best.len() >= self.most { self.best.pop().unwrap_or_default().2 } else { Vec::new() };
        line.clear();
        text(&mut line)?;
        self.best.push((rank, item, line));
        Ok(())
    }

    fn in_order(self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        let mut all: Vec<_> = self.best.into_iter().map(|(_, item, line)| (item, line)).collect();
        all.sort_unstable();
        all.into_iter()
    }
}

/// A step of SplitMix64 (Steele, Lea and Flood 2014): numbers that follow each other become far apart.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Chooses while all items pass.
struct Sample<'f> {
    chosen: Chosen,
    file: &'f Path,
    seen: u64,
    line: Line,
}

impl ItemSink for Sample<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        let Sample { chosen, seen, line, .. } = self;
        chosen.offer(*seen, |text| Ok(formats::line(item, line, text)?))?;
        *seen += 1;
        Ok(true)
    }

    fn shaped(&mut self, value: Value<'_>) -> Option<Result<bool, Failure>> {
        let Sample { chosen, seen, .. } = self;
        Some(with_rows(self.file, value, |rows| {
            for row in 0..rows.len() {
                chosen.offer(*seen + row as u64, |text| Ok(rows.write(row..row + 1, Format::Jsonl, text)?))?;
            }
            *seen += rows.len() as u64;
            Ok(true)
        }))
    }
}

/// Writes lines.
struct Lines<'o> {
    line: Line,
    out: &'o mut dyn Write,
}

impl ItemSink for Lines<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<bool, Failure> {
        formats::line(item, &mut self.line, self.out)?;
        Ok(true)
    }
}
