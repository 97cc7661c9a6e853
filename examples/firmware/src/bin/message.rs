//! Reads one message after another from the UART straight into a struct: its layout is known, and no document is made.
#![no_std]
#![no_main]

use embedded_io::Read;
use firmware::Uart;
use pickle_core::message::{self, List, RefusalReason};

pickle_core::message! {
    /// What a probe sends.
    struct Telemetry<'i> {
        id: u32,
        name: &'i str,
        samples: List<u8, 8>,
        // The floats of protocol 0 are texts, which only the feature `text-float` reads: there, thousandths take its place.
        temp: f64 = 0.0,
        millis: Option<i32> = None,
    }
}

fn show(telemetry: &Telemetry<'_>) {
    let mut sum = 0u32;
    for sample in telemetry.samples.as_slice() {
        sum += u32::from(*sample);
    }
    match telemetry.millis {
        Some(millis) => defmt::info!("{=str} ({=u32}): {=i32} mC, sum {=u32}", telemetry.name, telemetry.id, millis, sum),
        None => defmt::info!("{=str} ({=u32}): {=f64} C, sum {=u32}", telemetry.name, telemetry.id, telemetry.temp, sum),
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut uart = Uart::start();
    let (mut buffer, mut len) = ([0; 256], 0);
    loop {
        let Ok(read) = uart.read(buffer.get_mut(len..).unwrap_or_default());
        len += read;
        // As often as a message may be whole: a link with lengths before the messages saves the attempts.
        loop {
            let input = buffer.get(..len).unwrap_or_default();
            let used = match message::read::<Telemetry<'_>>(input, &mut [0; 16]) {
                Ok((telemetry, used)) => {
                    show(&telemetry);
                    used
                }
                Err(refusal) if refusal.reason() == RefusalReason::EndOfInput && len < buffer.len() => break,
                Err(refusal) => {
                    defmt::warn!("byte {=usize}, field {=usize}: {}", refusal.offset(), refusal.field(), refusal.reason());
                    firmware::exit(true);
                }
            };
            buffer.copy_within(used..len, 0);
            len -= used;
        }
    }
}
