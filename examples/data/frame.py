"""Makes frame.pkl, a pandas DataFrame. Wants pandas."""

import datetime

import pandas

frame = pandas.DataFrame(
    {
        "station": ["Kyoto", "Oslo", "Lima"],
        "temp": [9.5, -3.25, 19.0],
        "rain": [0, 12, 3],
        "at": pandas.to_datetime([datetime.datetime(2026, 4, day) for day in (1, 2, 3)]),
    }
)
frame.to_pickle("frame.pkl", protocol=4)
