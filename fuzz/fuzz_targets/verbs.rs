//! The first byte chooses a verb of the command, the rest is a file: text forms, compression, containers and databases,
//! tables, damage and editing. Whatever the file, a verb ends with an answer or an error.
#![no_main]

use clap::Parser;
use libfuzzer_sys::fuzz_target;
use pickle_cli::args::Cli;

const VERBS: &[&[&str]] = &[
    &["show", "FILE"],
    &["json", "FILE"],
    &["json", "--tagged", "FILE"],
    &["items", "--format", "csv", "FILE"],
    &["count", "FILE"],
    &["tail", "FILE"],
    &["items", "--resync", "FILE"],
    &["get", "FILE", "$.*[0]"],
    &["table", "FILE"],
    &["scan", "--json", "FILE"],
    &["info", "FILE"],
    &["du", "FILE"],
    &["dis", "-a", "FILE"],
    &["graph", "FILE"],
    &["show", "--salvage", "FILE"],
    &["diff", "FILE", "FILE"],
    &["grep", "-i", "a.c", "FILE"],
    &["repair", "FILE", "-o", "OUT"],
    &["edit", "FILE", "--set", "$.a=1", "--delete", "$[0]", "-o", "OUT"],
    &["convert", "FILE", "-p", "2", "-o", "OUT"],
    &["optimize", "FILE", "-o", "OUT"],
    &["from-json", "FILE", "-o", "OUT"],
];

fuzz_target!(|data: &[u8]| {
    let Some((&verb, file)) = data.split_first() else { return };
    let folder = std::env::temp_dir().join(format!("pickle-fuzz-{}", std::process::id()));
    let (input, output) = (folder.join("in"), folder.join("out"));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    std::fs::write(&input, file).expect("a temporary file");
    let words = VERBS[usize::from(verb) % VERBS.len()].iter().map(|word| match *word {
        "FILE" => input.as_os_str(),
        "OUT" => output.as_os_str(),
        word => word.as_ref(),
    });
    let cli = Cli::try_parse_from(std::iter::once("pickle".as_ref()).chain(words)).expect("a verb as it is called");
    // An error is an answer.
    let _ = pickle_cli::run(cli.settle(), &mut std::io::sink());
    let _ = std::fs::remove_file(&output);
});
