//! `loads`, `load` and `pickles`.

use crate::build::{self, Made};
use crate::collector::{self, Collector};
use crate::errors;
use crate::info;
use crate::live;
use crate::options::{Given, Reading};
use crate::plain;
use crate::raw::{Input, Kept};
use crate::source::Source;
use crate::verdict;
use pickle_core::verdict::Workspace;
use pickle_core::{Document, Error, Heap, Options, Status, Unpickler, ValuePath, joblib};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Input of fewer bytes is read without letting other threads run meanwhile.
const LONG: usize = 64 << 10;
/// Levels that values may nest, if nothing else is asked for.
pub const MAX_DEPTH: u32 = 1000;
/// Memory of up to so many bytes is kept for the next pickle.
const KEPT: usize = 1 << 20;

/// Values and memo entries of pickles whose judge uses the memory of the one before: two megabytes.
const SMALL: usize = 4096;

static WORKSPACE: Kept<Box<Workspace>> = Kept::new();

struct Spare {
    heap: Heap,
    made: Made,
}

thread_local! {
    static SPARE: RefCell<Option<Spare>> = const { RefCell::new(None) };
}

fn read(unpickler: &mut Unpickler<Heap>, input: &[u8]) -> Result<(), Error> {
    unpickler.begin_at(0, false);
    while unpickler.advance(input)? == Status::Built {
        joblib::take_array(unpickler, input)?;
    }
    Ok(())
}

/// The document of a pickle that was read to its end.
fn complete<'d>(py: Python<'_>, document: Option<Document<'d>>) -> PyResult<Document<'d>> {
    document.ok_or_else(|| errors::bad_value(py, "the pickle is not complete"))
}

/// Whether the collector may run while an object is made: before 3.12. Later ones wait until code of Python runs.
fn collects_anywhere(py: Python<'_>) -> bool {
    static ANYWHERE: OnceLock<bool> = OnceLock::new();
    *ANYWHERE.get_or_init(|| py.version_info() < (3, 12))
}

/// The pickle at the start of the bytes, if it is plain data.
pub fn plain<'py>(py: Python<'py>, bytes: &[u8], max_depth: u32, known: bool) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !collects_anywhere(py) {
        let value = plain::read(py, bytes, plain::How { max_depth, alone: true, known });
        collector::settle(py, bytes.len() / 4)?;
        return Ok(value);
    }
    let off = Collector::off_for(py, bytes.len() / 4)?;
    Ok(plain::read(py, bytes, plain::How { max_depth, alone: off.is_held(), known }))
}

/// Judges a pickle by a policy before anything is made of it: every name in it, also of what it drops again, and what is done
/// with each. `bytes` are those of the pickle, `document` is what will be made. Gives the pairs that may be looked up.
fn judge<'py>(
    py: Python<'py>,
    reading: &Reading<'py>,
    unpickler: &Unpickler<Heap>,
    document: &Document<'_>,
    bytes: &[u8],
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(policy) = &reading.policy else { return Ok(None) };
    if !policy.getattr(pyo3::intern!(py, "judges"))?.is_truthy()? {
        return Ok(None);
    }
    let table = policy.getattr(pyo3::intern!(py, "_table"))?.cast_into::<PyBytes>()?;
    // Room for all that the pickle can need: neither stack nor memo hit a limit.
    let room = |count: u64| usize::try_from(count).unwrap_or(usize::MAX).clamp(256, bytes.len().max(256));
    let (stack, memo) = (room(unpickler.opcodes()), room(unpickler.memo_count()));
    let judged = judge_bytes(py, bytes, table.as_bytes(), (stack, memo), false);
    let mut names = info::Names::default();
    names.read(bytes);
    let pairs = info::uses(document, &names).into_keys().collect();
    let fix = reading.fix_imports && unpickler.protocol() < 3;
    decide(py, policy, &judged, pairs, names.extensions, fix).map(Some)
}

/// Asks the policy about what was judged: the pairs that may be looked up, or what is refused.
fn decide<'py>(
    py: Python<'py>,
    policy: &Bound<'py, PyAny>,
    judged: &verdict::Judged,
    mut pairs: BTreeSet<(String, String)>,
    extensions: Vec<u32>,
    fix_imports: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let effects = PyDict::new(py);
    for named in &judged.named {
        effects.set_item((&named.module, &named.name), named.effect)?;
        pairs.insert((named.module.clone(), named.name.clone()));
    }
    let findings: Vec<_> = judged
        .found
        .iter()
        .map(|found| (found.rule, found.verdict.name(), &found.module, &found.name, &found.message))
        .collect();
    let pairs = PyList::new(py, pairs)?;
    let asked = (pairs, effects, findings, judged.is_complete(), extensions, fix_imports);
    let (refused, approved): (Vec<String>, Bound<'py, PyAny>) = policy.call_method1("decide", asked)?.extract()?;
    if refused.is_empty() {
        return Ok(approved);
    }
    Err(errors::refused(py, refused, judged.report(py)?.into_any()))
}

