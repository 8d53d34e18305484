"""The data of a run, as data/files.mjs writes it; and what both sides compare results with."""

import json
import os

import numpy


def read_dataset(name, length=None):
    """An array, or a dictionary of arrays: each in memory of its own."""
    folder = os.environ["BLOSCACHE_BENCH_DATA"]
    with open(os.path.join(folder, name + ".json")) as file:
        columns = json.load(file)
    with open(os.path.join(folder, name + ".raw"), "rb") as file:
        arrays = {
            column["name"]: numpy.fromfile(file, column["dtype"], length or column["length"])
            for column in columns
        }
    return arrays[None] if None in arrays else arrays


def arrays_of(value):
    return value if isinstance(value, dict) else {None: value}


def expect_same(result, expected):
    result, expected = arrays_of(result), arrays_of(expected)
    for name, array in expected.items():
        if not numpy.array_equal(result[name], array) or result[name].dtype != array.dtype:
            raise AssertionError("The result is not what was stored")
