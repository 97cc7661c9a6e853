//! `pickle convert`: writes pickles again, in another protocol or as another Python writes them.

use super::common::EncodingName;
use super::rename::{Rename, Target};
use crate::Failure;
use crate::input::{InputFile, containers};
use crate::pickles::dropped;
use crate::pickles::renaming::{self, ONE_MEMO};
use crate::pickles::rewrite::{Trouble, check, each_pickle, refusal};
use crate::pickles::shares_memo;
use clap::{Args, ValueEnum};
use pickle_core::recode::{self, Renamed, Traits};
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Encoding, Heap, Options, Unpickler, WriteError};
use std::io::Write;
use std::path::PathBuf;

/// `pickle convert`
#[derive(Debug, Args)]
#[command(after_help = "\
Without --protocol, --profile and the options for Python 2, pickles are copied opcode by opcode: the same bytes. Names of modules and classes change with protocols 0 to 2 and back, as in pickle.dump(fix_imports=True).

--for changes names and nothing else. What a newer library builds in another way, an older one does not load: text and times of pandas 3, random generators of numpy 2.

Examples:
  pickle convert old.pkl -o new.pkl --protocol 5
  pickle convert py2.pkl -o py3.pkl --from-python2
  pickle convert model.pkl -o legacy.pkl --protocol 2 --profile 2.7
  pickle convert new.pkl -o old.pkl --for numpy1           # numpy._core is numpy.core there
  pickle convert frame.pkl -o old.pkl --for numpy1 --for pandas1
  pickle convert a.pkl -o b.pkl --rename shop.Item=store.items.Item")]
pub struct ConvertArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// The protocol, 0 to 5 [default: that of the input]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub protocol: Option<u8>,

    /// The Python whose pickler is followed byte for byte [default: 3.15, or 2.7 where Python 2 strings stay]
    #[arg(long, value_name = "VERSION")]
    pub profile: Option<ProfileName>,

    /// What becomes of Python 2 strings, as in pickle.load
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<EncodingName>,

    /// Short for --protocol 5 --encoding latin1, which is what numpy, pandas and datetime of Python 3 ask for
    #[arg(long)]
    pub from_python2: bool,

    /// Wrap the result as FILE was: compress it, put it into the zip file, lengths in front, as the same kind of text
    #[arg(long)]
    pub rewrap: bool,

    /// Another name for a module and all below it, or for one class or function; may be given again
    #[arg(long, value_name = "OLD=NEW")]
    pub rename: Vec<Rename>,

    /// The names that a library has today, or had; as if each were given with --rename
    #[arg(long = "for", value_name = "LIBRARY")]
    pub target: Vec<Target>,
}

/// Pythons whose picklers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileName {
    /// cPickle of Python 2.7.
    #[value(name = "2.7")]
    Py27,
    /// 3.4 to 3.6.
    #[value(name = "3.6")]
    Py36,
    /// 3.7 to 3.10.
    #[value(name = "3.8")]
    Py38,
    /// 3.11 and 3.12.
    #[value(name = "3.11")]
    Py311,
    /// 3.13.
    #[value(name = "3.13")]
    Py313,
    /// 3.14.
    #[value(name = "3.14")]
    Py314,
    /// 3.15.
    #[value(name = "3.15")]
    Py315,
}

impl ProfileName {
    fn version(self) -> Version {
        match self {
            ProfileName::Py27 => Version::Py27,
            ProfileName::Py36 => Version::Py36,
            ProfileName::Py38 => Version::Py38,
            ProfileName::Py311 => Version::Py311,
            ProfileName::Py313 => Version::Py313,
            ProfileName::Py314 => Version::Py314,
            ProfileName::Py315 => Version::Py315,
        }
    }
}

verb!(ConvertArgs => run, file: file);

