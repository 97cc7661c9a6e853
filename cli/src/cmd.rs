//! The verbs of the command, each with its arguments.

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
pub mod info;
pub mod items;
pub mod json;
pub mod optimize;
pub mod policy;
pub mod rename;
pub mod repair;
pub mod scan;
pub mod show;
pub mod split;
pub mod table;
