//! What a pickle seems to be: by the class of its root, by the globals it
//! names, by the keys near its root.
//!
//! A guess from names: the objects themselves are not checked.

use super::globals::Global;
use super::info::Info;
use super::symbols::Shape;
use pickle_core::{Opcode, joblib};

/// A guess and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// A word that does not change from version to version, such as `sklearn`.
    pub kind: &'static str,
    /// What it seems to be, for people.
    pub what: String,
    /// What the guess rests on.
    pub evidence: String,
    /// What seems to have written it, where that shows.
    pub writer: Option<&'static str>,
}

/// Which globals a row of the table is about.
struct Row {
    kind: &'static str,
    /// What an object of such a class is called; `{}` stands for the class.
    root: &'static str,
    /// What a pickle is said to hold in which such a global comes up somewhere.
    part: &'static str,
    /// Modules, those inside them included.
    modules: &'static [&'static str],
    /// Names; empty means all of them.
    names: &'static [&'static str],
}

const fn row(
    kind: &'static str,
    root: &'static str,
    part: &'static str,
    modules: &'static [&'static str],
    names: &'static [&'static str],
) -> Row {
    Row { kind, root, part, modules, names }
}

/// The first row that fits the root counts; without one, the first that fits any global.
const ROWS: &[Row] = &[
    row(
        "commands",
        "something that runs commands when it is loaded",
        "a call that runs commands when it is loaded",
        &["os", "posix", "nt"],
        &["system", "popen", "execv", "execve", "execl", "execlp", "spawnv", "spawnl", "posix_spawn"],
    ),
    row(
        "commands",
        "something that runs commands when it is loaded",
        "a call that runs commands when it is loaded",
        &["subprocess", "commands", "pty", "popen2"],
        &[],
    ),
    row(
        "commands",
        "something that runs code when it is loaded",
        "a call that runs code when it is loaded",
        &["builtins", "__builtin__"],
        &["eval", "exec", "execfile", "compile", "__import__"],
    ),
    row(
        "commands",
        "something that runs code when it is loaded",
        "a call that runs code when it is loaded",
        &["runpy", "code", "timeit"],
        &[],
    ),
    row(
        "cloudpickle",
        "a Python function or class, by cloudpickle",
        "Python functions or classes, by cloudpickle",
        &["cloudpickle"],
        &[],
    ),
    row("dill", "a Python function, class or session, by dill", "Python functions or classes, by dill", &["dill"], &[]),
    row("torch", "a PyTorch model ({})", "PyTorch modules", &["torch.nn"], &[]),
    row("torch", "a PyTorch object ({})", "PyTorch tensors", &["torch", "__torch__"], &[]),
    row(
        "tensorflow",
        "a TensorFlow or Keras object ({})",
        "TensorFlow or Keras objects",
        &["tensorflow", "keras"],
        &[],
    ),
    row(
        "transformers",
        "a Hugging Face transformers object ({})",
        "Hugging Face transformers objects",
        &["transformers"],
        &[],
    ),
    row("xgboost", "an XGBoost model ({})", "an XGBoost model", &["xgboost"], &[]),
    row("lightgbm", "a LightGBM model ({})", "a LightGBM model", &["lightgbm"], &[]),
    row("catboost", "a CatBoost model ({})", "a CatBoost model", &["catboost", "_catboost"], &[]),
    row("statsmodels", "a statsmodels result ({})", "statsmodels objects", &["statsmodels"], &[]),
    row(
        "sklearn",
        "a scikit-learn pipeline",
        "scikit-learn models",
        &["sklearn.pipeline"],
        &["Pipeline", "FeatureUnion"],
    ),
    row(
        "joblib",
        "an array, stored by joblib between the opcodes",
        "arrays, stored by joblib between the opcodes",
        &["joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"],
        &[joblib::CLASS],
    ),
    row(
        "joblib",
        "an array, stored by joblib in a file beside this one",
        "arrays, stored by joblib in files beside this one",
        &["joblib", "sklearn.externals.joblib"],
        &["NDArrayWrapper", "ZNDArrayWrapper"],
    ),
    row(
        "sklearn",
        "a scikit-learn dataset",
        "a scikit-learn dataset",
        &["sklearn.utils", "sklearn.datasets"],
        &["Bunch"],
    ),
    row("sklearn", "a scikit-learn model ({})", "scikit-learn models", &["sklearn"], &[]),
    row("spacy", "a spaCy object ({})", "spaCy objects", &["spacy"], &[]),
    row("gensim", "a gensim model ({})", "gensim models", &["gensim"], &[]),
    row("nltk", "an NLTK object ({})", "NLTK objects", &["nltk"], &[]),
    row("networkx", "a networkx graph ({})", "networkx graphs", &["networkx"], &[]),
    row("sympy", "a SymPy expression ({})", "SymPy expressions", &["sympy"], &[]),
    row("astropy", "an astropy object ({})", "astropy objects", &["astropy"], &[]),
    row("biopython", "a Biopython object ({})", "Biopython objects", &["Bio"], &[]),
    row("geopandas", "a geopandas frame or series ({})", "geopandas frames", &["geopandas"], &[]),
    row("shapely", "a shapely geometry ({})", "shapely geometries", &["shapely"], &[]),
    row("polars", "a polars frame ({})", "polars frames", &["polars"], &[]),
    row("pandas", "a pandas DataFrame", "pandas DataFrames", &["pandas"], &["DataFrame"]),
    row("pandas", "a pandas Series", "pandas Series", &["pandas"], &["Series", "TimeSeries"]),
    row("pandas", "a pandas panel", "pandas panels", &["pandas"], &["Panel", "Panel4D"]),
    row(
        "pandas",
        "a pandas index ({})",
        "pandas indexes",
        &["pandas.core.indexes", "pandas.core.index", "pandas.tseries.index"],
        &[],
    ),
    row("pandas", "a pandas object ({})", "pandas objects", &["pandas"], &[]),
    row("pyarrow", "a pyarrow object ({})", "pyarrow objects", &["pyarrow"], &[]),
    row("scipy", "a SciPy sparse matrix ({})", "SciPy sparse matrices", &["scipy.sparse"], &[]),
    row("scipy", "a SciPy object ({})", "SciPy objects", &["scipy"], &[]),
    row("django", "a Django object ({})", "Django objects", &["django"], &[]),
    row("celery", "a Celery object ({})", "Celery objects", &["celery", "kombu"], &[]),
    row("sqlalchemy", "an SQLAlchemy object ({})", "SQLAlchemy objects", &["sqlalchemy"], &[]),
    row("zodb", "a ZODB record ({})", "ZODB objects", &["persistent", "BTrees", "ZODB", "OFS"], &[]),
    row(
        "multiprocessing",
        "a task or message between processes ({})",
        "messages between processes",
        &["multiprocessing", "concurrent.futures", "multiprocess", "billiard"],
        &[],
    ),
    row("pydantic", "a pydantic model ({})", "pydantic models", &["pydantic"], &[]),
    row(
        "numpy",
        "a NumPy array",
        "NumPy arrays",
        &["numpy"],
        &["ndarray", "_frombuffer", "matrix", "recarray", "memmap", "chararray"],
    ),
    row("numpy", "a NumPy masked array", "NumPy masked arrays", &["numpy.ma"], &[]),
    row("numpy", "a NumPy scalar", "NumPy scalars", &["numpy"], &["scalar"]),
    row("numpy", "a NumPy dtype", "NumPy dtypes", &["numpy"], &["dtype"]),
    row("numpy", "a NumPy random generator ({})", "NumPy random generators", &["numpy.random"], &[]),
    row("numpy", "a NumPy object ({})", "NumPy objects", &["numpy"], &[]),
    row("exception", "a Python exception ({})", "Python exceptions", &["exceptions"], &[]),
];

