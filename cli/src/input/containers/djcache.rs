//! The files of Django's `FileBasedCache`: a pickle of the time at which it expires, then a second one, of the value, in a stream of zlib
//! (`_write_content` in `django/core/cache/backends/filebased.py`).

use super::format::{Format, Open, Recognise};
use super::{Content, text};
use crate::input::Input;
use crate::input::reading::Reading;
use std::io::{Cursor, Read};

/// The row of the table.
pub(super) const FORMAT: Format = Format {
    name: "djcache",
    what: "a file of Django's cache",
    recognise: Recognise::Head(|head| expires(head).is_some()),
    open: Open::Pickles(|mut input| {
        let Some(end) = expires(input.head()) else {
            return Err(input.refuse("there is no time and no zlib behind it in front"));
        };
        let name = input.name().to_owned();
        let mut time = vec![0; end];
        (&mut input as &mut dyn Read).read_exact(&mut time)?;
        // Damage to the value is told when it is read.
        let value = Input::from_reader(name.clone(), input)?;
        Input::from_plain(name, Cursor::new(time).chain(value)).map(Content::Pickles)
    }),
    all: true,
};

/// Bytes of the pickle of a time, or of None, that stands in front; `None` where zlib does not follow.
fn expires(head: &[u8]) -> Option<usize> {
    let Reading::Whole(end) = Reading::of(head) else { return None };
    let (time, value) = head.split_at_checked(end)?;
    let is_time = match time.strip_suffix(b".")? {
        // With a frame, without one, and of protocol 1.
        [0x80, 2..=5, 0x95, 10, 0, 0, 0, 0, 0, 0, 0, time @ ..] | [0x80, 2..=5, time @ ..] | time => {
            matches!(time, [b'G', _, _, _, _, _, _, _, _] | [b'N'])
        }
    };
    (is_time && value.first() == Some(&b'x') && text::is_packed(value)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::expires;

    #[test]
    fn times_in_front_of_zlib() {
        let times = [
            &b"\x80\x05\x95\n\0\0\0\0\0\0\0GA\xd9\xa0\0\0\0\0\0."[..],
            b"\x80\x03GA\xd9\xa0\0\0\0\0\0.",
            b"\x80\x05N.",
            b"N.",
        ];
        for time in times {
            assert_eq!(expires(&[time, b"x\x9c\x01"].concat()), Some(time.len()), "{}", time.escape_ascii());
            assert_eq!(expires(&[time, b"x\0"].concat()), None);
            assert_eq!(expires(time), None);
        }
        assert_eq!(expires(b"\x80\x05]\x94.x\x9c\x01"), None);
    }
}