/// Modules whose types are made natively where a policy judges: by way of the document.
const NATIVE: [&str; 10] = [
    "__builtin__",
    "_codecs",
    "builtins",
    "collections",
    "copy_reg",
    "copyreg",
    "fractions",
    "pathlib",
    "pathlib._local",
    "zoneinfo",
];

/// Real objects straight from the bytes, which are immutable, if they are of a form that allows it. Arrays may lie in
/// `views`, which the bytes are of.
fn live<'py>(
    py: Python<'py>,
    reading: &mut Reading<'py>,
    bytes: &[u8],
    views: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(policy) = reading.policy.clone() else { return Ok(None) };
    let Some(look) = (if bytes.len() >= LONG { py.detach(|| live::look(bytes)) } else { live::look(bytes) }) else {
        return Ok(None);
    };
    let bytes = bytes.get(..look.end).unwrap_or(bytes);
    let approved = if policy.getattr(pyo3::intern!(py, "judges"))?.is_truthy()? {
        let table = policy.getattr(pyo3::intern!(py, "_table"))?.cast_into::<PyBytes>()?;
        let judged = judge_bytes(py, bytes, table.as_bytes(), (look.stack + 1, look.memo + 1), true);
        let native = |named: &verdict::Named| {
            NATIVE.contains(&named.module.as_str()) && (named.module.as_str(), named.name.as_str()) != ORDERED
        };
        // What is not seen whole, and bytes that are not accounted for, are left to a judge with more room.
        if !judged.is_complete() || judged.named.iter().any(native) {
            return Ok(None);
        }
        let fix = reading.fix_imports && look.protocol < 3;
        Some(decide(py, &policy, &judged, BTreeSet::new(), Vec::new(), fix)?)
    } else {
        None
    };
    reading.find_classes(py, look.protocol, approved)?;
    let Some(real) = &reading.wanted.real else { return Ok(None) };
    let _off = Collector::off_for(py, bytes.len() / 4)?;
    live::read(py, bytes, &look, real, views).map(Some)
}

/// Made as it is by its own class.
const ORDERED: (&str, &str) = ("collections", "OrderedDict");

/// Judges a pickle with room for so many values at once, and entries of the memo. `fixed`: it cannot change meanwhile.
fn judge_bytes(
    py: Python<'_>,
    bytes: &[u8],
    table: &[u8],
    (stack, memo): (usize, usize),
    fixed: bool,
) -> verdict::Judged {
    if stack.max(memo) <= SMALL {
        let mut workspace = WORKSPACE.take(py).unwrap_or_else(|| Box::new(Workspace::new(SMALL, SMALL)));
        let judged = verdict::judge(bytes, table, &mut workspace);
        WORKSPACE.put(py, workspace);
        return judged;
    }
    let judge = || verdict::judge(bytes, table, &mut Workspace::new(stack.max(256), memo.max(256)));
    if fixed { py.detach(judge) } else { judge() }
}

