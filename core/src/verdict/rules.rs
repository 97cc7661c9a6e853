//! The words of a verdict: headline, rule, capability.

/// The headline of a report, in rising order: the worst finding rules.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Verdict {
    /// Proved: loading calls only listed callees, imports only listed modules, and every byte was read.
    #[default]
    Clean = 0,
    /// Something is not listed, was not looked at, or a limit was hit.
    Unknown = 1,
    /// No reader loads it, and what would run before the break is harmless.
    Malformed = 2,
    /// CPython's readers disagree about these bytes; the worse reading is reported.
    Divergent = 3,
    /// Introspection, computed names, state set on classes: nothing that honest pickles do.
    Suspicious = 4,
    /// Code objects of a known serialiser: the file is a program by design.
    Code = 5,
    /// A sink is referenced, or reachable through what is called.
    Dangerous = 6,
}

impl Verdict {
    /// Every verdict, the mildest first.
    pub const ALL: [Verdict; 7] = [
        Verdict::Clean,
        Verdict::Unknown,
        Verdict::Malformed,
        Verdict::Divergent,
        Verdict::Suspicious,
        Verdict::Code,
        Verdict::Dangerous,
    ];

    /// The word that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Unknown => "unknown",
            Verdict::Malformed => "malformed",
            Verdict::Divergent => "divergent",
            Verdict::Suspicious => "suspicious",
            Verdict::Code => "code",
            Verdict::Dangerous => "dangerous",
        }
    }
}

/// What a global can do once it is called.
///
/// See the example of [`Observer`](super::Observer).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Capability {
    /// Nothing known.
    #[default]
    None = 0,
    /// Runs Python code given as text or as a code object.
    Exec = 1,
    /// Starts another program.
    Process = 2,
    /// Reads files.
    FileRead = 3,
    /// Writes files.
    FileWrite = 4,
    /// Deletes or moves files.
    FileDelete = 5,
    /// Talks to the network.
    Net = 6,
    /// Reads or changes the environment of the process.
    Env = 7,
    /// Loads or calls native code.
    Native = 8,
    /// Reaches other objects through attributes, frames or the collector.
    Introspect = 9,
    /// Changes classes, modules, registries or hooks of the whole process.
    Mutate = 10,
    /// Ends, stops or exhausts the process.
    Crash = 11,
    /// Imports a module whose name is data.
    Import = 12,
    /// Loads another pickle, marshal data or a similar format.
    Deserialise = 13,
    /// Memory outside an object's bounds could be read or written.
    NativeMemory = 14,
}

impl Capability {
    const ALL: [Capability; 15] = [
        Capability::None,
        Capability::Exec,
        Capability::Process,
        Capability::FileRead,
        Capability::FileWrite,
        Capability::FileDelete,
        Capability::Net,
        Capability::Env,
        Capability::Native,
        Capability::Introspect,
        Capability::Mutate,
        Capability::Crash,
        Capability::Import,
        Capability::Deserialise,
        Capability::NativeMemory,
    ];

    /// The capability of a number of a table.
    pub(crate) fn from_number(number: u8) -> Capability {
        Self::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// The word that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Capability::None => "none",
            Capability::Exec => "exec",
            Capability::Process => "process",
            Capability::FileRead => "file-read",
            Capability::FileWrite => "file-write",
            Capability::FileDelete => "file-delete",
            Capability::Net => "net",
            Capability::Env => "env",
            Capability::Native => "native",
            Capability::Introspect => "introspect",
            Capability::Mutate => "mutate",
            Capability::Crash => "crash",
            Capability::Import => "import",
            Capability::Deserialise => "deserialise",
            Capability::NativeMemory => "native-memory",
        }
    }
}

