//! Plans as files. docs/split-plans.md has the format.

use super::{Planned, plain_file};
use crate::Failure;
use crate::input::{Input, InputFile, containers, read_at};
use pickle_core::SplitPlan;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What a plan begins with: no text, no pickle, and broken by whatever changes line ends.
const MAGIC: &[u8; 8] = b"\x89PKX\r\n\x1a\n";

const VERSION: u32 = 1;

/// Bytes of the file that are looked at in one place, and places between its head and its tail.
const SAMPLE: usize = 4096;
const SAMPLES: u64 = 16;

/// A file that a plan was written to, or is looked for in.
pub struct PlanFile;

/// Where a plan of a file lies: beside it, with `.pkx` behind its name.
pub fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pkx");
    name.into()
}

impl PlanFile {
    /// The plan as the bytes of a file.
    ///
    /// # Errors
    /// The file that it is about cannot be read.
    pub fn bytes(planned: &Planned) -> Result<Vec<u8>, Failure> {
        let identity = identity(&planned.file).map_err(|error| planned.fail(error))?;
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        out.extend(identity);
        out.push(u8::from(planned.is_log));
        planned.plan.write(&mut out);
        let checksum = Sha256::digest(&out);
        out.extend_from_slice(&checksum[..]);
        Ok(out)
    }

    /// The plan for a file and a path: from `plan`, or where that is not given from the file beside it. `None` where there
    /// is none, or the one beside is of another path or of what the file was before, which is reported.
    ///
    /// # Errors
    /// A plan that was asked for is not of this file and path; a plan is damaged, or cannot be read.
    pub fn find(file: &InputFile, path: &str, plan: Option<&Path>) -> Result<Option<Planned>, Failure> {
        let is_asked = plan.is_some();
        let from = plan.map_or_else(|| beside(file), Path::to_owned);
        // What is read of a damaged file are not its bytes.
        if file.options().salvage {
            return Ok(None);
        }
        if !is_asked && (file.as_os_str() == "-" || !from.is_file()) {
            return Ok(None);
        }
        let name = from.display().to_string();
        let refuse = |text: String| Failure::Refused { name: name.clone(), text };
        let bytes = std::fs::read(&from).map_err(|source| Failure::Input { name: name.clone(), source })?;
        let Some(body) = sealed(&bytes) else {
            return Err(refuse(
                "it is not a plan of `pickle index`, or is damaged; make it again, or remove it".into(),
            ));
        };
        let damaged = || refuse("it is damaged; make it again with `pickle index`, or remove it".into());
        let (version, body) = body.split_first_chunk::<4>().ok_or_else(damaged)?;
        if u32::from_le_bytes(*version) != VERSION {
            return Err(refuse(format!(
                "it is a plan of version {}, and this command knows version {VERSION}; make it again with `pickle index`",
                u32::from_le_bytes(*version)
            )));
        }
        let (known, body) = body.split_first_chunk::<IDENTITY>().ok_or_else(damaged)?;
        let (is_log, body) = body.split_first().ok_or_else(damaged)?;
        let plan = SplitPlan::read(body).ok_or_else(damaged)?;
        let input = containers::open_one(file)?;
        let other = match plain_file(&input) {
            Ok((opened, len)) if plan.path() == path => {
                let found = identity(&opened).map_err(|source| failed(&input, source))?;
                if found == *known {
                    let name = input.name().to_owned();
                    return Ok(Some(Planned { name, file: opened, len, is_log: *is_log != 0, plan }));
                }
                format!("it is not a plan of {} as that is now; make it again with `pickle index`", file.display())
            }
            Ok(_) if !is_asked => return Ok(None),
            Ok(_) => format!("it is a plan of {}, not of {path}", plan.path()),
            Err(failure) if is_asked => return Err(failure),
            Err(_) => return Ok(None),
        };
        if is_asked {
            return Err(refuse(other));
        }
        crate::messages::note(&name, &format!("not used: {other}"));
        Ok(None)
    }
}

fn failed(input: &Input, source: io::Error) -> Failure {
    Failure::Input { name: input.name().to_owned(), source }
}

/// What lies between the magic number and the checksum, which must be right.
fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    let (all, checksum) = bytes.split_last_chunk::<32>()?;
    let body = all.strip_prefix(MAGIC)?;
    if Sha256::digest(all)[..] == checksum[..] { Some(body) } else { None }
}

const IDENTITY: usize = 8 + 8 + 4 + 32;

/// Size, modification time, and a checksum of head, tail and places between.
fn identity(file: &File) -> io::Result<[u8; IDENTITY]> {
    let metadata = file.metadata()?;
    let len = metadata.len();
    let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let mut hash = Sha256::new();
    let mut sample = vec![0; SAMPLE];
    for number in 0..=SAMPLES + 1 {
        let last = len.saturating_sub(SAMPLE as u64);
        let offset = (u128::from(last) * u128::from(number) / u128::from(SAMPLES + 1)) as u64;
        let mut filled = 0;
        while let Some(room) = sample.get_mut(filled..).filter(|room| !room.is_empty()) {
            match read_at(file, room, offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        hash.update(sample.get(..filled).unwrap_or_default());
    }
    let checksum = hash.finalize();
    let (size, seconds, nanos) = (len.to_le_bytes(), time.as_secs().to_le_bytes(), time.subsec_nanos().to_le_bytes());
    let parts = [&size[..], &seconds[..], &nanos[..], &checksum[..]];
    let mut identity = [0; IDENTITY];
    for (to, from) in identity.iter_mut().zip(parts.concat()) {
        *to = from;
    }
    Ok(identity)
}
