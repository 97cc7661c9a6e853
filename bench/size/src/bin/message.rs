//! Decodes a message of known layout, straight into a struct.
#![no_std]
#![no_main]

use size::{Row, Telemetry};

fn work(message: &[u8]) -> bool {
    match pickle_core::message::read::<Row<'_>>(message, &mut [0; 16]) {
        Ok(message) => {
            let Row { id, temp, name, samples } = message.value;
            Telemetry { id, temp, name: name.0, samples }.is_expected()
        }
        Err(_) => false,
    }
}

size::measure!(work, size::PICKLE);
