//! Time zones: the names that Arrow has for them, and their offsets.

use chrono::{NaiveDateTime, Offset, TimeZone};
use pickle_core::view::Zone as View;
use std::sync::Arc;

/// A zone as Arrow names it: of the time zone database, or an offset such as `+05:30`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone(Arc<str>);

impl Zone {
    /// UTC.
    pub(crate) fn utc() -> Zone {
        Zone("UTC".into())
    }

    /// The zone of this name.
    pub(crate) fn named(name: Arc<str>) -> Zone {
        Zone(name)
    }

    /// The zone of a pickle; `None` for the machine's own, those of unknown classes, and offsets with seconds.
    pub(crate) fn of(zone: View<'_>) -> Option<Zone> {
        match zone {
            View::Named { key, .. } => Some(Zone(key.into())),
            View::Fixed(offset, _) if offset.is_zero() => Some(Zone::utc()),
            View::Fixed(offset, _) => {
                let micros = offset.total_microseconds();
                if micros % 60_000_000 != 0 {
                    return None;
                }
                let (sign, minutes) = (if micros < 0 { '-' } else { '+' }, micros.abs() / 60_000_000);
                Some(Zone(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60).into()))
            }
            _ => None,
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> Arc<str> {
        self.0.clone()
    }
}

/// Seconds east of Greenwich of a local time. Of a time that comes twice, the second where `fold` says so.
pub(crate) fn offset(zone: View<'_>, local: NaiveDateTime, fold: bool) -> Option<i64> {
    match (zone, zone.offset()) {
        // What the pickle says, pytz.
        (_, Some(offset)) => Some((offset.total_microseconds() / 1_000_000) as i64),
        (View::Named { key, .. }, None) => {
            let zone: chrono_tz::Tz = key.parse().ok()?;
            let found = zone.offset_from_local_datetime(&local);
            let offset = match (found, fold) {
                (chrono::LocalResult::Single(offset), _) => offset,
                (chrono::LocalResult::Ambiguous(first, _), false) => first,
                (chrono::LocalResult::Ambiguous(_, second), true) => second,
                // A time that the clock leaps over: Python takes the offset before the leap, or after it with fold.
                (chrono::LocalResult::None, _) => {
                    let day = chrono::TimeDelta::hours(if fold { 12 } else { -12 });
                    zone.offset_from_utc_datetime(&local.checked_add_signed(day)?)
                }
            };
            Some(offset.fix().local_minus_utc().into())
        }
        _ => None,
    }
}
