//! Paths as text: their grammar. docs/paths.md has it for users.
//!
//! RFC 9535 (JSONPath) where it reaches, literals of Python as keys, and steps into how an object was made.

use super::source::Source;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while, take_while1};
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{map, map_opt, opt, recognize, value};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// One step of a path.
///
/// See the example of [`ValuePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathStep<'p> {
    /// A key that is text, an attribute, a field, a column.
    Key(PathKey<'p>),
    /// An index, below zero from the end; the key of a mapping that has ints for keys.
    Index(i64),
    /// Items from one index on up to another, every so many: `[1:3]`, `[::2]`.
    Slice(Option<i64>, Option<i64>, i64),
    /// Everything that is one step from here: `.*`, `[*]`.
    All,
    /// Everything that is any number of steps from here, and this value: what stands before the name in `..name`.
    Deep,
    /// A key that is no text: a literal of Python, `(1, "a")`, `b"data"`, `1.5`, `None`, `True`.
    Literal(&'p str),
    /// `@class`: the class of an object, or the function that makes it.
    Class,
    /// `@args`, `@args[0]`: what an object is made with.
    Args(Option<u64>),
    /// `@kwargs`: what an object is made with by name.
    Kwargs,
    /// `@state`: what an object's attributes are set from.
    State,
    /// `@items[3]`: what was appended or added to an object.
    Items(u64),
    /// `@key[2]`: a key of a mapping by its place.
    KeyAt(u64),
    /// `@value[2]`: a value of a mapping by its place.
    ValueAt(u64),
    /// `@index`: the index of a table.
    RowIndex,
    /// `@call`, `@call[0]`: the function or class that the pickle calls, and what it calls it with, helpers and all.
    Call(Option<u64>),
    /// `@build[0]`: a state that a later one has replaced.
    Build(u64),
    /// `@pickle[0]`: a pickle between the opcodes (joblib).
    Nested(u64),
    /// `@id`: what is called a persistent id.
    Id,
    /// `@module`: the module of a global, where the pickle has it as a value of its own.
    Module,
    /// `@name`: the name of a global, where the pickle has it as a value of its own.
    Name,
    /// `@buffer`: what a read-only view looks at.
    Inner,
}

/// A key in a path: text whose escapes are not resolved yet.
///
/// See the example of [`ValuePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathKey<'p> {
    source: &'p str,
    escapes: Escapes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    None,
    /// `\n`, `\"`, `\\`, `\u263a`, pairs of surrogates.
    Quoted,
    /// JSON Pointer: `~0`, `~1`.
    Pointer,
}

impl<'p> PathKey<'p> {
    /// The characters.
    pub fn chars(self) -> impl Iterator<Item = char> + Clone + 'p {
        let mut rest = self.source.chars();
        core::iter::from_fn(move || match (self.escapes, rest.next()?) {
            (Escapes::Quoted, '\\') => escaped(&mut rest),
            (Escapes::Pointer, '~') => match rest.next()? {
                '1' => Some('/'),
                _ => Some('~'),
            },
            (_, c) => Some(c),
        })
    }

    /// As it stands in the path.
    pub fn source(self) -> &'p str {
        self.source
    }

    /// Is it this text?
    pub fn is(self, text: &[u8]) -> bool {
        if self.escapes == Escapes::None {
            return self.source.as_bytes() == text;
        }
        let mut left = text;
        let mut utf8 = [0; 4];
        for c in self.chars() {
            match left.strip_prefix(c.encode_utf8(&mut utf8).as_bytes()) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        left.is_empty()
    }

    /// The index that a name of digits alone may be.
    pub fn as_index(self) -> Option<i64> {
        if self.escapes == Escapes::Quoted { None } else { self.source.parse().ok() }
    }
}

/// What follows a backslash.
fn escaped(rest: &mut core::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'x' => char::from_u32(hex(rest, 2)?)?,
        'U' => char::from_u32(hex(rest, 8)?)?,
        'u' => {
            let unit = hex(rest, 4)?;
            if !(0xd800..0xdc00).contains(&unit) {
                return Some(char::from_u32(unit).unwrap_or('\u{fffd}'));
            }
            let mut after = rest.clone();
            let low = if after.next() == Some('\\') && after.next() == Some('u') { hex(&mut after, 4) } else { None };
            match low.filter(|low| (0xdc00..0xe000).contains(low)) {
                Some(low) => {
                    *rest = after;
                    char::from_u32(0x1_0000 + ((unit & 0x3ff) << 10 | low & 0x3ff))?
                }
                None => '\u{fffd}',
            }
        }
        other => other,
    })
}