/// Reads the pickle at the start of data as `pickle.loads` does.
#[pyfunction]
#[pyo3(signature = (data, /, *, fix_imports=true, encoding=Some("ASCII"), errors="strict", buffers=None, max_bytes=None, max_opcodes=None, max_depth=1000, known=true, text_ints=None, policy=None, allow=None, readonly=false))]
#[allow(clippy::too_many_arguments)]
pub fn loads<'py>(
    data: &Bound<'py, PyAny>,
    fix_imports: bool,
    encoding: Option<&str>,
    errors: &str,
    buffers: Option<Bound<'py, PyAny>>,
    max_bytes: Option<usize>,
    max_opcodes: Option<u64>,
    max_depth: u32,
    known: bool,
    text_ints: Option<&str>,
    policy: Option<Bound<'py, PyAny>>,
    allow: Option<Bound<'py, PyAny>>,
    readonly: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let input = Input::of(data)?;
    let policy = with_allowed(py, policy, allow)?;
    // Plain data names nothing, or dates and times: there is nothing to judge, but where even the form has to be proved.
    // With a policy that knows no types, everything is looked up as it is named.
    let (judged, depth, known) = match &policy {
        None => (false, max_depth, known),
        Some(policy) => (
            policy.getattr(pyo3::intern!(py, "strict"))?.is_truthy()?,
            u32::MAX,
            policy.getattr(pyo3::intern!(py, "known_first"))?.is_truthy()?,
        ),
    };
    if !judged
        && max_bytes.is_none()
        && max_opcodes.is_none()
        && let Some(value) = plain(py, input.bytes(), depth, known)?
    {
        return Ok(value);
    }
    let given =
        Given { encoding, errors, buffers, max_bytes, max_opcodes, max_depth, known, text_ints, policy, fix_imports };
    let mut reading = Reading::new(py, given)?;
    if max_bytes.is_none()
        && max_opcodes.is_none()
        && let Ok(data) = data.cast_exact::<PyBytes>()
        && let Some(value) = live(py, &mut reading, data.as_bytes(), readonly.then_some(data.as_any()))?
    {
        return Ok(value);
    }
    let spare = SPARE.with(|spare| spare.take());
    let (heap, mut made) = match spare {
        Some(Spare { heap, made }) if max_bytes.is_none() => (heap, made),
        _ => (reading.heap(), Made::default()),
    };
    let mut unpickler = Unpickler::new(heap, reading.core);
    let bytes = input.bytes();
    // What others may write to is read while none of them runs.
    let result = if bytes.len() >= LONG && input.is_read_only() {
        py.detach(|| read(&mut unpickler, bytes))
    } else {
        read(&mut unpickler, bytes)
    };
    let value = match result {
        Err(error) => Err(errors::from_core(py, error)),
        Ok(()) => {
            let document = complete(py, unpickler.document_in(bytes))?;
            let protocol = unpickler.protocol();
            let off = Collector::off_for(py, document.id_limit())?;
            let mut make = || {
                if reading.policy.is_some() {
                    let end = usize::try_from(unpickler.offset()).unwrap_or(bytes.len());
                    let pickle = bytes.get(..end).unwrap_or(bytes);
                    let approved = judge(py, &reading, &unpickler, &document, pickle)?;
                    reading.find_classes(py, protocol, approved)?;
                }
                build::whole(py, &document, &reading.wanted, &mut made, bytes.len())
            };
            let value = make();
            drop(off);
            value
        }
    };
    made.clear();
    let heap = unpickler.into_memory();
    if max_bytes.is_none() && heap.size() <= KEPT {
        SPARE.with(|spare| spare.replace(Some(Spare { heap, made })));
    }
    value
}

/// One value of the pickle at the start of data.
#[pyfunction]
#[pyo3(signature = (data, path, *, encoding=Some("ASCII"), errors="strict", buffers=None, max_bytes=None, max_opcodes=None, max_depth=1000, known=true, text_ints=None))]
#[allow(clippy::too_many_arguments)]
pub fn get<'py>(
    data: &Bound<'py, PyAny>,
    path: &str,
    encoding: Option<&str>,
    errors: &str,
    buffers: Option<Bound<'py, PyAny>>,
    max_bytes: Option<usize>,
    max_opcodes: Option<u64>,
    max_depth: u32,
    known: bool,
    text_ints: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    if !ValuePath::new(path).is_valid() {
        let text = format!("{path:?} is not a valid path; expected, for example, $.name, $[3] or $[\"a name\"]");
        return Err(PyValueError::new_err(text));
    }
    let input = Input::of(data)?;
    let given = Given {
        encoding,
        errors,
        buffers,
        max_bytes,
        max_opcodes,
        max_depth,
        known,
        text_ints,
        policy: None,
        fix_imports: true,
    };
    let reading = Reading::new(py, given)?;
    let mut unpickler = Unpickler::new(reading.heap(), reading.core);
    read(&mut unpickler, input.bytes()).map_err(|error| errors::from_core(py, error))?;
    let document = complete(py, unpickler.document_in(input.bytes()))?;
    // A path that cannot be read was refused above; this one leads nowhere, and the text says how far.
    let value = document.root().at_path(path).map_err(|error| PyKeyError::new_err(error.to_string()))?;
    let _off = Collector::off_for(py, document.id_limit())?;
    build::part(py, &value.document(), &reading.wanted, &mut Made::default())
}

/// The policy that a call asks for by `policy` or `allow`.
pub fn with_allowed<'py>(
    py: Python<'py>,
    policy: Option<Bound<'py, PyAny>>,
    allow: Option<Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if policy.is_none() && allow.is_none() {
        return Ok(None);
    }
    Ok(Some(py.import("libpickle._policy")?.getattr("policy_of")?.call1((policy, allow))?))
}

