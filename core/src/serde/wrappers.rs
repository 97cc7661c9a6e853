//! Types that keep the names of classes: [`Object`] and [`Global`].

use super::form::Form;
use ::serde::de::{self, Deserialize, Deserializer, IgnoredAny, Visitor};
use ::serde::ser::{Serialize, Serializer};
use core::fmt;
use core::marker::PhantomData;

/// Names by which our own serializers know the wrappers. Any other format sees a tuple.
pub(crate) const OBJECT: &str = "$pickle::Object";
pub(crate) const GLOBAL: &str = "$pickle::Global";
pub(crate) const PERSISTENT: &str = "$pickle::Persistent";

/// A class or function by its names; nothing is imported. Borrowed: see `Global` for owned names.
///
/// In other formats than pickle it is a pair of strings.
///
/// ```
/// use pickle_core::serde::{GlobalRef, to_slice};
///
/// let mut buffer = [0; 64];
/// let len = to_slice(&GlobalRef::new("os", "system"), &mut buffer, Default::default())?;
/// assert_eq!(&buffer[..len], b"\x80\x04\x8c\x02os\x8c\x06system\x93.");
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalRef<'a> {
    /// The module, such as `collections`.
    pub module: &'a str,
    /// The qualified name in it, such as `OrderedDict`.
    pub name: &'a str,
}

/// An object of a Python class: its class, how it is made, and its value. Borrowed: see `Object`.
///
/// ```
/// use pickle_core::serde::{Form, GlobalRef, ObjectRef, to_slice};
///
/// // Fraction("3/4")
/// let class = GlobalRef::new("fractions", "Fraction");
/// let (fraction, mut buffer) = (ObjectRef::with_form(class, Form::CallOne, "3/4"), [0; 64]);
/// let len = to_slice(&fraction, &mut buffer, Default::default())?;
/// assert_eq!(&buffer[..len], b"\x80\x04\x8c\tfractions\x8c\x08Fraction\x93\x8c\x033/4\x85R.");
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObjectRef<'a, T> {
    /// The class, or the function that makes it. `None` for a value that is no object of a class.
    pub class: Option<GlobalRef<'a>>,
    /// What becomes of the value when the object is made again.
    pub form: Form,
    /// State, items or arguments.
    pub value: T,
}

/// A class or function by its names; nothing is imported.
///
/// In other formats than pickle it is a pair of strings.
///
/// ```
/// use pickle_core::serde::{Global, from_slice};
///
/// // pickle.dumps(OrderedDict)
/// let class: Global = from_slice(b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93.", Default::default())?;
/// assert_eq!(class, Global::new("collections", "OrderedDict"));
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Global {
    /// The module, such as `collections`.
    pub module: alloc::string::String,
    /// The qualified name in it, such as `OrderedDict`.
    pub name: alloc::string::String,
}

/// An object of a Python class: its class, how it is made, and its value.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use pickle_core::serde::{Form, Global, Object, from_slice};
/// use std::collections::BTreeMap;
///
/// // pickle.dumps(User(name="Jane"), 4) of a class User in app
/// let input = b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.";
/// let user: Object<BTreeMap<String, String>> = from_slice(input, Default::default())?;
/// assert_eq!(user.class, Some(Global::new("app", "User")));
/// assert_eq!(user.form, Form::State);
/// assert_eq!(user.value["name"], "Jane");
/// # }
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
///
/// An object that has arguments and a state gives its state alone, and cannot be written again ([`Form::Part`]).
/// In other formats than pickle it is a tuple: module, name, form, value.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq)]
pub struct Object<T> {
    /// The class, or the function that makes it. `None` for a value that is no object of a class.
    pub class: Option<Global>,
    /// What becomes of the value when the object is made again.
    pub form: Form,
    /// State, items or arguments.
    pub value: T,
}