fn hex(rest: &mut core::str::Chars<'_>, digits: usize) -> Option<u32> {
    let mut number = 0u32;
    for _ in 0..digits {
        let digit = crate::literal::int::digit(u8::try_from(rest.next()?).ok()?, 16)?;
        number = number.checked_mul(16)?.checked_add(u32::from(digit))?;
    }
    Some(number)
}

/// The steps of a path: an iterator of `Some(step)`, or one `None` where the path cannot be read.
///
/// ```
/// use pickle_core::{ValuePath, PathStep};
///
/// let steps: Vec<_> = ValuePath::new("$.rows[-1]").collect();
/// assert!(matches!(steps[..], [Some(PathStep::Key(key)), Some(PathStep::Index(-1))] if key.is(b"rows")));
/// assert!(!ValuePath::new("$.rows[").is_valid());
/// ```
#[derive(Clone, Debug)]
pub struct ValuePath<'p> {
    text: &'p str,
    rest: &'p str,
    pointer: bool,
    /// After `..` the name has no dot.
    deep: bool,
}

impl<'p> ValuePath<'p> {
    /// The steps of `text`, with or without a leading `$`. What begins with `/` is read as a JSON Pointer (RFC 6901).
    pub fn new(text: &'p str) -> Self {
        let pointer = text.starts_with('/');
        let rest = text.strip_prefix('$').unwrap_or(text);
        ValuePath { text, rest: if text == "." { "" } else { rest }, pointer, deep: false }
    }

    /// The path can be read.
    pub fn is_valid(&self) -> bool {
        self.clone().all(|step| step.is_some())
    }

    /// How much of the text the steps so far are.
    pub fn done(&self) -> &'p str {
        self.text.get(..self.text.len().saturating_sub(self.rest.len())).unwrap_or_default()
    }

    /// How much of the text the steps to come are.
    pub fn rest(&self) -> &'p str {
        self.rest
    }

    /// It may lead to more than one value.
    pub fn is_many(&self) -> bool {
        let many = |step| matches!(step, Some(PathStep::All | PathStep::Deep | PathStep::Slice(..)));
        self.clone().any(many)
    }

    fn step(&mut self) -> Option<PathStep<'p>> {
        let begins = self.text.trim_start_matches('$').len() == self.rest.len();
        let input = Source(self.rest);
        let read = if self.pointer {
            pointer(input)
        } else if self.deep {
            alt((brackets, part, name)).parse(input)
        } else if begins {
            alt((dotted, brackets, part, name)).parse(input)
        } else {
            alt((dotted, brackets, part)).parse(input)
        };
        let (Source(rest), step) = read.ok()?;
        self.deep = step == PathStep::Deep;
        if self.deep && rest.is_empty() {
            return None;
        }
        self.rest = rest;
        Some(step)
    }
}

impl<'p> Iterator for ValuePath<'p> {
    type Item = Option<PathStep<'p>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_none() {
            self.rest = "";
        }
        Some(step)
    }
}

type Read<'p, T> = IResult<Source<'p>, T>;

fn pointer(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let text = preceded(char('/'), take_while(|c| c != '/'));
    map(text, |Source(source)| PathStep::Key(PathKey { source, escapes: Escapes::Pointer })).parse(input)
}

/// `..`, `.name`, `.*`, `.[0]`, `.@class`.
fn dotted(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    alt((value(PathStep::Deep, tag("..")), preceded(char('.'), alt((brackets, part, name))))).parse(input)
}

fn name(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let text = take_till1(|c: char| matches!(c, '.' | '[' | ']' | '@'));
    map(text, |Source(source)| match source {
        "*" => PathStep::All,
        _ => PathStep::Key(PathKey { source, escapes: Escapes::None }),
    })
    .parse(input)
}

