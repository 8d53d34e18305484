import os

import numpy
import zarr

from data import read_dataset

COUNT = 2**30 // 8
places = numpy.arange(1000) * 123_456_789 % COUNT


def gather(input, folder):
    zarr.config.set({"threading.max_workers": int(os.environ["BLOSC_NTHREADS"])})
    path = os.path.join(folder, "gibibyte.zarr")
    if not os.path.exists(path):
        zarr.create_array(
            path,
            data=read_dataset(input),
            chunks=2**20 // 8,
            compressors=zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=8),
        )
    array = zarr.open_array(path, mode="r")

    def check():
        if not numpy.array_equal(array.vindex[places], read_dataset(input)[places]):
            raise AssertionError("The elements are not those of the file")

    return {"run": lambda: array.vindex[places], "check": check}


sides = {"zarr": gather}
