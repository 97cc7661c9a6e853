//! Objects and names out of JSON.

use super::{Fault, Inside, Maker, Parts, Place, fault};
use pickle_core::{GlobalName, Opcode, compat};
use serde_json::{Map, Value};

impl<'j> Maker<'j> {
    /// `["module", "name"]`, or `"module.name"` of the plain form.
    pub(super) fn global(&mut self, names: &Value) -> Result<(), Fault> {
        let (module, name) = match names {
            Value::Array(names) => match names.as_slice() {
                [Value::String(module), Value::String(name)] => (module.as_str(), name.as_str()),
                _ => return fault("a pair [module, name] is wanted"),
            },
            // A colon stands where the name has dots itself.
            Value::String(names) => match names.split_once(':').or_else(|| names.rsplit_once('.')) {
                Some(parts) => parts,
                None => return fault(format!("{names:?} has no module: \"module.name\" is wanted")),
            },
            _ => return fault("a pair [module, name] is wanted"),
        };
        // The JSON does not say which protocol it came from; the names of Python 2 are no others in Python 3.
        let GlobalName { module, name } =
            if self.keep_names { GlobalName::new(module, name) } else { compat::to_python3(module, name) };
        self.text(module.as_bytes())?;
        self.text(name.as_bytes())?;
        self.plain(Opcode::StackGlobal)
    }

    pub(super) fn object(
        &mut self,
        fields: &'j Map<String, Value>,
        callable: &str,
        place: Place<'j>,
    ) -> Result<(), Fault> {
        let outside = self.inside.len();
        let done = self.make(fields, callable, place);
        self.inside.truncate(outside);
        done
    }

    fn make(&mut self, fields: &'j Map<String, Value>, callable: &str, place: Place<'j>) -> Result<(), Fault> {
        let how = match fields.get("$how") {
            None if callable == "$persid" => "persid",
            None if fields.contains_key("$kwargs") => "newobj_ex",
            // What has attributes or items of its own is an instance of a class, and no result of a function.
            None if ["$slots", "$append", "$setitem", "$add"].iter().any(|key| fields.contains_key(*key)) => "newobj",
            None => "reduce",
            Some(Value::String(how)) => how.as_str(),
            Some(_) => return fault("$how must be a string"),
        };
        let stacked = matches!(how, "obj" | "inst");
        self.begin(place)?;
        self.anew(fields, how, place)?;
        self.inside.push(Inside::Object(place.0));
        if stacked {
            self.plain(Opcode::Mark)?;
        }
        let class = fields.get(callable).unwrap_or(&Value::Null);
        match callable {
            "$class" => self.global(class),
            _ => self.value(class),
        }
        .map_err(|fault| fault.below(&format!(".{callable}")))?;
        let below = |step: &str| {
            let step = format!(".{step}");
            move |fault: Fault| fault.below(&step)
        };
        match (fields.get("$args"), how) {
            (_, "changed" | "persid") => {}
            (Some(Value::Array(args)), _) if stacked => self.values(args).map_err(below("$args"))?,
            (None, _) if stacked => {}
            (Some(Value::Array(args)), _) => {
                self.plain(Opcode::Mark)?;
                self.values(args).map_err(below("$args"))?;
                self.plain(Opcode::Tuple)?;
            }
            (Some(args), _) => self.value(args).map_err(below("$args"))?,
            (None, _) => self.plain(Opcode::EmptyTuple)?,
        }
        let (parts, opcode) = match how {
            "reduce" => (Parts::Counted(2), Opcode::Reduce),
            "newobj" => (Parts::Counted(2), Opcode::NewObj),
            "newobj_ex" => {
                let Some(kwargs) = fields.get("$kwargs") else { return fault("newobj_ex needs $kwargs") };
                self.value(kwargs).map_err(below("$kwargs"))?;
                (Parts::Counted(3), Opcode::NewObjEx)
            }
            "obj" | "inst" => (Parts::Marked, Opcode::Obj),
            "persid" => (Parts::Counted(1), Opcode::BinPersId),
            "changed" => {
                // A global becomes an object by its first change only.
                self.changes(fields, callable)?;
                self.around -= u32::from(place.1);
                return self.made(place);
            }
            _ => return fault(format!("$how {how:?} is not one of reduce, newobj, newobj_ex, obj, inst and changed")),
        };
        // What was made inside of its own arguments was changed there too.
        if self.end(place, parts, opcode)? { self.changes(fields, callable) } else { Ok(()) }
    }

