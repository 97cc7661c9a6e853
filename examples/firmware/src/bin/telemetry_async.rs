//! The same messages by way of `embedded-io-async`: the reader takes pieces as they
//! come, so that waiting for them is the caller's affair.
#![no_std]
#![no_main]

use embedded_io_async::Read;
use firmware::Uart;
use pickle_core::{Error, Node, Options, Status, Storage, Unpickler};

/// Feeds what arrives until a pickle is complete.
async fn receive(uart: &mut Uart, unpickler: &mut Unpickler<Storage<'_>>) -> Result<(), Error> {
    let mut byte = [0];
    loop {
        let Ok(len) = uart.read(&mut byte).await;
        let mut piece = byte.get(..len).unwrap_or_default();
        if unpickler.feed(&mut piece)? == Status::Done {
            return Ok(());
        }
    }
}

async fn session(mut uart: Uart) -> bool {
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 32], [Node::EMPTY; 8], [0; 64]);
    let mut unpickler = Unpickler::new(Storage::new(&mut nodes, &mut memo, &mut bytes), Options::new());
    loop {
        if let Err(error) = receive(&mut uart, &mut unpickler).await {
            defmt::error!("at byte {=u64}: {=str}", error.offset(), error.kind().text());
            return false;
        }
        let Some(document) = unpickler.document() else { return false };
        let root = document.root();
        if root.is_none() {
            defmt::info!("the end");
            return true;
        }
        let name = root.get("name").and_then(|name| name.as_str());
        let last = document.find("$.samples[3]").and_then(|sample| sample.as_i64());
        match (name, last) {
            (Some(name), Some(last)) => defmt::info!("{=str}: last sample {=i64}", name, last),
            _ => defmt::warn!("not a telemetry message: kind {=u8}", root.kind() as u8),
        }
        unpickler.next_pickle(false);
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    firmware::exit(firmware::block_on(session(Uart::start())))
}
