//! The first byte says how the others are cut: the same verdict and findings, which only get worse as more is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pickle_core::verdict::{Finding, Judge, Observer, Summary, Verdict, Workspace};

#[derive(Default)]
struct Told(Vec<String>);

impl Observer for Told {
    fn finding(&mut self, finding: &Finding<'_>) {
        self.0.push(format!("{finding:?}"));
    }
}

/// What is said of a stream in pieces; the verdict never falls on the way.
fn judge(workspace: &mut Workspace, bytes: &[u8], piece: usize) -> (Summary, Vec<String>) {
    let (mut judge, mut told) = (Judge::new(workspace.memory()), Told::default());
    let mut before = Verdict::Clean;
    for piece in bytes.chunks(piece) {
        judge.feed(piece, &mut told);
        assert!(judge.verdict() >= before);
        before = judge.verdict();
    }
    let summary = judge.finish(&mut told);
    assert!(summary.verdict >= before);
    (summary, told.0)
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, bytes)) = data.split_first() else { return };
    let mut workspace = Workspace::new(256, 256);
    let whole = judge(&mut workspace, bytes, bytes.len().max(1));
    assert_eq!(judge(&mut workspace, bytes, usize::from(cut).max(1)), whole);
    // Memory that is too small is said, and never makes a stream clean.
    let mut small = Workspace::new(4, 4);
    let cramped = judge(&mut small, bytes, bytes.len().max(1)).0;
    assert!(whole.0.verdict == Verdict::Clean || cramped.verdict > Verdict::Clean);
});
