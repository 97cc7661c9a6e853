//! Judges a file with the core alone, and tells how fast: `cargo run --release --example judge --features
//! std,verdict-all -- FILE [TIMES]`.

use pickle_core::verdict::{Judge, Workspace};
use pickle_core::{Decoder, Step};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("a file is wanted")?;
    let times: u32 = args.next().map_or(Ok(5), |times| times.parse())?;
    let bytes = std::fs::read(path)?;

    let start = Instant::now();
    let mut ops = 0u64;
    for _ in 0..times {
        let (mut decoder, mut input) = (Decoder::lenient(), &bytes[..]);
        loop {
            decoder.each(&mut input, |_| {
                ops += 1;
                Ok::<(), ()>(())
            })?;
            match decoder.next(&mut input)? {
                Step::End => decoder.next_pickle(),
                Step::NeedMore => break,
                _ => ops += 1,
            }
        }
    }
    let walked = start.elapsed().as_secs_f64() / f64::from(times);

    let mut workspace = Workspace::default();
    let start = Instant::now();
    let mut summary = Judge::judge(workspace.memory(), &bytes);
    for _ in 1..times {
        summary = Judge::judge(workspace.memory(), &bytes);
    }
    let judged = start.elapsed().as_secs_f64() / f64::from(times);

    let speed = |seconds: f64| bytes.len() as f64 / 1e6 / seconds;
    println!("{}, complete: {}", summary.verdict.name(), summary.complete);
    println!("{} bytes, {} opcodes ({ops} walked)", bytes.len(), summary.ops);
    println!("walk  {:8.0} MB/s", speed(walked));
    println!("judge {:8.0} MB/s, {:.2} of the walk", speed(judged), walked / judged);
    Ok(())
}
