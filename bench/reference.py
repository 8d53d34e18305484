"""Python's side of the benchmarks: the Bloscpack reference with two threads, as ours has, and joblib.

  reference.py blpk ARGUMENT...        its command
  reference.py pack RAW PACKED         packs RAW, a file of float64, to PACKED, once per line of stdin
  reference.py unpack PACKED           unpacks PACKED, once per line of stdin
  reference.py hash RAW                joblib.hash of RAW, a file of float64, once per line of stdin

pack, unpack and hash answer every line with the milliseconds it took.
"""

import collections
import collections.abc
import sys
import time

# bloscpack 0.16.0 still looks for this name, which Python 3.10 moved, in its old place.
collections.MutableMapping = collections.abc.MutableMapping


def command(*arguments):
    from bloscpack.cli import main

    sys.argv = ["blpk", *arguments]
    sys.exit(main())


def pack(raw, packed):
    import blosc
    import bloscpack
    import numpy

    blosc.set_nthreads(2)
    array = numpy.fromfile(raw, dtype="<f8")
    args = bloscpack.BloscArgs(typesize=8, clevel=5, shuffle=True, cname="lz4")
    answer(lambda: bloscpack.pack_ndarray_to_file(array, packed, blosc_args=args))


def unpack(packed):
    import blosc
    import bloscpack

    blosc.set_nthreads(2)
    # The result is dropped at once, within the measured time, as its memory is given back there.
    answer(lambda: bloscpack.unpack_ndarray_from_file(packed) is None)


def hash_array(raw):
    import joblib
    import numpy

    array = numpy.fromfile(raw, dtype="<f8")
    answer(lambda: joblib.hash(array))


def answer(run):
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print((time.perf_counter() - start) * 1000, flush=True)


if __name__ == "__main__":
    {"blpk": command, "pack": pack, "unpack": unpack, "hash": hash_array}[sys.argv[1]](*sys.argv[2:])
