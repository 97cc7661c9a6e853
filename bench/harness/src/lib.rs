//! What every benchmark binary has in common: one process runs one
//! implementation on one file and prints one JSON line.
//!
//! ```text
//! BINARY list                      the cases it has, one JSON line each
//! BINARY IMPL KIND FILE REPS       run one
//! ```
//!
//! The line has the wall and the CPU time of each repetition in nanoseconds, the
//! growth of the peak memory in KiB, a count to check the result by, and the error
//! if there was one. `../python.py` prints the same line for CPython.

mod clock;
mod memory;

use serde::Serialize;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What can go wrong in a case: shown in the table in place of a number.
pub type Fault = String;

/// The part of the work that a case does; each has a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Opcodes one after the other, nothing built.
    Walk,
    /// Any value, in the library's own generic form.
    Read,
    /// Into the caller's structs.
    Typed,
    /// Back to bytes.
    Write,
}

/// One implementation of one task.
#[derive(Clone, Copy, Serialize)]
pub struct Case {
    /// Name on the command line.
    #[serde(rename = "impl")]
    pub name: &'static str,
    /// Which table it goes into.
    pub task: Task,
    /// What the table calls it.
    pub label: &'static str,
    /// Workloads it can run; empty for all.
    pub kinds: &'static [&'static str],
    /// Runs it.
    #[serde(skip)]
    pub run: fn(&Input, &mut Meter) -> Result<(), Fault>,
}

/// The pickles of one file.
pub struct Input {
    /// The workload's name.
    pub kind: String,
    path: PathBuf,
    bytes: Vec<u8>,
    /// Lengths of the pickles in `bytes`, in order.
    lens: Vec<usize>,
}

impl Input {
    fn open(kind: &str, path: &Path) -> Result<Self, Fault> {
        let read = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
        let bytes = read(path)?;
        let lens = if kind == "small" {
            let lens = read(&path.with_extension("lens"))?;
            lens.as_chunks::<4>().0.iter().map(|len| u32::from_le_bytes(*len) as usize).collect()
        } else {
            vec![bytes.len()]
        };
        Ok(Input { kind: kind.into(), path: path.into(), bytes, lens })
    }

    /// All bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pickles, one after the other.
    pub fn pickles(&self) -> impl Iterator<Item = &[u8]> {
        self.lens.iter().scan(self.bytes.as_slice(), |rest, &len| {
            let (pickle, after) = rest.split_at_checked(len)?;
            *rest = after;
            Some(pickle)
        })
    }
}

/// Takes the measurements and holds them.
#[derive(Default)]
pub struct Meter {
    reps: usize,
    wall_ns: Vec<u64>,
    cpu_ns: Vec<u64>,
    growth_kb: Option<u64>,
    prepared: bool,
    count: Option<u64>,
}

impl Meter {
    /// Says that the case has made its input itself, in this process: memory
    /// that was freed since is used again, so that growth would mean nothing.
    pub fn prepared(&mut self) -> &mut Self {
        self.prepared = true;
        self
    }

    /// Gives the count where the measured result cannot show it.
    pub fn set_count(&mut self, count: u64) {
        self.count = Some(count);
    }

    /// Runs `work` once to warm up and to see its memory, then once for each
    /// repetition. The result is dropped outside the measured time.
    ///
    /// # Errors
    /// The first that `work` gives.
    pub fn measure<T>(&mut self, work: impl FnMut() -> Result<T, Fault>) -> Result<(), Fault> {
        self.measure_and_count(work, |_| None)
    }

    /// The same; `count` looks at the first result and tells how many opcodes
    /// or values it has, which is compared with the manifest.
    ///
    /// # Errors
    /// The first that `work` gives.
    pub fn measure_and_count<T>(
        &mut self,
        mut work: impl FnMut() -> Result<T, Fault>,
        count: impl Fn(&T) -> Option<u64>,
    ) -> Result<(), Fault> {
        memory::reset_peak();
        let before = memory::resident_kb();
        let first = work();
        if !self.prepared {
            self.growth_kb = memory::peak_kb().zip(before).map(|(peak, before)| peak.saturating_sub(before));
        }
        self.count = count(&first?);
        for _ in 0..self.reps {
            let start = clock::now();
            let result = work();
            let end = clock::now();
            self.wall_ns.push(end.wall_ns.saturating_sub(start.wall_ns));
            self.cpu_ns.push(end.cpu_ns.saturating_sub(start.cpu_ns));
            drop(black_box(result?));
        }
        Ok(())
    }

    /// Runs `work` on the pickle of a file, or on each of them in turn where
    /// the file has many: then each result is dropped within the measured time.
    ///
    /// # Errors
    /// The first that `work` gives.
    pub fn each<'i, T>(
        &mut self,
        input: &'i Input,
        mut work: impl FnMut(&'i [u8]) -> Result<T, Fault>,
        count: impl Fn(&T) -> Option<u64>,
    ) -> Result<(), Fault> {
        if input.lens.len() == 1 {
            return self.measure_and_count(|| work(input.bytes()), count);
        }
        self.measure(|| input.pickles().try_for_each(|pickle| work(pickle).map(|v| drop(black_box(v)))))
    }
}

/// An error of any library as a reason for the table, cut to a readable length.
pub fn fault(error: impl std::fmt::Display) -> Fault {
    error.to_string().chars().take(200).collect()
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "impl")]
    name: &'a str,
    kind: &'a str,
    file: Option<&'a str>,
    bytes: usize,
    wall_ns: Vec<u64>,
    cpu_ns: Vec<u64>,
    growth_kb: Option<u64>,
    count: Option<u64>,
    error: Option<Fault>,
}

/// The `main` of a benchmark binary.
pub fn main(cases: &[Case]) -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["list"] => {
            cases.iter().for_each(print);
            ExitCode::SUCCESS
        }
        [name, kind, file, reps] => match (cases.iter().find(|c| c.name == name), reps.parse()) {
            (Some(case), Ok(reps)) => run(case, kind, Path::new(file), reps),
            (None, _) => usage(&format!("no case {name}; see `list`")),
            (_, Err(error)) => usage(&format!("REPS {reps}: {error}")),
        },
        _ => usage("wrong number of arguments"),
    }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("{problem}\nusage: list | IMPL KIND FILE REPS");
    ExitCode::from(2)
}

fn print(line: &impl Serialize) {
    match serde_json::to_string(line) {
        Ok(text) => println!("{text}"),
        Err(error) => eprintln!("{error}"),
    }
}

fn run(case: &Case, kind: &str, path: &Path, reps: usize) -> ExitCode {
    let input = match Input::open(kind, path) {
        Ok(input) => input,
        Err(error) => return usage(&error),
    };
    let mut meter = Meter { reps, ..Meter::default() };
    let error = (case.run)(&input, &mut meter).err();
    print(&Line {
        name: case.name,
        kind,
        file: input.path.file_name().and_then(|name| name.to_str()),
        bytes: input.bytes.len(),
        wall_ns: meter.wall_ns,
        cpu_ns: meter.cpu_ns,
        growth_kb: meter.growth_kb,
        count: meter.count,
        error,
    });
    ExitCode::SUCCESS
}