/// Classes that carry plain values: modules of the standard library, and what they hold.
const PLAIN: &[(&str, &str)] = &[
    ("datetime", "dates and times"),
    ("pytz", "dates and times"),
    ("dateutil", "dates and times"),
    ("zoneinfo", "dates and times"),
    ("decimal", "decimal numbers"),
    ("_decimal", "decimal numbers"),
    ("cdecimal", "decimal numbers"),
    ("fractions", "fractions"),
    ("uuid", "UUIDs"),
    ("pathlib", "paths"),
    ("ipaddress", "IP addresses"),
    ("array", "arrays"),
    ("collections", "collections"),
    ("_collections", "collections"),
    ("_codecs", ""),
    ("copy_reg", ""),
    ("copyreg", ""),
    ("builtins", ""),
    ("__builtin__", ""),
];

/// Keys that give a dict away: all of them must be there.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("logging", "a logging record, as SocketHandler sends it", &["levelname", "levelno", "msg", "exc_info"]),
    ("celery", "a Celery task message (arguments, and what follows it)", &["callbacks", "errbacks", "chain", "chord"]),
    ("celery", "a Celery task message", &["task", "id", "args", "kwargs", "retries"]),
    ("celery", "a Celery result", &["status", "result", "traceback", "task_id"]),
    ("django", "a Django session", &["_auth_user_id", "_auth_user_backend"]),
    ("cifar", "a batch of the CIFAR images", &["batch_label", "labels", "data", "filenames"]),
    ("cifar", "the label names of the CIFAR images", &["label_names", "num_cases_per_batch"]),
    ("torch", "a PyTorch training checkpoint", &["model_state_dict", "optimizer_state_dict"]),
    ("torch", "a PyTorch training checkpoint", &["state_dict", "epoch"]),
    ("torch", "the state of a PyTorch optimizer", &["state", "param_groups"]),
];

