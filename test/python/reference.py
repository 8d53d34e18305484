"""Runs the Bloscpack reference for the tests: one JSON request per line in, one answer out.

  {"do": "pack", "path": ..., "dtype": ..., "shape": ..., "order": ..., "chunk_size": ...,
   "blosc_args": {...}, "bloscpack_args": {...}, "metadata_args": {...}}
  {"do": "unpack", "path": ...}

Both answer with the array's {"dtype", "shape", "order", "sha256"}: dtype in native byte order,
sha256 of the bytes in memory order. A request that fails answers {"error": ...}.
"""

import collections
import collections.abc
import hashlib
import json
import sys

# bloscpack 0.16.0 still looks for this name, which Python 3.10 moved, in its old place.
collections.MutableMapping = collections.abc.MutableMapping

import bloscpack
import numpy


def describe(array):
    native = array.astype(array.dtype.newbyteorder("="), order="A")
    return {
        "dtype": native.dtype.str,
        "shape": native.shape,
        "order": "F" if numpy.isfortran(native) else "C",
        "sha256": hashlib.sha256(native.tobytes(order="A")).hexdigest(),
    }


def values(dtype, shape, order):
    """Values that compress, but not to nothing, and use every bit of every type but bool."""
    dtype = numpy.dtype(dtype)
    n = int(numpy.prod(shape, dtype=int)) * dtype.itemsize
    data = (numpy.arange(n) * 37 // 3 % 251).astype("u1")
    if dtype.kind == "b":
        data &= 1
    return data.view(dtype).reshape(shape, order=order)


def pack(request):
    array = values(request["dtype"], request["shape"], request["order"])
    bloscpack.pack_ndarray_to_file(
        array,
        request["path"],
        chunk_size=request["chunk_size"],
        blosc_args=bloscpack.BloscArgs(**request["blosc_args"]),
        bloscpack_args=bloscpack.BloscpackArgs(**request["bloscpack_args"]),
        metadata_args=bloscpack.MetadataArgs(**request["metadata_args"]),
    )
    return describe(array)


def unpack(request):
    return describe(bloscpack.unpack_ndarray_from_file(request["path"]))


def answer(line):
    try:
        request = json.loads(line)
        return {"pack": pack, "unpack": unpack}[request["do"]](request)
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
