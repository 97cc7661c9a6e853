//! Python's notation of the values that headers of `.npy` files have.

/// Levels that are read.
const LEVELS: usize = 32;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Int(u64),
    Bool(bool),
    None,
    /// A list or a tuple.
    Items(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// The value that a whole text is.
    pub(super) fn parse(text: &str) -> Option<Literal> {
        let mut rest = text;
        let value = value(&mut rest, LEVELS)?;
        rest.trim().is_empty().then_some(value)
    }

    /// The value of a key of a dict.
    pub(super) fn get(&self, key: &str) -> Option<&Literal> {
        let Literal::Dict(entries) = self else { return None };
        entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Literal::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn items(&self) -> Option<&[Literal]> {
        if let Literal::Items(items) = self { Some(items) } else { None }
    }

    /// Ints in a tuple.
    pub(super) fn ints(&self) -> Option<Vec<u64>> {
        self.items()?.iter().map(|item| if let Literal::Int(int) = item { Some(*int) } else { None }).collect()
    }
}

fn value(rest: &mut &str, levels: usize) -> Option<Literal> {
    let below = levels.checked_sub(1)?;
    *rest = rest.trim_start();
    let mut chars = rest.chars();
    match chars.next()? {
        // Python 2 marked its text, or its long ints.
        'u' | 'b' if matches!(chars.next(), Some('\'' | '"')) => {
            *rest = rest.get(1..)?;
            value(rest, below)
        }
        quote @ ('\'' | '"') => text(rest, quote),
        '0'..='9' => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, tail) = rest.split_at_checked(end)?;
            *rest = tail.strip_prefix('L').unwrap_or(tail);
            digits.parse().ok().map(Literal::Int)
        }
        '(' => items(rest, ')', below),
        '[' => items(rest, ']', below),
        '{' => {
            let mut entries = Vec::new();
            *rest = rest.get(1..)?;
            while !close(rest, '}') {
                let key = value(rest, below)?;
                *rest = rest.trim_start().strip_prefix(':')?;
                entries.push((key, value(rest, below)?));
                comma(rest, '}')?;
            }
            Some(Literal::Dict(entries))
        }
        _ => {
            let words = [("True", Literal::Bool(true)), ("False", Literal::Bool(false)), ("None", Literal::None)];
            let (tail, word) = words.into_iter().find_map(|(name, word)| Some((rest.strip_prefix(name)?, word)))?;
            *rest = tail;
            Some(word)
        }
    }
}

fn items(rest: &mut &str, end: char, levels: usize) -> Option<Literal> {
    let mut items = Vec::new();
    *rest = rest.get(1..)?;
    while !close(rest, end) {
        items.push(value(rest, levels)?);
        comma(rest, end)?;
    }
    Some(Literal::Items(items))
}

/// Passes over what ends a list.
fn close(rest: &mut &str, end: char) -> bool {
    match rest.trim_start().strip_prefix(end) {
        Some(tail) => {
            *rest = tail;
            true
        }
        None => false,
    }
}

/// Passes over a comma, which may only be missing before the end.
fn comma(rest: &mut &str, end: char) -> Option<()> {
    let here = rest.trim_start();
    match here.strip_prefix(',') {
        Some(tail) => *rest = tail,
        None if here.starts_with(end) => *rest = here,
        None => return None,
    }
    Some(())
}

fn text(rest: &mut &str, quote: char) -> Option<Literal> {
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let digits = match chars.next()?.1 {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    'n' => {
                        out.push('\n');
                        continue;
                    }
                    'r' => {
                        out.push('\r');
                        continue;
                    }
                    't' => {
                        out.push('\t');
                        continue;
                    }
                    c @ ('\\' | '\'' | '"') => {
                        out.push(c);
                        continue;
                    }
                    _ => return None,
                };
                let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                out.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
            }
            c if c == quote => {
                *rest = rest.get(at + 1..)?;
                return Some(Literal::Text(out));
            }
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Literal as L;

    #[test]
    fn headers_of_numpy_are_read() {
        let header = L::parse(
            "{'descr': [(('It\\'s', 'a'), '<i4', (2,)), ('', '|V3')], 'fortran_order': False, 'shape': (3L, 2), }  \n",
        )
        .unwrap();
        assert_eq!(header.get("shape").unwrap().ints(), Some(vec![3, 2]));
        assert_eq!(header.get("fortran_order"), Some(&L::Bool(false)));
        let fields = header.get("descr").unwrap().items().unwrap();
        assert_eq!(fields[0].items().unwrap()[0].items().unwrap()[0].text(), Some("It's"));
        assert_eq!(L::parse("()"), Some(L::Items(Vec::new())));
        assert_eq!(L::parse("u'a'"), Some(L::Text("a".into())));
        for bad in ["", "(", "(1", "(1 2)", "{'a'}", "'a", "x", "1 2", "'\\q'", "99999999999999999999", "-1"] {
            assert_eq!(L::parse(bad), None, "{bad}");
        }
        assert_eq!(L::parse(&"(".repeat(100_000)), None);
    }
}
