//! Reads one pickle after another from the UART into a document in fixed
//! memory, shows its fields, and answers with a pickle. None ends the session.
#![no_std]
#![no_main]

use core::convert::Infallible;
use embedded_io::Read;
use firmware::Uart;
use pickle_core::{Document, Level, Node, Options, Pickler, Storage, Unpickler, WriteError};

/// Shows the fields; returns the id and the sum of the samples, `None` where something is missing.
fn show(document: &Document<'_>) -> Option<(i64, i64)> {
    let root = document.root();
    let name = root.get("name")?.as_str()?;
    let id = root.get("id")?.as_i64()?;
    // Without the feature `text-float`, a float of protocol 0 stays text.
    match (root.get("temp")?.as_f64(), root.get("temp")?.float_text()) {
        (Some(temp), _) => defmt::info!("{=str} ({=i64}): {=f64} C", name, id, temp),
        (None, text) => defmt::info!("{=str} ({=i64}): {=str} C", name, id, text?),
    }
    let mut sum = 0i64;
    for sample in root.get("samples")?.items()? {
        let sample = sample.as_i64()?;
        defmt::info!("  sample {=i64}", sample);
        sum = sum.saturating_add(sample);
    }
    Some((id, sum))
}

fn answer(uart: &mut Uart, id: i64, sum: i64) -> Result<(), WriteError<Infallible>> {
    let mut levels = [Level::EMPTY; 1];
    let mut pickler = Pickler::new(uart, 2, &mut levels);
    pickler.begin_dict(None)?.str("id")?.int(id)?.str("sum")?.int(sum)?.end()?.finish()
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut uart = Uart::start();
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 32], [Node::EMPTY; 8], [0; 64]);
    let mut unpickler = Unpickler::new(Storage::new(&mut nodes, &mut memo, &mut bytes), Options::new());
    let mut buffer = [0; 16];
    loop {
        let Ok(len) = uart.read(&mut buffer);
        let mut piece = buffer.get(..len).unwrap_or_default();
        while !piece.is_empty() {
            if let Err(error) = unpickler.feed(&mut piece) {
                defmt::error!("at byte {=u64}: {=str}", error.offset(), error.kind().text());
                firmware::exit(false);
            }
            let Some(document) = unpickler.document() else { continue };
            if document.root().is_none() {
                defmt::info!("the end");
                firmware::exit(true);
            }
            match show(&document) {
                Some((id, sum)) => {
                    if answer(&mut uart, id, sum).is_err() {
                        defmt::error!("the answer was not written");
                    }
                }
                None => defmt::warn!("not a telemetry message: kind {=u8}", document.root().kind() as u8),
            }
            unpickler.next_pickle(false);
        }
    }
}
