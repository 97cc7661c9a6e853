"""Splits in Dask."""

import pickle

import dask
import dask.dataframe
import libpickle
import pandas
import pyarrow


def load(split, schema):
    return pandas.DataFrame.from_arrow(split.arrow(schema=schema))


def test_from_map(tmp_path):
    rows = [{"id": n, "group": "g%d" % (n % 5), "half": n / 2} for n in range(50_000)]
    file = tmp_path / "rows.pkl"
    file.write_bytes(pickle.dumps(rows))
    plan = libpickle.split_plan(file, bytes=200_000)
    schema = pyarrow.schema(plan.schema(sample=1000))
    meta = schema.empty_table().to_pandas()
    frame = dask.dataframe.from_map(load, list(plan), schema=schema, meta=meta)
    assert frame.npartitions == len(plan) > 4
    for scheduler in ("threads", "processes"):
        with dask.config.set(scheduler=scheduler):
            assert frame.id.sum().compute() == sum(range(50_000))
            assert len(frame) == 50_000
    with dask.config.set(scheduler="threads"):
        assert frame.compute().to_dict("records") == rows