fn number(input: Source<'_>) -> Read<'_, u64> {
    map_opt(digit1, |Source(digits)| digits.parse().ok()).parse(input)
}

/// `@args[0]` and its like.
fn part(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let (rest, Source(word)) = preceded(char('@'), take_while1(|c: char| c.is_ascii_lowercase())).parse(input)?;
    let takes = matches!(word, "args" | "items" | "key" | "value" | "call" | "build" | "pickle");
    let (rest, place) = if takes { opt(delimited(char('['), number, char(']'))).parse(rest)? } else { (rest, None) };
    let step = match (word, place) {
        ("class", _) => PathStep::Class,
        ("args", place) => PathStep::Args(place),
        ("kwargs", _) => PathStep::Kwargs,
        ("state", _) => PathStep::State,
        ("items", Some(place)) => PathStep::Items(place),
        ("key", Some(place)) => PathStep::KeyAt(place),
        ("value", Some(place)) => PathStep::ValueAt(place),
        ("index", _) => PathStep::RowIndex,
        ("call", place) => PathStep::Call(place),
        ("build", Some(place)) => PathStep::Build(place),
        ("pickle", Some(place)) => PathStep::Nested(place),
        ("id", _) => PathStep::Id,
        ("module", _) => PathStep::Module,
        ("name", _) => PathStep::Name,
        ("buffer", _) => PathStep::Inner,
        _ => return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Tag))),
    };
    Ok((rest, step))
}

fn brackets(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let blanks = || take_while(|c: char| c == ' ');
    delimited((char('['), blanks()), alt((slice, index, quoted, all, literal)), (blanks(), char(']'))).parse(input)
}

fn all(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    value(PathStep::All, char('*')).parse(input)
}

fn int(input: Source<'_>) -> Read<'_, i64> {
    map_opt(recognize((opt(one_of("-+")), digit1)), |Source(digits)| digits.parse().ok()).parse(input)
}

/// An int that ends here.
fn index(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let (rest, index) = int(input)?;
    match rest.0.trim_start_matches(' ').starts_with(']') {
        true => Ok((rest, PathStep::Index(index))),
        false => Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Digit))),
    }
}

fn slice(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let (rest, (from, _, to, step)) =
        (opt(int), char(':'), opt(int), opt(preceded(char(':'), opt(int)))).parse(input)?;
    let step = step.flatten().unwrap_or(1);
    if step == 0 {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Digit)));
    }
    Ok((rest, PathStep::Slice(from, to, step)))
}

/// Between quotes of either kind.
fn quoted(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let (rest, source) = string(input)?;
    Ok((rest, PathStep::Key(PathKey { source, escapes: Escapes::Quoted })))
}

fn string(input: Source<'_>) -> Read<'_, &str> {
    let (Source(inner), quote) = one_of("\"'").parse(input)?;
    let mut skip = false;
    for (at, c) in inner.char_indices() {
        if skip {
            skip = false;
        } else if c == '\\' {
            skip = true;
        } else if c == quote
            && let (Some(source), Some(rest)) = (inner.get(..at), inner.get(at + 1..))
        {
            return Ok((Source(rest), source));
        }
    }
    Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Char)))
}

/// Levels of parentheses in a literal.
pub(crate) const DEPTH: usize = 8;

/// A literal of Python, as far as keys are such.
fn literal(input: Source<'_>) -> Read<'_, PathStep<'_>> {
    let mut rest = input;
    let mut depth = 0usize;
    let wrong = || nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Tag));
    loop {
        let (after, token) = token(rest)?;
        rest = after;
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.checked_sub(1).ok_or_else(wrong)?,
            Token::Comma if depth == 0 => return Err(wrong()),
            _ => {}
        }
        if depth > DEPTH {
            return Err(wrong());
        }
        if depth == 0 {
            let used = input.0.len().saturating_sub(rest.0.len());
            return Ok((rest, PathStep::Literal(input.0.get(..used).unwrap_or_default())));
        }
    }
}

