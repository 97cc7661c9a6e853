//! Types that keep the names of classes: [`Object`] and [`Global`].

use super::view::Form;
use ::serde::de::{self, Deserialize, Deserializer, Visitor};
use ::serde::ser::{Serialize, Serializer};
use core::fmt;
use core::marker::PhantomData;

/// Names by which our own serializers know the wrappers. Any other format sees a tuple.
pub(crate) const OBJECT: &str = "$pickle::Object";
pub(crate) const GLOBAL: &str = "$pickle::Global";

/// A class or function by its names; nothing is imported. Borrowed: see `Global` for owned names.
///
/// In other formats than pickle it is a pair of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalRef<'a> {
    /// The module, such as `collections`.
    pub module: &'a str,
    /// The qualified name in it, such as `OrderedDict`.
    pub name: &'a str,
}

/// An object of a Python class: its class, how it is made, and its value. Borrowed: see `Object`.
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
/// # Ok::<_, pickle_core::serde::Error>(())
/// ```
///
/// An object that has arguments and a state gives its state alone.
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
                let inner = Inner::<($text, $text, u8, T)>::new();
                let (module, name, form, value) = deserializer.deserialize_newtype_struct(OBJECT, inner)?;
                let form = Form::from_number(form).ok_or_else(|| {
                    de::Error::invalid_value(de::Unexpected::Unsigned(form.into()), &"the number of a form, 0 to 3")
                })?;
                let class = if name.is_empty() { None } else { Some($global { module, name }) };
                Ok($object { class, form, value })
            }
        }
    };
}

wrappers!(GlobalRef, ObjectRef, &'a str, &'a str, ['a], 'de, [: 'a, 'a]);
wrappers!(#[cfg(feature = "alloc")] Global, Object, alloc::string::String, &str, [], 'de, []);

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
