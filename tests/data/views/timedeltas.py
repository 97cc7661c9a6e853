#!/usr/bin/env python3
"""Prints timedeltas.tsv: spans of time in every spelling, and what they are.

    python3 timedeltas.py > timedeltas.tsv

A line has `str()` of the span, which is the text that a type of every language decodes from it, its seconds as a float, its days,
seconds and microseconds, and the pickle in hexadecimal.
"""

import datetime
import pickle

SPANS = [
    datetime.timedelta(0),
    datetime.timedelta(microseconds=1),
    datetime.timedelta(microseconds=-1),
    datetime.timedelta(microseconds=120),
    datetime.timedelta(milliseconds=1500),
    datetime.timedelta(milliseconds=-1500),
    datetime.timedelta(seconds=59),
    datetime.timedelta(hours=1, microseconds=5),
    datetime.timedelta(hours=23, minutes=59, seconds=59, microseconds=999999),
    datetime.timedelta(seconds=-1),
    datetime.timedelta(days=1),
    datetime.timedelta(days=-1),
    datetime.timedelta(days=-1, microseconds=1),
    datetime.timedelta(days=1, hours=10, minutes=5, seconds=7),
    datetime.timedelta(days=2),
    datetime.timedelta(days=-2, microseconds=-1),
    datetime.timedelta(days=40000, seconds=1, microseconds=250000),
    datetime.timedelta(days=-999999999),
    datetime.timedelta(days=999999999),
    datetime.timedelta.max,
]

for span in SPANS:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        parts = span.days, span.seconds, span.microseconds
        print(span, repr(span.total_seconds()), *parts, pickle.dumps(span, protocol).hex(), sep="\t")