    /// Where an object is referred to inside its own arguments it is made there, of its parts as far as they are made. The
    /// containers that were full when it was made, by `$copies` so many levels of them, are made anew: those around the
    /// reference are not full yet, and a set would take nothing out of them.
    fn anew(&mut self, fields: &'j Map<String, Value>, how: &str, Place(json, _): Place<'j>) -> Result<(), Fault> {
        let is_this = |inside: &Inside| matches!(inside, Inside::Object(begun) if std::ptr::eq(*begun, json));
        if self.begun.get(&std::ptr::from_ref(json)) != Some(&2) {
            return Ok(());
        }
        let Some(at) = self.inside.iter().rposition(is_this) else { return Ok(()) };
        let around: Vec<*const Value> = self
            .inside
            .iter()
            .skip(at + 1)
            .map_while(|inside| match inside {
                Inside::Container(json) => Some(*json),
                Inside::Object(_) => None,
            })
            .collect();
        let levels = match fields.get("$copies") {
            Some(levels) => match levels.as_u64() {
                Some(levels) => levels,
                None => return fault("$copies must be a number of levels from 0 on"),
            },
            // A tuple holds what it is made of.
            None if how == "newobj" || around.is_empty() => 0,
            None => {
                return fault(
                    "it is in a list, dict or set that it is made of. Say with $copies if it holds that one (0, as an \
                     exception does) or takes the items out of it (1, as a set does)",
                );
            }
        };
        for json in around.into_iter().take(usize::try_from(levels).unwrap_or(usize::MAX)) {
            self.made.remove(&json);
        }
        Ok(())
    }

    /// What happened to an object after it was made.
    pub(super) fn changes(&mut self, fields: &'j Map<String, Value>, callable: &str) -> Result<(), Fault> {
        let below = |step: &str| {
            let step = format!(".{step}");
            move |fault: Fault| fault.below(&step)
        };
        for (key, value) in fields {
            match key.as_str() {
                "$id" | "$how" | "$args" | "$kwargs" | "$copies" => {}
                key if key == callable => {}
                "$changes" => match value {
                    Value::Array(changes) => {
                        for (i, change) in changes.iter().enumerate() {
                            let Some(change) = change.as_object().filter(|change| change.len() == 1) else {
                                return fault("one change a map is wanted").map_err(below(&format!("$changes[{i}]")));
                            };
                            for (key, value) in change {
                                self.change(key, value).map_err(below(&format!("$changes[{i}].{key}")))?;
                            }
                        }
                    }
                    _ => return fault("a list is wanted").map_err(below(key)),
                },
                key => self.change(key, value).map_err(below(key))?,
            }
        }
        Ok(())
    }

    pub(super) fn change(&mut self, key: &str, value: &'j Value) -> Result<(), Fault> {
        match (key, value) {
            ("$append", Value::Array(items)) => self.extend(items, Opcode::Appends),
            ("$add", Value::Array(items)) => self.extend(items, Opcode::AddItems),
            ("$setitem", Value::Array(pairs)) => self.pairs(pairs),
            ("$setitem", Value::Object(fields)) => match fields.get("$dict") {
                Some(Value::Array(pairs)) => self.pairs(pairs),
                _ => self.fields(fields),
            },
            ("$state", state) => {
                self.value(state)?;
                self.plain(Opcode::Build)
            }
            // Attributes, slots among them: copyreg.__reduce_ex__ keeps a pair.
            ("$slots", Value::Object(_)) => {
                self.plain(Opcode::None)?;
                self.value(value)?;
                self.plain(Opcode::Tuple2)?;
                self.plain(Opcode::Build)
            }
            ("$raw" | "$pickle", _) => fault("joblib's arrays between opcodes cannot be written from JSON"),
            ("$append" | "$add" | "$setitem", _) => fault("a list is wanted"),
            _ => fault("no key of an object; its attributes stand in $state"),
        }
    }
}
