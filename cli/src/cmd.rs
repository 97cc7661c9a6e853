//! The verbs of the command, each with its arguments.

use crate::Failure;
use crate::input::InputFile;
use std::io::Write;

/// Makes arguments a [`Verb`]: which function runs it; which field is the file, or the files, to read; which says whether there are
/// colours.
macro_rules! verb {
    ($args:ty => $run:ident $(, file: $($file:ident).+)? $(, files: $files:ident)? $(, color: $color:ident)?) => {
        impl crate::cmd::Verb for $args {
            $(
                fn files(&mut self) -> &mut [crate::input::InputFile] {
                    std::slice::from_mut(&mut self.$($file).+)
                }
            )?

            $(
                fn files(&mut self) -> &mut [crate::input::InputFile] {
                    &mut self.$files
                }
            )?

            $(
                fn set_color(&mut self, on: bool) {
                    self.$color = on;
                }
            )?

            fn run(&self, out: &mut dyn std::io::Write) -> Result<(), crate::Failure> {
                $run(self, out)
            }
        }
    };
}

pub mod cat;
pub mod common;
pub mod completions;
pub mod convert;
pub mod diff;
pub mod dis;
pub mod du;
pub mod edit;
pub mod extract;
pub mod from_json;
pub mod get;
pub mod graph;
pub mod grep;
pub mod index;
pub mod info;
pub mod items;
pub mod json;
pub mod optimize;
pub mod policy;
pub mod rename;
pub mod repair;
pub mod sample;
pub mod scan;
pub mod show;
pub mod split;
pub mod table;

/// The arguments of a verb, and what it does with them.
pub trait Verb {
    /// The files to read: the options of the command line are theirs.
    fn files(&mut self) -> &mut [InputFile] {
        &mut []
    }

    /// Whether the output has colours; text to be hashed, and files, have none.
    fn set_color(&mut self, _on: bool) {}

    /// Runs it.
    ///
    /// # Errors
    /// What was asked for could not be done, or not all of it.
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure>;
}
