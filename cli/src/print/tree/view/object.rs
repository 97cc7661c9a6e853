//! Objects by how they are made and what happened to them.

use super::{
    Content, Group, Label, Part, Piece, arguments, bytes, entry, global, group, items, note, pairs, plain, view, word,
};
use crate::print::tree::palette::Role;
use crate::print::tree::scalar;
use pickle_core::known::Octets;
use pickle_core::view::Attributes;
use pickle_core::{Change, How, Kind, ObjectParts, Value};

/// An object by its class, arguments and what happened to it. A note of what it is stands behind its name.
pub fn object_view<'d>(object: &ObjectParts<'d>, max_text: usize, about: Option<String>) -> Vec<Piece<'d>> {
    let mut pieces = Vec::new();
    match (object.how(), object.instance()) {
        (How::PersId, _) => {
            pieces.push(word("persistent"));
            pieces.push(Piece::Group(arguments(vec![plain(object.callable())])));
        }
        (How::Changed, _) => pieces.extend(view(object.callable(), max_text)),
        (_, instance) => {
            let (class, args) = match &instance {
                Some(instance) => (instance.class, instance.args),
                None => (object.callable(), object.args()),
            };
            match class.kind() {
                Kind::Global => pieces.push(word(global(class))),
                // Not a name: what makes the object is made itself.
                _ => pieces.push(Piece::Group(group("(", ")", 1, std::iter::once(plain(class))))),
            }
            let mut parts: Vec<Part<'d>> = args.map(plain).collect();
            if let (None, Some(whole)) = (object.args_value().and_then(|args| args.items()), object.args_value()) {
                parts.push(Part { label: Label::Word("*"), content: Content::Value(whole) });
            }
            match object.kwargs().map(|kwargs| (kwargs, kwargs.entries())) {
                Some((_, Some(entries))) => parts.extend(entries.map(|(key, value)| match key.as_str() {
                    Some(name) if is_name(name) => {
                        Part { label: Label::Keyword(name.to_owned()), content: Content::Value(value) }
                    }
                    _ => entry((key, value)),
                })),
                Some((kwargs, None)) => {
                    parts.push(Part { label: Label::Word("**"), content: Content::Value(kwargs) });
                }
                None => {}
            }
            pieces.push(Piece::Group(arguments(parts)));
        }
    }
    if let Some(about) = about {
        pieces.push(note(format!(" {about}")));
    }
    pieces.extend(changes(object, max_text));
    pieces
}

fn is_name(name: &str) -> bool {
    scalar::is_identifier(name)
}

/// What happened to an object, in the order of the stream; attributes as `.name = value`.
pub fn changes<'d>(object: &ObjectParts<'d>, max_text: usize) -> Vec<Piece<'d>> {
    let mut parts: Vec<Box<dyn Iterator<Item = Part<'d>> + 'd>> = Vec::new();
    let mut len = 0;
    let piece = |label, piece| Part { label: Label::Word(label), content: Content::Pieces(vec![piece]) };
    for change in object.changes() {
        let part = match change {
            Change::Append(appended) => piece("append ", Piece::Group(items("[", "]", appended))),
            Change::Add(added) => piece("add ", Piece::Group(items("{", "}", added))),
            Change::SetItem(entries) => piece("setitem ", Piece::Group(pairs(entries, "{", "}"))),
            Change::Build(state) => {
                if let Some(entries) = state.entries().filter(|entries| entries.len() != 0) {
                    len += entries.len();
                    parts.push(Box::new(entries.map(attribute)));
                    continue;
                }
                if let Some(attributes) = Attributes::of(state).filter(Attributes::has_slots) {
                    len += attributes.len();
                    parts.push(Box::new(attributes.map(attribute)));
                    continue;
                }
                Part { label: Label::Word("state "), content: Content::Value(state) }
            }
            Change::Raw(raw, _) => {
                Part { label: Label::Word("raw "), content: Content::Pieces(bytes(Octets::raw(raw), max_text)) }
            }
            Change::Nested(value) => Part { label: Label::Word("pickle "), content: Content::Value(value) },
            _ => continue,
        };
        len += 1;
        parts.push(Box::new(std::iter::once(part)));
    }
    if len == 0 {
        return vec![];
    }
    let group = group("{", "}", len, parts.into_iter().flatten());
    vec![Piece::Text(Role::Plain, " ".into()), Piece::Group(Group { noun: "attribute", ..group })]
}

pub fn attribute<'d>((key, value): (Value<'d>, Value<'d>)) -> Part<'d> {
    match key.as_str() {
        Some(name) if is_name(name) => {
            Part { label: Label::Attribute(name.to_owned()), content: Content::Value(value) }
        }
        _ => entry((key, value)),
    }
}
