//! Writes pickles again: lines of `VERSION PROTOCOL FROM HEX` on standard input, HEX or an error on standard output.

use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Heap, Options, Unpickler};
use std::io::BufRead;

fn main() {
    let mut writer = Writer::new();
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        let version = words.next().unwrap();
        let pure = version.ends_with("-pure");
        let version = match version.trim_end_matches("-pure") {
            "2.7" => Version::Py27,
            "3.6" => Version::Py36,
            "3.7" | "3.8" | "3.9" | "3.10" => Version::Py38,
            "3.11" | "3.12" => Version::Py311,
            "3.13" => Version::Py313,
            "3.14" => Version::Py314,
            _ => Version::Py315,
        };
        let mut profile = Profile::new(version, words.next().unwrap().parse().unwrap());
        profile.pure = pure;
        let from = words.next().unwrap().parse().unwrap();
        let hex = words.next().unwrap().as_bytes();
        let nibble = |b: u8| (b as char).to_digit(16).unwrap() as u8;
        let data: Vec<u8> = hex.chunks(2).map(|c| nibble(c[0]) << 4 | nibble(c[1])).collect();
        let out = unpickler.load(&data).map_err(|e| e.to_string()).and_then(|document| {
            writer.write(&document, from, profile, false, Vec::new()).map_err(|e| format!("{e:?}"))
        });
        match out {
            Ok(bytes) => println!("{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            Err(error) => println!("error {error}"),
        }
    }
}
