//! Structs that are read from messages, and written.

/// Defines a struct, and how it is read from a message ([`message::read`](crate::message::read)) and written
/// ([`message::write`](crate::message::write)).
///
/// Each field has a type that is a [`Field`](crate::message::Field), and may have two things behind it, in this order:
/// `as "name"`, where the message calls it otherwise, and `= value`, for messages that lack it. A struct that ends with
/// `..` skips fields that it does not know; others refuse them. There may be 32 fields.
///
/// ```
/// use pickle_core::message;
///
/// pickle_core::message! {
///     struct Point {
///         x: i32,
///         y: i32 = 0,
///         ..
///     }
/// }
///
/// // pickle.dumps({"x": 3, "color": ["red"]}, 2)
/// let input = b"\x80\x02}q\0(X\x01\0\0\0xq\x01K\x03X\x05\0\0\0colorq\x02]q\x03X\x03\0\0\0redq\x04au.";
/// let point = message::read::<Point>(input, &mut [])?.value;
/// assert_eq!((point.x, point.y), (3, 0));
/// # Ok::<_, pickle_core::message::Refusal>(())
/// ```
#[macro_export]
macro_rules! message {
    (@default $type:ty, [$default:expr]) => { $default };
    (@default $type:ty, []) => { <$type as $crate::message::Field>::EMPTY };
    (@name $field:ident, [$key:literal]) => { $key };
    (@name $field:ident, []) => { ::core::stringify!($field) };
    (@required $field:ident, [$default:expr]) => { 0 };
    (@required $field:ident, []) => { 1 << Number::$field as u32 };
    // Inside of each function, for a type of the caller's may have such a name.
    (@numbers $( $field:ident $key:tt; )*) => {
        #[allow(non_camel_case_types)]
        enum Number { $( $field, )* }
        const NAMES: &[&str] = &[ $( $crate::message!(@name $field, $key), )* ];
    };
    (@unknown $reader:ident, skip) => { $reader.skip() };
    (@unknown $reader:ident, refuse) => { $reader.refuse($crate::message::RefusalReason::UnknownField) };

    (@impl [$life:lifetime] $self:ty, $unknown:ident, $( $field:ident: $type:ty, $key:tt $default:tt; )* ) => {
        impl<$life> $crate::message::Field<$life> for $self {
            const EMPTY: Self = Self { $( $field: $crate::message!(@default $type, $default), )* };
            const KIND: $crate::message::ItemKind = $crate::message::ItemKind::Container;

            fn read(reader: &mut $crate::message::Reader<$life, '_>) -> Self {
                $crate::message!(@numbers $( $field $key; )*);
                const REQUIRED: u32 = 0 $( | $crate::message!(@required $field, $default) )*;
                const { assert!(NAMES.len() <= 32, "a message has at most 32 fields") };
                let mut message = Self::EMPTY;
                let mut fields = reader.fields(NAMES.len());
                while let ::core::option::Option::Some(number) = reader.field(&mut fields, NAMES) {
                    match number {
                        $( number if number == Number::$field as usize => {
                            message.$field = $crate::message::Field::read(reader);
                        } )*
                        _ => $crate::message!(@unknown reader, $unknown),
                    }
                }
                reader.end_fields(&fields, REQUIRED);
                message
            }

            fn write(&self, writer: &mut $crate::message::MessageWriter<'_>) {
                $crate::message!(@numbers $( $field $key; )*);
                writer.dict(NAMES, |writer, number| match number {
                    $( number if number == Number::$field as usize => {
                        $crate::message::Field::write(&self.$field, writer);
                    } )*
                    _ => {}
                });
            }
        }
    };

    (@struct [$(#[$meta:meta])*] [$vis:vis] $name:ident [$($life:lifetime)?] $unknown:ident,
        $( [$(#[$field_meta:meta])*] [$field_vis:vis] $field:ident: $type:ty, $key:tt $default:tt; )* ) => {
        $(#[$meta])*
        $vis struct $name $(<$life>)? {
            $( $(#[$field_meta])* $field_vis $field: $type, )*
        }
        $crate::message!(@lives [$($life)?] $name, $unknown, $( $field: $type, $key $default; )*);
    };

    (@lives [] $name:ident, $($rest:tt)*) => { $crate::message!(@impl ['message] $name, $($rest)*); };
    (@lives [$life:lifetime] $name:ident, $($rest:tt)*) => { $crate::message!(@impl [$life] $name<$life>, $($rest)*); };

    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(<$life:lifetime>)? {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty $(as $key:literal)? $(= $default:expr)?, )*
            ..
        }
    ) => {
        $crate::message!(@struct [$(#[$meta])*] [$vis] $name [$($life)?] skip,
            $( [$(#[$field_meta])*] [$field_vis] $field: $type, [$($key)?] [$($default)?]; )*);
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(<$life:lifetime>)? {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty $(as $key:literal)? $(= $default:expr)? ),*
            $(,)?
        }
    ) => {
        $crate::message!(@struct [$(#[$meta])*] [$vis] $name [$($life)?] refuse,
            $( [$(#[$field_meta])*] [$field_vis] $field: $type, [$($key)?] [$($default)?]; )*);
    };
}
