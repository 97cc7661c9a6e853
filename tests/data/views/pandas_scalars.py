#!/usr/bin/env python
"""Prints pandas.tsv: scalars of pandas as many of its releases spell them, and the text of each.

    for python in ...; do $python pandas_scalars.py; done | LC_ALL=C sort -u > pandas.tsv

with pandas 0.25, 1.5, 2.3 and 3. A line has the name of the value, its text in the words of the Display of `view::Scalar`,
and the pickle in hexadecimal.
"""

from __future__ import print_function

import binascii
import pickle
import re

import pandas as pd


def freq(new, old):
    """Names of frequencies have changed with pandas 2.2."""
    return new if tuple(map(int, pd.__version__.split(".")[:2])) >= (2, 2) else old


def time(text, **zone):
    return pd.Timestamp(text, **zone)


def times(text):
    """Digits of a second in threes, the last ones no zeros."""
    return re.sub(r"(\.\d{3})000(?!\d)", r"\1", text)


def spelled(value):
    """What the text of a value is: a zone that the pickle has by its name alone keeps the time in UTC."""
    if isinstance(value, pd.Timestamp):
        if "zoneinfo" in type(value.tz).__module__ and str(value.tz) not in ("UTC",):
            return times(value.tz_convert("UTC").tz_localize(None).isoformat()) + "Z[%s]" % value.tz
        if "zoneinfo" in type(value.tz).__module__:
            return value.tz_localize(None).isoformat() + "Z[UTC]"
        return times(value.isoformat())
    if isinstance(value, pd.Timedelta):
        nanos = value.value % 10 ** 9
        seconds = value.value // 10 ** 9
        days, rest = divmod(seconds, 86400)
        text = "%d days %s%02d:%02d:%02d" % (days, "+" if days < 0 else "", rest // 3600, rest // 60 % 60, rest % 60)
        if nanos % 1000:
            text += ".%09d" % nanos
        elif nanos:
            text += ".%06d" % (nanos // 1000)
        return text
    return str(value)


VALUES = [
    ("timestamp", time("2024-02-29 13:05:00.123456789")),
    ("timestamp_micros", time("2024-02-29 13:05:00.000001")),
    ("timestamp_day", time("2024-02-29")),
    ("timestamp_before_1970", time("1950-01-01 23:59:59")),
    ("timestamp_utc", time("2024-02-29 13:05", tz="UTC")),
    ("timestamp_winter", time("2024-02-29 13:05", tz="Europe/Berlin")),
    ("timestamp_summer", time("2024-07-29 13:05", tz="Europe/Berlin")),
    ("timestamp_offset", time("2024-02-29 13:05+05:30")),
    ("timestamp_offset_west", time("2024-02-29 13:05-03:30")),
    ("timedelta", pd.Timedelta("1 days 00:00:01.000000003")),
    ("timedelta_negative", pd.Timedelta(-5, "s")),
    ("timedelta_zero", pd.Timedelta(0)),
    ("timedelta_millis", pd.Timedelta(5123, "ms")),
    ("nat", pd.NaT),
    ("nat_period", pd.Period("NaT", "D")),
    ("period_year", pd.Period("2024")),
    ("period_quarter", pd.Period("2024Q1")),
    ("period_quarter_march", pd.Period("2024Q1", "Q-MAR")),
    ("period_month", pd.Period("2024-03", "M")),
    ("period_week", pd.Period("2024-03-05", "W")),
    ("period_week_tuesday", pd.Period("2024-03-05", "W-TUE")),
    ("period_day", pd.Period("2024-03-05", "D")),
    ("period_before_1970", pd.Period("1969-12-31", "D")),
    ("period_hour", pd.Period("2024-03-05 10:00", freq("h", "H"))),
    ("period_minute", pd.Period("2024-03-05 10:01", "min")),
    ("period_second", pd.Period("2024-03-05 10:00:05", freq("s", "S"))),
    ("period_milli", pd.Period("2024-03-05 10:00:05.123", freq("ms", "L"))),
    ("interval", pd.Interval(0, 1)),
    ("interval_left", pd.Interval(0.5, 1.5, "left")),
    ("interval_neither", pd.Interval(-1, 1, "neither")),
    ("interval_both_of_times", pd.Interval(time("2020"), time("2021"), "both")),
]
if hasattr(time("2024"), "as_unit"):
    VALUES += [
        ("timestamp_seconds", time("2024-02-29 13:05").as_unit("s")),
        ("timestamp_millis", time("2024-02-29 13:05:00.120").as_unit("ms")),
        ("timestamp_year_9999", pd.Timestamp("2024").as_unit("s").replace(year=9999)),
        ("timedelta_seconds", pd.Timedelta(5, "s").as_unit("s")),
    ]
if hasattr(pd, "NA"):
    VALUES.append(("na", pd.NA))

for name, value in VALUES:
    text = spelled(value)
    if name == "interval_both_of_times":
        text = "[2020-01-01 00:00:00, 2021-01-01 00:00:00]"
    if name in ("na", "nat", "nat_period"):
        text = "NaT"
    for protocol in (0, 2, 4):
        print("\t".join([name, text, binascii.hexlify(pickle.dumps(value, protocol)).decode()]))
