//! A pickle in a text, replaced by another one in the same spelling.

use super::spelling::Spelling;
use super::{FORMAT, Found, MAX_TEXT, Recognise, pickles};
use crate::Failure;
use crate::input::Input;
use std::io::Read;

/// The pickle that the whole text of an input is; `None` where it is none, or has several in it.
///
/// # Errors
/// The input cannot be read.
pub(in crate::input) fn whole(input: &mut Input) -> Result<Option<Vec<u8>>, Failure> {
    let Recognise::Head(is_text) = FORMAT.recognise else { return Ok(None) };
    if input.part().is_none_or(|part| part.len() > MAX_TEXT) || !is_text(input.head()) {
        return Ok(None);
    }
    let mut text = Vec::new();
    (&mut *input as &mut dyn Read).read_to_end(&mut text)?;
    input.go_to(0);
    let mut found = pickles(&text).into_iter();
    match (found.next(), found.next()) {
        (Some(Found { name, bytes, .. }), None) if name.is_empty() => Ok(bytes),
        _ => Ok(None),
    }
}

/// The text with other bytes as the pickle of this name, in the spelling that it has; everything else stays.
///
/// # Errors
/// Why that cannot be.
pub(in crate::input) fn respell(text: &[u8], member: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let all = pickles(text);
    let mut found = all.iter().filter(|found| found.name == member);
    let (Some(found), None) = (found.next(), found.next()) else {
        return Err("the pickle is not in it exactly once".into());
    };
    let old = found.bytes.as_deref().unwrap_or_default();
    let spelling = Spelling::of(&found.text, old).ok_or(
        "its text is not written as hex, base64, escapes or a dump would be written again (signed, or in lines of several lengths): \
         say -o OUT, without --rewrap",
    )?;
    let new = spelling.write(bytes);
    let spelled = |spell: fn(&str) -> String| {
        let both = [&found.text, &new].map(|text| String::from_utf8_lossy(text).into_owned());
        both.map(|text| spell(&text).into_bytes())
    };
    let pairs = if found.is_json { vec![spelled(json), spelled(ascii_json)] } else { vec![[found.text.clone(), new]] };
    let place = pairs.iter().find_map(|[old, new]| Some((only(text, old)?, old, new)));
    let Some((at, old, new)) = place else {
        return Err("the text of the pickle does not stand in the file exactly once, as it is".into());
    };
    let (before, rest) = text.split_at(at);
    let respelled = [before, new, rest.get(old.len()..).unwrap_or_default()].concat();
    // Whoever reads it must find the same pickles there.
    let again = pickles(&respelled);
    let same = again.len() == all.len()
        && again.iter().zip(&all).all(|(again, before)| {
            let want = if before.name == member { Some(bytes) } else { before.bytes.as_deref() };
            again.name == before.name && again.bytes.as_deref() == want
        });
    if same { Ok(respelled) } else { Err("the new pickle would not be found again in this text".into()) }
}

/// Where something stands in a text, if that is one place.
fn only(text: &[u8], what: &[u8]) -> Option<usize> {
    let mut places = text.windows(what.len().max(1)).enumerate().filter(|(_, here)| *here == what).map(|(at, _)| at);
    places.next().filter(|_| places.next().is_none())
}

/// A string of JSON, with its quotes.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The same in ASCII, as Python's `json` and many others write it.
fn ascii_json(text: &str) -> String {
    let mut out = String::new();
    for c in json(text).chars() {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}