/// Guesses from the first pickles of a file, one by one, and from all together.
pub fn guess(pickles: &[Info], all: &Info) -> Option<Guess> {
    let first = pickles.first()?;
    let writer = writer(all);
    let found = |kind, what: String, evidence: String| Some(Guess { kind, what, evidence, writer });
    if first.torch_magic {
        return found(
            "torch",
            "a torch file as written before torch 1.6".into(),
            "the magic number of torch.save".into(),
        );
    }
    for (kind, what, keys) in KEYS {
        if keys.iter().all(|key| first.keys.iter().any(|known| known.text == *key)) {
            return found(kind, (*what).into(), format!("the keys {}", keys.join(", ")));
        }
    }
    let root = root_text(first);
    if let Some(class) = &first.root_global
        && let Some(row) = ROWS.iter().find(|row| row.fits(class))
    {
        let mut what = row.root.replace("{}", &class.name);
        if let (Some(version), "sklearn") = (&all.sklearn_version, row.kind) {
            what = format!("{what} of scikit-learn {version}");
        }
        return found(row.kind, what, format!("its class is {}", class.path()));
    }
    if let Some((row, global)) = ROWS.iter().find_map(|row| Some((row, all.globals.iter().find(|g| row.fits(g))?))) {
        let mut what = format!("{root} with {} in it", row.part);
        if row.kind == "commands" {
            what = format!("{}; the result is {root}", row.part);
        }
        if let (Some(version), "sklearn" | "joblib") = (&all.sklearn_version, row.kind) {
            what = format!("{what}, of scikit-learn {version}");
        }
        return found(row.kind, what, format!("it names {}", global.path()));
    }
    let own = all.globals.iter().find(|global| !is_plain(global));
    match own {
        Some(global) => found("objects", root, format!("it names {}", global.path())),
        None if all.globals.is_empty() => {
            let without = if all.persids + all.ext_codes.len() as u64 == 0 {
                "it names no classes"
            } else {
                "it names no classes by module and name"
            };
            found("plain", format!("plain data: {root}"), without.into())
        }
        None => {
            let mut kinds: Vec<_> = all.globals.iter().filter_map(plain_kind).filter(|kind| !kind.is_empty()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let with = if kinds.is_empty() { String::new() } else { format!(" with {}", kinds.join(", ")) };
            found(
                "plain",
                format!("plain data: {root}{with}"),
                "it names only well-known classes of the standard library".into(),
            )
        }
    }
}

impl Row {
    fn fits(&self, global: &Global) -> bool {
        self.modules.iter().any(|module| is_inside(&global.module, module))
            && (self.names.is_empty() || self.names.contains(&global.name.as_str()))
    }
}

/// The module itself, or one in it.
fn is_inside(module: &str, of: &str) -> bool {
    module.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn plain_kind(global: &Global) -> Option<&'static str> {
    PLAIN.iter().find(|(module, _)| is_inside(&global.module, module)).map(|(_, kind)| *kind)
}

fn is_plain(global: &Global) -> bool {
    plain_kind(global).is_some()
}

/// The root in words.
pub fn root_text(info: &Info) -> String {
    let items = |of: &str, empty: &str, item: &str| match info.root_items {
        0 => empty.to_owned(),
        1 => format!("{of} of 1 {item}"),
        n => format!("{of} of {n} {item}s"),
    };
    let class = info.root_global.as_ref().map(Global::path).unwrap_or_default();
    match info.root {
        None => "something that is not complete".into(),
        Some(Shape::None) => "None".into(),
        Some(Shape::Bool) => "a bool".into(),
        Some(Shape::Int) => "an int".into(),
        Some(Shape::Float) => "a float".into(),
        Some(Shape::Str) => "a str".into(),
        Some(Shape::Str8) => "a Python 2 str".into(),
        Some(Shape::Bytes) => "bytes".into(),
        Some(Shape::ByteArray) => "a bytearray".into(),
        Some(Shape::List) => items("a list", "a list", "item"),
        Some(Shape::Tuple) => items("a tuple", "a tuple", "item"),
        Some(Shape::Set) => items("a set", "a set", "item"),
        Some(Shape::FrozenSet) => items("a frozenset", "a frozenset", "item"),
        Some(Shape::Dict) => items("a dict", "a dict", "entry").replace("entrys", "entries"),
        Some(Shape::Global) => format!("the class or function {class} itself"),
        Some(Shape::Object) if class.is_empty() => "an object".into(),
        Some(Shape::Object) => format!("an object made by {class}"),
        Some(Shape::PersistentId) => "an object that is known by a persistent id".into(),
        Some(Shape::Extension) => "an object that is known by an extension code".into(),
        Some(Shape::Buffer) => "an out-of-band buffer".into(),
    }
}

/// What wrote it, by what only one writer does.
fn writer(all: &Info) -> Option<&'static str> {
    let names = |module: &str| all.globals.iter().any(|global| global.module == module);
    let strs = all.opcode(Opcode::String) + all.opcode(Opcode::BinString) + all.opcode(Opcode::ShortBinString);
    let python2_only = strs > 0 || names("exceptions") || names("UserDict") || all.opcode(Opcode::Inst) > 0;
    match (all.min_protocol, all.first_memo_index) {
        (3.., _) => Some(match all.min_protocol {
            3 => "Python 3",
            4 => "Python 3.4 or later",
            _ => "Python 3.8 or later",
        }),
        // cPickle counts from 1 (`put` in Python 2's cPickle.c), all others from 0.
        (_, Some(1)) => Some("Python 2, cPickle"),
        (_, Some(0)) if python2_only => Some("Python 2, pickle"),
        _ if python2_only => Some("Python 2"),
        // Protocols 0 to 2 have no opcode for bytes.
        _ if names("_codecs") => Some("Python 3"),
        _ => None,
    }
}