/// `pickle convert`: writes every pickle of a file again.
///
/// # Errors
/// The input cannot be read, a pickle is damaged or cannot be said in the protocol, or the output cannot be written.
fn run(args: &ConvertArgs, _: &mut dyn Write) -> Result<(), Failure> {
    let encoding = args.encoding.map(Encoding::from).or(args.from_python2.then_some(Encoding::Latin1));
    let protocol = args.protocol.or(args.from_python2.then_some(5));
    if let (Some(protocol @ 3..), Some(ProfileName::Py27)) = (protocol, args.profile) {
        return Err(Failure::Usage(format!("Python 2.7 has protocols 0 to 2, not {protocol}")));
    }
    let as_it_is = protocol.is_none() && args.profile.is_none() && encoding.is_none();
    let mut unpickler = Unpickler::new(Heap::new(), Options::new().encoding(encoding.unwrap_or_default()));
    let mut writer = Writer::new();
    let rules: Vec<_> =
        args.target.iter().flat_map(|target| target.rules()).chain(args.rename.iter().cloned()).collect();
    let mut renamed = 0;
    let mut kept = Vec::new();
    // What has its names changed stays a file of torch.
    let torch = if rules.is_empty() { None } else { containers::pickle_of_torch(&args.file)? };
    let (file, rewrap) = (torch.as_ref().unwrap_or(&args.file), args.rewrap || torch.is_some());
    let done = each_pickle(file, &args.output, rewrap, |whole, out| {
        let mut input = whole;
        let mut taken = None;
        if as_it_is {
            check(&mut unpickler, input)?;
        } else if renaming::has_arrays(input) {
            return Err(Trouble::Refused(
                "it has arrays of joblib between its opcodes: it can be copied, also with --rename and --for, but not \
                 rewritten with --protocol, --profile or --encoding. Load it with joblib and dump it again"
                    .into(),
            ));
        }
        if !rules.is_empty() {
            let mut rename = |module: &str, name: &str| rules.iter().find_map(|rule| rule.apply(module, name));
            if as_it_is {
                let is_shared = out.written() == 0 && shares_memo(input);
                let Renamed { len, count } = renaming::renamed(input, out.written(), &mut rename, out)?;
                if is_shared {
                    return Err(Trouble::Refused(ONE_MEMO.into()));
                }
                renamed += count;
                return Ok(len);
            }
            kept.clear();
            let Renamed { len, count } =
                recode::rename(input, &mut rename, &mut kept).map_err(|error| match error {
                    WriteError::Pickle(error) => Trouble::from(error),
                    WriteError::Io { error, .. } => match error {},
                })?;
            renamed += count;
            input = &kept;
            taken = Some(len);
        }
        if as_it_is {
            return Ok(renaming::renamed(input, 0, &mut |_, _| None, out)?.len);
        }
        let traits = Traits::of(input)?;
        let keeps_python2 = traits.python2 && encoding.is_none();
        let protocol = protocol.unwrap_or(traits.protocol.min(5));
        let version = match args.profile {
            Some(profile) => profile.version(),
            None if keeps_python2 && protocol <= 2 => Version::Py27,
            None => Version::Py315,
        };
        if keeps_python2 && version != Version::Py27 {
            return Err(Trouble::Refused(
                "it has strings of Python 2, which Python 3 cannot write: say what they are with --encoding latin1, \
                 utf-8, ascii or bytes, or use --from-python2"
                    .into(),
            ));
        }
        let document = unpickler.load(input)?;
        // An object that holds itself in its arguments is made twice, and the pickler drops the one that was begun first.
        if dropped::of(&document).is_some_and(|dropped| traits.drops_calls || !dropped.is_empty()) {
            if protocol == traits.protocol && args.profile.is_none() && encoding.is_none() {
                let len = recode::copy(input, out)?;
                return Ok(taken.unwrap_or(len));
            }
            return Err(Trouble::Refused(
                "it calls functions and drops what they return (cloudpickle and dill do that to fill classes and \
                 functions): it can only be copied, without --protocol, --profile and --encoding"
                    .into(),
            ));
        }
        match writer.write(&document, traits.protocol, Profile::new(version, protocol), false, out) {
            Ok(_) => Ok(taken.unwrap_or(traits.len)),
            Err(WriteError::Pickle(error)) => Err(Trouble::Refused(refusal(&writer, &document, protocol, error))),
            Err(error) => Err(error.into()),
        }
    });
    done?;
    if !rules.is_empty() && renamed == 0 {
        eprintln!("pickle: {}: no class or function has a name that changes: it was copied", args.file.display());
    }
    Ok(())
}