/// Reads one pickle after another from a binary file, of which nothing behind a pickle is taken.
#[pyclass(module = "libpickle", name = "_Reader")]
pub struct Reader {
    unpickler: Unpickler<Heap>,
    options: Options,
    made: Made,
    /// Pickles share a memo.
    keep_memo: bool,
    /// There is a limit of memory.
    limited: bool,
    begun: bool,
}

impl Reader {
    fn value<'py>(
        &mut self,
        reading: &mut Reading<'py>,
        pickle: &[u8],
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let document = complete(py, self.unpickler.document())?;
        let protocol = self.unpickler.protocol();
        let approved = judge(py, reading, &self.unpickler, &document, pickle)?;
        if reading.wanted.real.is_none() {
            reading.find_classes(py, protocol, approved)?;
        }
        let bytes = self.unpickler.used().bytes;
        let _off = Collector::off_for(py, document.id_limit())?;
        build::whole(py, &document, &reading.wanted, &mut self.made, bytes)
    }
}

#[pymethods]
impl Reader {
    #[new]
    #[pyo3(signature = (keep_memo=false, max_bytes=None))]
    fn new(keep_memo: bool, max_bytes: Option<usize>) -> Self {
        let heap = max_bytes.map_or_else(Heap::new, Heap::with_limit);
        let options = Options::new();
        let (unpickler, made) = (Unpickler::new(heap, options), Made::default());
        Reader { unpickler, options, made, keep_memo, limited: max_bytes.is_some(), begun: false }
    }

    /// The next pickle; EOFError at the end of the file.
    #[pyo3(signature = (file, *, fix_imports=true, encoding=Some("ASCII"), errors="strict", buffers=None, max_opcodes=None, max_depth=1000, known=true, text_ints=None, policy=None, find_class=None, persistent_load=None))]
    #[allow(clippy::too_many_arguments)]
    fn load<'py>(
        &mut self,
        file: &Bound<'py, PyAny>,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: &str,
        buffers: Option<Bound<'py, PyAny>>,
        max_opcodes: Option<u64>,
        max_depth: u32,
        known: bool,
        text_ints: Option<&str>,
        policy: Option<Bound<'py, PyAny>>,
        find_class: Option<Bound<'py, PyAny>>,
        persistent_load: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = file.py();
        let given = Given {
            encoding,
            errors,
            buffers,
            max_bytes: None,
            max_opcodes,
            max_depth,
            known,
            text_ints,
            policy,
            fix_imports,
        };
        let mut reading = Reading::new(py, given)?;
        let is_live = !self.keep_memo
            && !self.limited
            && find_class.is_none()
            && max_opcodes.is_none()
            && reading.policy.is_some();
        if let Some(find_class) = find_class {
            reading.core.stop_after_build = false;
            reading.wanted.known = false;
            reading.wanted.max_depth = u32::MAX;
            reading.wanted.real = Some(crate::real::Real::new(find_class, false));
        }
        reading.wanted.persistent = persistent_load;
        if !self.begun || self.options != reading.core {
            let heap = std::mem::replace(&mut self.unpickler, Unpickler::new(Heap::new(), reading.core)).into_memory();
            self.unpickler = Unpickler::new(heap, reading.core);
            self.options = reading.core;
            self.made.clear();
        } else if self.keep_memo {
            let offset = self.unpickler.offset();
            self.unpickler.begin_at(offset, true);
        } else {
            self.made.clear();
            self.unpickler.next_pickle(false);
        }
        self.begun = true;
        let mut pickle = Vec::new();
        let judged = match &reading.policy {
            Some(policy) => policy.getattr(pyo3::intern!(py, "judges"))?.is_truthy()?,
            None => false,
        };
        let mut source = Source::of(file)?;
        source.pickle(&mut self.unpickler, |piece| {
            if judged || is_live {
                pickle.extend_from_slice(piece);
            }
        })?;
        if is_live && let Some(value) = live(py, &mut reading, &pickle, None)? {
            return Ok(value);
        }
        self.value(&mut reading, &pickle, py)
    }

    /// That of the last pickle; 0 before the first.
    #[getter]
    fn protocol(&self) -> u8 {
        if self.begun { self.unpickler.protocol() } else { 0 }
    }

    fn __traverse__(&self, visit: pyo3::gc::PyVisit<'_>) -> Result<(), pyo3::gc::PyTraverseError> {
        for object in self.made.objects() {
            // SAFETY: a live object, borrowed for the visit: `Py` is a pointer that is not null.
            let object = unsafe { std::mem::transmute::<crate::raw::Raw, std::mem::ManuallyDrop<Py<PyAny>>>(object) };
            visit.call(&*object)?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.made.clear();
    }
}
