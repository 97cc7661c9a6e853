//! Judges what comes over the UART before anybody unpickles it, and refuses what is not proved harmless: a message is its
//! length in two bytes, then a pickle. The answer is a pickle, True or False. A length of zero ends the session.
#![no_std]
#![no_main]

use embedded_io::Read;
use firmware::Uart;
use pickle_core::Pickler;
use pickle_core::verdict::{FarSlot, Finding, Judge, Buffers, Named, Observer, Slot, Summary, Verdict};

/// Says why.
struct Reasons;

impl Observer for Reasons {
    fn finding(&mut self, finding: &Finding<'_>) {
        let text = |bytes| core::str::from_utf8(bytes).unwrap_or("?");
        defmt::warn!(
            "  {=str} at byte {=u64}: {=str} {=str} {=str}({=str}) {=str}",
            finding.rule.id(),
            finding.offset,
            finding.rule.text(),
            text(finding.module),
            text(finding.name),
            finding.args,
            finding.detail
        );
    }
}

/// Judges the next `len` bytes, as they arrive. All memory is here: a message that needs more is not clean.
fn judged(uart: &mut Uart, mut len: usize) -> Summary {
    let (mut stack, mut memo, mut parts) = ([Slot::default(); 64], [Slot::default(); 64], [Slot::default(); 32]);
    let (mut far, mut globals) = ([FarSlot::default(); 4], [Named::default(); 8]);
    let (mut names, mut text) = ([0; 192], [0; 512]);
    let mut judge = Judge::new(Buffers {
        stack: &mut stack,
        memo: &mut memo,
        far: &mut far,
        globals: &mut globals,
        names: &mut names,
        text: &mut text,
        parts: &mut parts,
    });
    let mut buffer = [0; 16];
    while len > 0 {
        let wanted = len.min(buffer.len());
        let Some(place) = buffer.get_mut(..wanted) else { break };
        let Ok(got) = uart.read(place);
        judge.feed(place.get(..got).unwrap_or_default(), &mut Reasons);
        len -= got;
    }
    judge.finish(&mut Reasons)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut uart = Uart::start();
    loop {
        let mut len = [0; 2];
        if uart.read_exact(&mut len).is_err() {
            firmware::exit(false);
        }
        let len = u16::from_le_bytes(len);
        if len == 0 {
            defmt::info!("the end");
            firmware::exit(true);
        }
        let summary = judged(&mut uart, len.into());
        let accepted = summary.verdict == Verdict::Clean && summary.complete;
        match accepted {
            true => defmt::info!("{=u16} bytes, {=u64} opcodes: clean", len, summary.ops),
            false => defmt::error!("{=u16} bytes: refused, {=str}", len, summary.verdict.name()),
        }
        if Pickler::new(&mut uart, 2, &mut []).bool(accepted).and_then(|answer| answer.finish()).is_err() {
            defmt::error!("the answer was not written");
        }
    }
}
