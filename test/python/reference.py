"""Runs the Bloscpack reference for the tests: one JSON request per line in, one answer out.

  {"do": "pack", "path": ..., "dtype": ..., "shape": ..., "order": ..., "chunk_size": ...,
   "blosc_args": {...}, "bloscpack_args": {...}, "metadata_args": {...}}
  {"do": "unpack", "path": ...}
  {"do": "pack_bytes", "path": ..., "n": ..., "step": ..., "metadata": ..., and as of "pack"}
  {"do": "append_bytes", "path": ..., "n": ..., "step": ...}
  {"do": "unpack_bytes", "path": ...}
  {"do": "load", "path": ...}

"load" is numpy's own, of an .npy file. It, "pack" and "unpack" answer with the array's {"dtype", "shape", "order", "sha256"}: sha256 of the bytes in memory
order. Byte order is native; what JavaScript has no numbers for (text, bytes, long doubles,
structures) is as stored. A request that fails answers {"error": ...}.
"""

import ast
import collections
import collections.abc
import hashlib
import io
import json
import sys

# bloscpack 0.16.0 still looks for this name, which Python 3.10 moved, in its old place.
collections.MutableMapping = collections.abc.MutableMapping

import bloscpack
import numpy
from bloscpack.append import append_fp


def describe(array):
    dtype = array.dtype
    if dtype.kind in "biufcmM" and dtype.char not in "gG":
        if not dtype.isnative:
            array = array.byteswap().view(dtype.newbyteorder("="))
    return {
        "dtype": array.dtype.str if dtype.fields is None else repr(dtype.descr),
        "shape": array.shape,
        "order": "F" if numpy.isfortran(array) else "C",
        "sha256": hashlib.sha256(array.tobytes(order="A")).hexdigest(),
    }


def dtype_of(spelling):
    if not spelling.startswith("["):
        return numpy.dtype(spelling)
    descr = ast.literal_eval(spelling)
    dtype = numpy.dtype(descr)
    # numpy makes fields of padding; leaving them out makes them padding again.
    named = [name for name, field in zip(dtype.names, descr) if field[0] != ""]
    return dtype if len(named) == len(descr) else dtype[named]


def values(dtype, shape, order):
    """Values that compress, but not to nothing, and use every bit of every type but bool."""
    dtype = dtype_of(dtype)
    n = int(numpy.prod(shape, dtype=int)) * dtype.itemsize
    data = (numpy.arange(n) * 37 // 3 % 251).astype("u1")
    if dtype.kind == "b":
        data &= 1
    return data.view(dtype).reshape(shape, order=order)


def arguments(request):
    return {
        "blosc_args": bloscpack.BloscArgs(**request["blosc_args"]),
        "bloscpack_args": bloscpack.BloscpackArgs(**request["bloscpack_args"]),
        "metadata_args": bloscpack.MetadataArgs(**request["metadata_args"]),
    }


def pack(request):
    array = values(request["dtype"], request["shape"], request["order"])
    bloscpack.pack_ndarray_to_file(
        array,
        request["path"],
        chunk_size=request["chunk_size"],
        **arguments(request),
    )
    return describe(array)


def unpack(request):
    return describe(bloscpack.unpack_ndarray_from_file(request["path"]))


def load(request):
    return describe(numpy.load(request["path"], allow_pickle=False))


def ramp(request):
    return (numpy.arange(request["n"]) * request["step"] % 251).astype("u1").tobytes()


def pack_bytes(request):
    bloscpack.pack_bytes_to_file(
        ramp(request),
        request["path"],
        chunk_size=request["chunk_size"],
        metadata=request["metadata"],
        **arguments(request),
    )


def append_bytes(request):
    data = ramp(request)
    with open(request["path"], "r+b") as original:
        return append_fp(original, io.BytesIO(data), len(data))


def unpack_bytes(request):
    plain, metadata = bloscpack.unpack_bytes_from_file(request["path"])
    digest = hashlib.sha256(plain).hexdigest()
    return {"nbytes": len(plain), "sha256": digest, "metadata": metadata}


def answer(line):
    try:
        request = json.loads(line)
        commands = (pack, unpack, pack_bytes, append_bytes, unpack_bytes, load)
        return {command.__name__: command for command in commands}[request["do"]](request)
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
