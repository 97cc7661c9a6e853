"""Items for event loops: decoded in a thread, a few milliseconds' worth at a time."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

# Rows that are handed over at a time, and how long one batch may take: what comes slowly is not held back.
_ROWS = 1000
_SECONDS = 0.01


def _batch(rows):
    """The next rows, and what ended them: None where there are more."""
    batch, until = [], time.monotonic() + _SECONDS
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == _ROWS or time.monotonic() > until:
                return batch, None
    except Exception as error:
        return batch, error
    return batch, StopAsyncIteration()


async def aitems(make):
    """Rows of the iterator that make returns, which is called in the thread."""
    loop = asyncio.get_running_loop()
    # One thread: it is the only one that touches the iterator.
    executor = ThreadPoolExecutor(1, "libpickle-items")
    try:
        rows = await loop.run_in_executor(executor, make)
        ahead = loop.run_in_executor(executor, _batch, rows)
        while True:
            batch, end = await ahead
            if end is None:
                ahead = loop.run_in_executor(executor, _batch, rows)
            for row in batch:
                yield row
            if isinstance(end, StopAsyncIteration):
                return
            if end is not None:
                raise end
    finally:
        executor.shutdown(wait=False)
