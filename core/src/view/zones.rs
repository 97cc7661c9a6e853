//! Time zones: of datetime, zoneinfo, pytz, dateutil, and of who wrote a class of their own like `tzoffset`.

use super::fields::Attributes;
use super::instance::{Changed, Instance};
use super::span::TimeDelta;
use super::{View, python_name};
use crate::{GlobalName, Items, ObjectParts, Value};
use core::fmt;

/// A time zone.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::view::{View, Zone};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pickle.dumps(timezone(timedelta(hours=1)))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"cdatetime\ntimezone\n(cdatetime\ntimedelta\n(K\0M\x10\x0eK\0tRtR.")?;
/// let View::Zone(zone) = document.root().view() else { panic!("it is a time zone") };
/// assert!(matches!(zone, Zone::Fixed(offset, None) if offset.seconds == 3600));
/// assert_eq!(zone.to_string(), "+01:00");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Zone<'d> {
    /// An offset from UTC that never changes, perhaps with a name.
    Fixed(TimeDelta, Option<&'d str>),
    /// A zone of the time zone database.
    Named {
        /// Its key, such as `Europe/Berlin`.
        key: &'d str,
        /// The offset from UTC at this time, where the pickle knows it (pytz).
        offset: Option<TimeDelta>,
        /// What it is called at this time, such as `CEST` (pytz).
        abbreviation: Option<&'d str>,
    },
    /// The zone of the machine that wrote the pickle (`dateutil.tz.tzlocal`).
    Local,
    /// Of a class that is not known.
    Other(Value<'d>),
}

impl<'d> Zone<'d> {
    /// The zone that a value is.
    pub fn of(value: Value<'d>) -> Self {
        match zone(value) {
            Some(zone) => zone,
            None => Zone::Other(value),
        }
    }

    /// The offset from UTC of a time in this zone, where the pickle tells it.
    pub fn offset(&self) -> Option<TimeDelta> {
        match self {
            Zone::Fixed(offset, _) => Some(*offset),
            Zone::Named { offset, .. } => *offset,
            _ => None,
        }
    }

    /// The name: the key of the database, or what the zone calls itself.
    pub fn name(&self) -> Option<&'d str> {
        match self {
            Zone::Fixed(offset, None) if offset.is_zero() => Some("UTC"),
            Zone::Fixed(_, name) => *name,
            Zone::Named { key, .. } => Some(key),
            Zone::Local => Some("local"),
            Zone::Other(_) => None,
        }
    }
}

/// As it stands behind a time in ISO 8601, `+01:00`; in RFC 9557, `[Europe/Berlin]`, where only the name is known; nothing
/// where neither is.
impl fmt::Display for Zone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.offset(), self) {
            (Some(offset), _) => {
                let (sign, offset) = if offset.days < 0 { ('-', offset.negated()) } else { ('+', offset) };
                let (minutes, seconds) = (offset.seconds / 60, offset.seconds % 60);
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)?;
                if seconds != 0 || offset.microseconds != 0 {
                    write!(f, ":{seconds:02}")?;
                }
                if offset.microseconds != 0 { write!(f, ".{:06}", offset.microseconds) } else { Ok(()) }
            }
            (None, Zone::Named { key, .. }) => write!(f, "[{key}]"),
            _ => Ok(()),
        }
    }
}

