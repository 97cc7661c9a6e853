//! Values as the pickle spells them: nothing is lost.

use super::{Step, Steps, dict, list, map, one, pairs, raw, steps_between, string, tag, value};
use crate::print::canonical::big_int;
use crate::print::json::{Options, text as words};
use crate::print::names;
use num_bigint::Sign;
use pickle_core::known::Octets;
use pickle_core::view::{Member, View};
use pickle_core::{Change, GlobalName, How, Kind, ObjectParts, OutOfBand, Value};

/// Bits above which ints are given in hexadecimal: their decimal digits would take minutes.
const DECIMAL_BITS: u64 = 4096;

/// What a value becomes in the tagged form.
pub fn steps<'d>(it: Value<'d>, options: &Options) -> Steps<'d> {
    let items = || list(it.items().into_iter().flatten());
    let bytes = || one(Step::Base64(Octets::raw(it.as_bytes().unwrap_or_default())));
    match it.kind() {
        Kind::None => raw("null"),
        Kind::Bool => raw(if it.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Int => int(&it, options),
        Kind::Float => float(&it, options),
        Kind::Str => text(&it),
        Kind::Str8 => tag("$str8", bytes()),
        Kind::Bytes => tag("$bytes", bytes()),
        Kind::ByteArray => tag("$bytearray", bytes()),
        Kind::List => items(),
        Kind::Tuple => tag("$tuple", items()),
        Kind::Set => tag("$set", items()),
        Kind::FrozenSet => tag("$frozenset", items()),
        Kind::Dict => match it.entries() {
            Some(entries) => dict(entries, options),
            None => raw("null"),
        },
        Kind::Global => tag("$global", global(it, options)),
        Kind::Extension => tag("$ext", raw(it.as_extension().unwrap_or(0).to_string())),
        Kind::Buffer => buffer(it),
        Kind::ReadOnly => read_only(it),
        // Objects, and what stands behind a persistent id.
        _ => match it.as_object() {
            Some(object) => generic(&object, options),
            None => raw("null"),
        },
    }
}

/// Text; where a str has lone surrogates, its bytes: no JSON reader takes those from a string.
pub fn text<'d>(it: &Value<'d>) -> Steps<'d> {
    match it.as_str() {
        Some(text) => string(text),
        None => tag("$wtf8", one(Step::Base64(Octets::raw(it.str_bytes().unwrap_or_default())))),
    }
}

/// An out-of-band buffer by its number.
pub fn buffer(it: Value<'_>) -> Steps<'_> {
    let OutOfBand { index, read_only } = it.as_buffer().unwrap_or_default();
    let mut fields = vec![("$buffer", raw(index.to_string()))];
    if read_only {
        fields.push(("$readonly", raw("true")));
    }
    map(fields)
}

/// A view that cannot be written to.
pub fn read_only(it: Value<'_>) -> Steps<'_> {
    match it.inner() {
        Some(inner) => tag("$readonly", value(inner)),
        None => raw("null"),
    }
}

/// An int: a number as far as every JSON reader keeps it, else a string.
pub fn int<'d>(it: &Value<'d>, options: &Options) -> Steps<'d> {
    if let Some(small) = it.as_i64().filter(|small| small.unsigned_abs() <= words::SAFE_INT) {
        return raw(small.to_string());
    }
    if options.tagged { tag("$int", string(digits(it))) } else { string(digits(it)) }
}

/// The digits of an int, hexadecimal where it is very long.
pub fn digits(it: &Value<'_>) -> String {
    let big = big_int(it);
    if big.bits() > DECIMAL_BITS {
        let sign = if big.sign() == Sign::Minus { "-" } else { "" };
        format!("{sign}0x{}", big.magnitude().to_str_radix(16))
    } else {
        big.to_string()
    }
}

/// A float: a number, or a string where JSON has none.
pub fn float<'d>(it: &Value<'d>, options: &Options) -> Steps<'d> {
    match it.as_f64() {
        Some(number) if number.is_finite() => raw(words::float(number)),
        // The bits, for there are many NaNs.
        Some(number) if options.tagged => tag("$float", string(format!("{:016x}", number.to_bits()))),
        Some(number) => raw(words::float(number)),
        None => string(it.float_text().unwrap_or_default()),
    }
}

/// A name: `module.Name` for people, module and name apart where nothing may be lost.
pub fn global<'d>(it: Value<'d>, options: &Options) -> Steps<'d> {
    match (it.as_global(), it.global_parts()) {
        (Some(global), _) if !options.tagged => {
            let GlobalName { module, name } = if options.today { names::today(global) } else { global };
            string(global_name(module, name))
        }
        (Some(GlobalName { module, name }), _) => {
            let names = [module, name].map(|text| Step::Text(text.to_owned()));
            steps_between(Step::Array, names.into_iter())
        }
        (None, Some(GlobalName { module, name })) => list([module, name].into_iter()),
        (None, None) => raw("null"),
    }
}

/// Attributes of attributes that are followed.
const MEMBERS: usize = 16;

/// The name of an attribute of a class or module, as protocol 4 has it.
pub fn member_name(member: Member<'_>) -> Option<String> {
    let mut names = vec![member.name];
    let mut of = member.of;
    for _ in 0..MEMBERS {
        if let Some(GlobalName { module, name: class }) = of.as_global() {
            names.push(class);
            names.reverse();
            return Some(global_name(module, &names.join(".")));
        }
        let View::Member(outer) = of.view() else { return None };
        names.push(outer.name);
        of = outer.of;
    }
    None
}