/// A piece of a literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'p> {
    Open,
    Close,
    Comma,
    None,
    Bool(bool),
    /// An int, as its text.
    Int(&'p str),
    Float(&'p str),
    Text(PathKey<'p>),
    Bytes(PathKey<'p>),
}

/// The next piece of a literal, and what follows it.
pub(crate) fn next_token(text: &str) -> Option<(&str, Token<'_>)> {
    let (Source(rest), token) = token(Source(text)).ok()?;
    Some((rest, token))
}

fn token(input: Source<'_>) -> Read<'_, Token<'_>> {
    let quoted = |source| PathKey { source, escapes: Escapes::Quoted };
    let digits = || take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_'));
    delimited(
        take_while(|c: char| c == ' '),
        alt((
            value(Token::Open, char('(')),
            value(Token::Close, char(')')),
            value(Token::Comma, char(',')),
            map(preceded(char('b'), string), move |source| Token::Bytes(quoted(source))),
            map(string, move |source| Token::Text(quoted(source))),
            map_opt(digits(), |Source(word)| match word {
                "None" | "null" => Some(Token::None),
                "True" | "true" => Some(Token::Bool(true)),
                "False" | "false" => Some(Token::Bool(false)),
                "nan" | "inf" | "-inf" => Some(Token::Float(word)),
                _ if !word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()) => None,
                _ if word.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) => Some(Token::Int(word)),
                // A float: what reads it says whether it is one.
                _ if word.contains(['.', 'e', 'E']) => Some(Token::Float(word)),
                _ => None,
            }),
        )),
        take_while(|c: char| c == ' '),
    )
    .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn steps(path: &str) -> Vec<Option<PathStep<'_>>> {
        ValuePath::new(path).collect()
    }

    fn key(source: &str) -> Option<PathStep<'_>> {
        Some(PathStep::Key(PathKey { source, escapes: Escapes::None }))
    }

    fn quoted(source: &str) -> Option<PathStep<'_>> {
        Some(PathStep::Key(PathKey { source, escapes: Escapes::Quoted }))
    }

    #[test]
    fn grammar() {
        let index = |n| Some(PathStep::Index(n));
        assert_eq!(steps("$.rows[3].temp['a.b'][-1]"), [key("rows"), index(3), key("temp"), quoted("a.b"), index(-1)]);
        assert_eq!(steps("$"), []);
        assert_eq!(steps("rows[0]"), [key("rows"), index(0)]);
        assert_eq!(steps(".[0]"), [index(0)]);
        assert_eq!(steps("0.temp"), [key("0"), key("temp")]);
        assert_eq!(steps("$..a"), [Some(PathStep::Deep), key("a")]);
        assert_eq!(steps("$..[0]"), [Some(PathStep::Deep), index(0)]);
        assert_eq!(steps("$.*[*]"), [Some(PathStep::All), Some(PathStep::All)]);
        assert_eq!(
            steps("$[1:3][:-1][::2]"),
            [
                Some(PathStep::Slice(Some(1), Some(3), 1)),
                Some(PathStep::Slice(None, Some(-1), 1)),
                Some(PathStep::Slice(None, None, 2)),
            ]
        );
        assert_eq!(
            steps("$@args[2].@state@key[1]@class"),
            [Some(PathStep::Args(Some(2))), Some(PathStep::State), Some(PathStep::KeyAt(1)), Some(PathStep::Class),]
        );
        for literal in ["(1, \"a\")", "b\"data\"", "b'data'", "1.5", "None", "True", "((1,), (2, 3))", "-1e300"] {
            let path = std::format!("$[{literal}].x");
            assert_eq!(steps(&path), [Some(PathStep::Literal(literal)), key("x")], "{path}");
        }
        for bad in
            ["$..", "$[x]", "$[1", "$['a]", "$.", "$[1:2:0]", "$[(1]", "$[1,2]", "$@items", "$@what", "$[]", "$a]b"]
        {
            assert!(!ValuePath::new(bad).is_valid(), "{bad}");
        }
    }

    #[test]
    fn escapes() {
        let texts = [(r#"a\"b"#, "a\"b"), (r"\u00e9\n", "é\n"), (r"\ud83d\ude00", "\u{1f600}"), (r"\x41\\", "A\\")];
        for (source, text) in texts {
            let quoted = PathKey { source, escapes: Escapes::Quoted };
            assert_eq!(quoted.chars().collect::<String>(), text);
            assert!(quoted.is(text.as_bytes()) && !quoted.is(b"other"));
        }
        let pointer: Vec<String> = ValuePath::new("/a~1b/0")
            .flatten()
            .map(|step| match step {
                PathStep::Key(text) => text.chars().collect(),
                _ => String::new(),
            })
            .collect();
        assert_eq!(pointer, ["a/b", "0"]);
    }
}