fn zone(value: Value<'_>) -> Option<Zone<'_>> {
    let object = value.as_object()?;
    let Instance { class, args } = object.instance()?;
    match class.as_global() {
        Some(GlobalName { module, name }) => match super::view_of_zone(module, name, &object, args)? {
            View::Zone(zone) => Some(zone),
            _ => None,
        },
        None => unpickled(class, args),
    }
}

/// `getattr(zoneinfo.ZoneInfo, '_unpickle')(key, from_cache)`.
pub(super) fn unpickled<'d>(callable: Value<'d>, args: Items<'d>) -> Option<Zone<'d>> {
    let getattr = callable.as_object()?;
    let GlobalName { module, name } = getattr.class()?;
    let [of, attribute] = [getattr.args().next()?, getattr.args().nth(1)?];
    let GlobalName { module: package, name: class } = of.as_global()?;
    let is_zone = is_zoneinfo(package) && class == "ZoneInfo" && attribute.as_str()? == "_unpickle";
    if python_name(module) != "builtins" || name != "getattr" || !is_zone { None } else { key(args) }
}

pub(super) fn is_zoneinfo(module: &str) -> bool {
    matches!(module, "zoneinfo" | "backports.zoneinfo" | "zoneinfo._zoneinfo" | "backports.zoneinfo._zoneinfo")
}

fn key<'d>(mut args: Items<'d>) -> Option<Zone<'d>> {
    Some(Zone::Named { key: args.next()?.as_str()?, offset: None, abbreviation: None })
}

/// `zoneinfo.ZoneInfo` by its key.
pub(super) fn zoneinfo<'d>(name: &str, args: Items<'d>) -> Option<View<'d>> {
    if matches!(name, "ZoneInfo" | "ZoneInfo._unpickle") { key(args).map(View::Zone) } else { None }
}

/// `pytz`: `_UTC()`, `_p(key, offset, dst, abbreviation)` in seconds, `FixedOffset(minutes)`.
pub(super) fn pytz<'d>(name: &str, mut args: Items<'d>) -> Option<View<'d>> {
    let zone = match name {
        "_UTC" | "UTC" => Zone::Fixed(TimeDelta::from_seconds(0)?, Some("UTC")),
        "_p" => {
            let key = args.next()?.as_str()?;
            let offset = match args.next() {
                Some(seconds) => Some(TimeDelta::from_seconds(seconds.as_i64()?)?),
                None => None,
            };
            let _dst = args.next();
            Zone::Named { key, offset, abbreviation: args.next().and_then(|name| name.as_str()) }
        }
        "FixedOffset" | "_FixedOffset" => {
            let minutes = args.next()?.as_i64()?;
            Zone::Fixed(TimeDelta::from_seconds(minutes.checked_mul(60)?)?, None)
        }
        _ => return None,
    };
    Some(View::Zone(zone))
}

/// `dateutil.tz`: `tzutc`, `tzoffset`, `tzlocal`, `tzfile`, `gettz`, `_unpickle`.
pub(super) fn dateutil<'d>(name: &str, object: &ObjectParts<'d>, mut args: Items<'d>) -> Option<View<'d>> {
    let changed = Changed::of(object);
    let state = changed.state.and_then(Attributes::of).unwrap_or_default();
    let zone = match name {
        "tzutc" => Zone::Fixed(TimeDelta::from_seconds(0)?, Some("UTC")),
        "tzlocal" | "tzwinlocal" => Zone::Local,
        "tzoffset" => {
            let (label, offset) = match state.get("_offset") {
                Some(offset) => (state.get("_name"), offset),
                None => (args.next(), args.next()?),
            };
            let offset = TimeDelta::of(offset).or_else(|| TimeDelta::from_seconds(offset.as_i64()?))?;
            Zone::Fixed(offset, label.and_then(|label| label.as_str()))
        }
        // `tzfile(None, filename)` with a state that says it again, `gettz(name)`.
        "tzfile" | "gettz" | "_unpickle" => {
            let named = args.find_map(|arg| arg.as_str());
            let named = named.or_else(|| state.get("_filename")?.as_str())?;
            // The standard library's search for text from the end can panic, which firmware must not hold.
            let folder = b"zoneinfo/";
            let found = named.as_bytes().windows(folder.len()).rposition(|window| window == folder);
            let key = found.and_then(|at| named.get(at + folder.len()..)).unwrap_or(named);
            Zone::Named { key, offset: None, abbreviation: None }
        }
        _ => return None,
    };
    Some(View::Zone(zone))
}