macro_rules! wrappers {
    ($(#[$gate:meta])* $global:ident, $object:ident, $text:ty, $from:ty, [$($life:lifetime)?], $de:lifetime, [$($bound:tt)*]) => {
        $(#[$gate])*
        impl<$($life)?> $global<$($life)?> {
            /// A class or function of a module.
            pub fn new(module: $from, name: $from) -> Self {
                $global { module: module.into(), name: name.into() }
            }
        }

        $(#[$gate])*
        impl<$($life,)? T> $object<$($life,)? T> {
            /// A plain instance of a class, with its state.
            pub fn new(class: $global<$($life)?>, value: T) -> Self {
                Self::with_form(class, Form::State, value)
            }

            /// An object that is made in a given way.
            pub fn with_form(class: $global<$($life)?>, form: Form, value: T) -> Self {
                $object { class: Some(class), form, value }
            }

            /// The value alone.
            pub fn into_inner(self) -> T {
                self.value
            }
        }

        $(#[$gate])*
        impl<$($life)?> Serialize for $global<$($life)?> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let names: (&str, &str) = (&self.module, &self.name);
                serializer.serialize_newtype_struct(GLOBAL, &names)
            }
        }

        $(#[$gate])*
        impl<$($life,)? T: Serialize> Serialize for $object<$($life,)? T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let (module, name): (&str, &str) = match &self.class {
                    Some(class) => (&class.module, &class.name),
                    None => ("", ""),
                };
                serializer.serialize_newtype_struct(OBJECT, &(module, name, self.form as u8, &self.value))
            }
        }

        $(#[$gate])*
        impl<$de $($bound)*> Deserialize<$de> for $global<$($life)?> {
            fn deserialize<D: Deserializer<$de>>(deserializer: D) -> Result<Self, D::Error> {
                let (module, name) = deserializer.deserialize_newtype_struct(GLOBAL, Inner::<($text, $text)>::new())?;
                Ok($global { module, name })
            }
        }

        $(#[$gate])*
        impl<$de $($bound)*, T: Deserialize<$de>> Deserialize<$de> for $object<$($life,)? T> {
            fn deserialize<D: Deserializer<$de>>(deserializer: D) -> Result<Self, D::Error> {
                let inner = Inner::<Members<$text, T>>::new();
                let Members { module, name, form, value } = deserializer.deserialize_newtype_struct(OBJECT, inner)?;
                let form = Form::from_number(form).ok_or_else(|| {
                    de::Error::invalid_value(de::Unexpected::Unsigned(form.into()), &"the number of a form, 0 to 17")
                })?;
                let class = if name.is_empty() { None } else { Some($global { module, name }) };
                Ok($object { class, form, value })
            }
        }
    };
}

wrappers!(GlobalRef, ObjectRef, &'a str, &'a str, ['a], 'de, [: 'a, 'a]);
wrappers!(#[cfg(feature = "alloc")] Global, Object, alloc::string::String, &str, [], 'de, []);

/// What an object is made of.
struct Members<N, T> {
    module: N,
    name: N,
    form: u8,
    value: T,
}

impl<'de, N: Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for Members<N, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(4, MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<N, T>(PhantomData<(N, T)>);

impl<'de, N: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<N, T> {
    type Value = Members<N, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object: module, name, form and value")
    }

    /// Any other format.
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let short = |len| de::Error::invalid_length(len, &self);
        Ok(Members {
            module: seq.next_element()?.ok_or_else(|| short(0))?,
            name: seq.next_element()?.ok_or_else(|| short(1))?,
            form: seq.next_element()?.ok_or_else(|| short(2))?,
            value: seq.next_element()?.ok_or_else(|| short(3))?,
        })
    }

    /// Ours: the form is known after the value has been read.
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let short = |len| de::Error::invalid_length(len, &self);
        let (_, module) = map.next_entry::<IgnoredAny, N>()?.ok_or_else(|| short(0))?;
        let (_, name) = map.next_entry::<IgnoredAny, N>()?.ok_or_else(|| short(1))?;
        let (_, value) = map.next_entry::<IgnoredAny, T>()?.ok_or_else(|| short(2))?;
        let (_, form) = map.next_entry::<IgnoredAny, u8>()?.ok_or_else(|| short(3))?;
        Ok(Members { module, name, form, value })
    }
}

/// The inside of a newtype struct.
struct Inner<T>(PhantomData<T>);

impl<T> Inner<T> {
    fn new() -> Self {
        Inner(PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Python class or object, or the tuple that stands for it")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        T::deserialize(de::value::SeqAccessDeserializer::new(seq))
    }
}

/// The id of an object that is not in the pickle: what `persistent_load` of Python is called with.
///
/// An object that is named by a persistent id is nothing else: no type but this reads it. In other formats than pickle it is
/// the id alone.
///
/// ```
/// use pickle_core::serde::{Persistent, from_slice, to_slice};
/// let object: Persistent<&str> = from_slice(b"\x80\x04\x8c\x04cellQ.", Default::default())?;
/// assert_eq!(object, Persistent("cell"));
/// let mut buffer = [0; 16];
/// let len = to_slice(&object, &mut buffer, Default::default())?;
/// assert_eq!(&buffer[..len], b"\x80\x04\x8c\x04cellQ.");
/// # Ok::<_, pickle_core::serde::SerdeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Persistent<T>(
    /// The id: text, or what else the program that wrote it names objects by.
    pub T,
);

impl<T: Serialize> Serialize for Persistent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(PERSISTENT, &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Persistent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PERSISTENT, Inner::<T>::new()).map(Persistent)
    }
}