/// An object by how it was made and what happened to it.
pub fn generic<'d>(object: &ObjectParts<'d>, options: &Options) -> Steps<'d> {
    let class = |class: Value<'d>| if class.kind() == Kind::Global { global(class, options) } else { value(class) };
    let mut fields: Vec<(&'static str, Steps<'d>)> = Vec::new();
    let how = match object.how() {
        How::Reduce => "reduce",
        How::NewObj => "newobj",
        How::NewObjEx => "newobj_ex",
        How::Obj => "obj",
        How::Inst => "inst",
        How::PersId => "",
        How::Changed => "changed",
    };
    if object.how() == How::PersId {
        fields.push(("$persid", value(object.callable())));
    } else {
        let instance = object.instance().filter(|_| !options.tagged);
        let (callable, args) = match &instance {
            Some(instance) => (instance.class, instance.args),
            None => (object.callable(), object.args()),
        };
        // Protocols 2 and 3 have a class in a class as an attribute.
        let member = match callable.view() {
            View::Member(member) if !options.tagged => member_name(member),
            _ => None,
        };
        fields.push(match member {
            Some(name) => ("$class", string(name)),
            None => (if callable.kind() == Kind::Global { "$class" } else { "$callable" }, class(callable)),
        });
        if options.tagged {
            fields.push(("$how", string(how)));
        }
        match object.args_value() {
            // Arguments that are shared, or no plain tuple, are a value of their own.
            Some(whole) if options.tagged && whole.id().is_some() => fields.push(("$args", value(whole))),
            Some(whole) if whole.kind() != Kind::Tuple => fields.push(("$args", value(whole))),
            _ if args.len() != 0 => fields.push(("$args", list(args))),
            _ => {}
        }
        if let Some(kwargs) = object.kwargs().filter(|kwargs| options.tagged || !kwargs.is_empty()) {
            fields.push(("$kwargs", value(kwargs)));
        }
    }
    changes(object, &mut fields, options);
    map(fields)
}

/// Levels of lists, dicts and sets in the arguments of an object that were full when it was made; `None` where it has
/// none in its arguments, or both such and others. What was filled later it holds, and so it can be in there itself.
pub fn copies(value: Value<'_>) -> Option<u8> {
    let object =
        value.as_object().filter(|object| matches!(object.how(), How::Reduce | How::NewObj | How::NewObjEx))?;
    let made = value.id()?;
    let is_full = |it: &Value<'_>| it.changed_at().last().is_none_or(|last| last < made);
    // Of a subclass of tuple, there is a tuple of the items.
    let args = object.args().chain(object.kwargs()).flat_map(|arg| {
        let is_tuple = arg.kind() == Kind::Tuple;
        let items = arg.items().filter(|_| is_tuple);
        items.into_iter().flatten().chain((!is_tuple).then_some(arg))
    });
    let outer: Vec<_> = containers(args).collect();
    match outer.iter().filter(|it| is_full(it)).count() {
        0 if outer.is_empty() => return None,
        0 => return Some(0),
        // Some are held, some are not.
        full if full != outer.len() => return None,
        _ => {}
    }
    let inner = outer.into_iter().flat_map(|it| {
        let items = it.items().into_iter().flatten();
        containers(items.chain(it.entries().into_iter().flatten().map(|(_, value)| value)))
    });
    let mut inner = inner.peekable();
    Some(if inner.peek().is_some() && inner.all(|it| is_full(&it)) { 2 } else { 1 })
}

fn containers<'d>(values: impl Iterator<Item = Value<'d>>) -> impl Iterator<Item = Value<'d>> {
    values.filter(|it| matches!(it.kind(), Kind::List | Kind::Dict | Kind::Set) && !it.is_empty())
}

/// What happened afterwards: one field each where everything happened once and in the order in which
/// CPython writes it, else a list.
fn changes<'d>(object: &ObjectParts<'d>, fields: &mut Vec<(&'static str, Steps<'d>)>, options: &Options) {
    let rank = |change: &Change<'_>| match change {
        Change::Append(_) => 1,
        Change::SetItem(_) => 2,
        Change::Add(_) => 3,
        Change::Build(_) => 4,
        _ => 5,
    };
    let mut last = 0;
    let in_order = object.changes().all(|change| std::mem::replace(&mut last, rank(&change)) < rank(&change));
    let options = *options;
    let field = move |change| match change {
        Change::Append(items) => ("$append", list(items)),
        Change::SetItem(entries) => ("$setitem", if options.tagged { pairs(entries) } else { dict(entries, &options) }),
        Change::Add(items) => ("$add", list(items)),
        Change::Build(state) => ("$state", value(state)),
        Change::Raw(bytes, _) => ("$raw", one(Step::Base64(Octets::raw(bytes)))),
        Change::Nested(nested) => ("$pickle", value(nested)),
        _ => ("$unknown", raw("null")),
    };
    if in_order {
        fields.extend(object.changes().map(field));
        return;
    }
    let each = object.changes().map(move |change| {
        let (name, steps) = field(change);
        Step::Parts(tag(name, steps))
    });
    fields.push(("$changes", steps_between(Step::Array, each)));
}

/// `module.Name`; a colon stands between where the name has dots itself, as in `pkgutil.resolve_name`.
pub fn global_name(module: &str, name: &str) -> String {
    format!("{module}{}{name}", if name.contains('.') { ':' } else { '.' })
}