macro_rules! rules {
    ($( $name:ident = $number:literal, $text:literal; )*) => {
        /// Why a finding was made. The numbers are stable: 1xx names, 2xx calls, 3xx state, 4xx what the application
        /// decides, 5xx the stream, 6xx containers, 7xx limits, 8xx data, 9xx policy.
        ///
        /// ```
        /// use pickle_core::verdict::Rule;
        ///
        /// assert_eq!((Rule::Sink as u16, Rule::Sink.id()), (101, "PK101"));
        /// assert!(Rule::ALL.iter().all(|rule| !rule.text().is_empty()));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Rule {
            $( #[doc = $text] $name = $number, )*
        }

        impl Rule {
            /// Every rule, by number.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),*];

            /// What the rule says, in a few words.
            pub const fn text(self) -> &'static str {
                match self { $( Rule::$name => $text, )* }
            }

            /// The stable name, such as `PK101`.
            pub const fn id(self) -> &'static str {
                match self { $( Rule::$name => concat!("PK", stringify!($number)), )* }
            }

            /// The place in [`Rule::ALL`].
            pub fn index(self) -> usize {
                Self::ALL.iter().position(|rule| *rule == self).unwrap_or(0)
            }
        }
    };
}

rules! {
    Sink = 101, "a dangerous global is named";
    UnknownGlobal = 102, "a global that is in no table";
    DottedHop = 103, "a dotted name walks through another module or object";
    DunderHop = 104, "a dotted name walks through a dunder attribute";
    DynamicImport = 105, "the name of a global is computed";
    LookAlike = 106, "a name is not plain ASCII, or has an empty part";
    ImportEffect = 107, "the import alone has an effect";
    Python2Alias = 108, "a name of Python 2 stands for a dangerous one";
    OwnName = 109, "a name of the program that loads the pickle";
    SinkCalled = 201, "a dangerous global is called";
    CallThrough = 202, "a callable is called through another";
    UnknownCalled = 203, "a callable of unknown effect is called";
    ComputedCallee = 204, "what is called is the result of another call";
    LazyIterable = 205, "a lazy iterable calls a function as it is drained";
    SinkLikeArguments = 206, "an unknown callable gets a command, a path or an address";
    NestedLoader = 207, "bytes are loaded as another pickle";
    TextEvaluated = 208, "text is evaluated";
    ClassState = 301, "state is set on a class, function or module";
    DunderKey = 302, "state has a dunder key";
    MethodShadowed = 303, "state puts a callable over a method";
    ProcessState = 304, "state of the whole process is changed";
    HashHook = 305, "hashing or comparing may run code of a class";
    DangerousStored = 306, "a dangerous object is stored";
    UnknownState = 307, "the effect of this state is not known";
    ExtensionCode = 401, "an extension code names a global that the stream does not";
    PersistentId = 402, "an object of a persistent id is called or changed";
    PersistentPath = 403, "a persistent id looks like a path";
    CodeObject = 404, "a code object or function is built";
    DivergentReading = 501, "CPython's readers disagree";
    FrameTrick = 502, "frames do not hold what they say";
    DataAfterStop = 503, "bytes follow that are no pickle";
    BrokenAfterPayload = 504, "the stream breaks after something ran";
    Malformed = 505, "no reader loads this";
    NotOpenable = 601, "what is inside could not be opened";
    HeadersDisagree = 602, "the headers of a container disagree";
    CheckFailed = 603, "a checksum, flag or method is wrong";
    Polyglot = 604, "the file is two formats at once";
    NameLies = 605, "the name says another format";
    DamagedLayer = 606, "compressed data is damaged";
    LimitHit = 701, "a limit was hit";
    Expansion = 702, "a small file grows out of proportion";
    OutsideStorage = 801, "a view reaches outside its storage";
    BadProduct = 802, "a shape and a length do not fit";
    DeniedByPolicy = 901, "the policy denies it";
    AcceptedByPolicy = 902, "the policy accepts it";
    AcceptExpired = 903, "the policy accepted it until a day that is over";
}

impl Rule {
    /// What the first digit stands for.
    pub const fn group(self) -> &'static str {
        match self as u16 / 100 {
            1 => "name",
            2 => "call",
            3 => "state",
            4 => "application",
            5 => "stream",
            6 => "container",
            7 => "limit",
            8 => "data",
            _ => "policy",
        }
    }
}
