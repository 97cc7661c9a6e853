"""Makes the pickles of this folder. Run with any Python from 3.8 on."""

import collections
import datetime
import decimal
import pickle
import uuid


class Station:
    def __init__(self, name, position):
        self.name = name
        self.position = position


Station.__module__ = "weather"

kyoto = Station("Kyoto", (35.0116, 135.7681))
day = datetime.datetime(2026, 4, 1, 6, 0)
readings = [
    {"at": day + datetime.timedelta(hours=6 * i), "station": kyoto, "temp": temp, "rain": decimal.Decimal(rain), "ok": True}
    for i, (temp, rain) in enumerate([(9.5, "0.0"), (14.25, "0.2"), (12.0, "1.4"), (8.75, "0.0")])
]
report = {
    "id": uuid.UUID("6a2f41a3-c54c-4ce8-bd5f-0f3c61d1f7a1"),
    "readings": readings,
    "counts": collections.Counter(dry=2, wet=2),
    "raw": bytes(range(200)),
}
report["self"] = report

# The class is only a name in the pickle: the reader needs no module `weather`.
import sys, types  # noqa: E402, E401

sys.modules["weather"] = types.ModuleType("weather")
sys.modules["weather"].Station = Station
Station.__qualname__ = "Station"
with open("weather.pkl", "wb") as file:
    pickle.dump(report, file, 4)
