//! Encodes with the pickler.
#![no_std]
#![no_main]

size::measure!(size::encode::with_pickler, size::encode::PICKLE);
