"""Python's peers, as those of Node in peers/: classes of a cache in a folder, with

  put(value, key), get(key), remove(key)

where a value is an array or a dictionary of them, and a key is three numbers. `get` gives all of a
value, in memory.
"""

import collections
import collections.abc
import os
import shutil

import numpy

from data import arrays_of


class Joblib:
    """joblib.Memory. The function is that of a module, as joblib looks for its source."""

    compress = False

    def __init__(self, folder):
        import joblib

        memory = joblib.Memory(folder, compress=self.compress, verbose=0)
        self.keep = memory.cache(keep)
        self.folder = folder

    def put(self, value, key):
        kept["value"] = value
        result = self.keep(*key)
        del kept["value"]
        return result

    def get(self, key):
        return self.keep(*key)

    def remove(self, key):
        self.keep.call_and_shelve(*key).clear()


kept = {}


def keep(a, b, c):
    return kept["value"]


class JoblibZlib(Joblib):
    compress = 3


class JoblibLz4(Joblib):
    compress = ("lz4", 3)


class Diskcache:
    def __init__(self, folder):
        import diskcache

        # Without a limit: its default, 1 GB, would have it remove what is asked for.
        self.cache = diskcache.Cache(folder, eviction_policy="none")

    def put(self, value, key):
        self.cache[key] = value

    def get(self, key):
        return self.cache[key]

    def remove(self, key):
        del self.cache[key]


class Files:
    """What keeps arrays in files; `extension` and `write(path, value)`, `read(path)` are its own."""

    extension = ""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder

    def path(self, key):
        return os.path.join(self.folder, "-".join(map(str, key)) + self.extension)

    def put(self, value, key):
        self.write(self.path(key), value)

    def get(self, key):
        return self.read(self.path(key))

    def remove(self, key):
        path = self.path(key)
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


class Npy(Files):
    """numpy.save, or numpy.savez where there are several arrays."""

    def write(self, path, value):
        with open(path, "wb") as file:
            if isinstance(value, dict):
                numpy.savez(file, **value)
            else:
                numpy.save(file, value)

    def read(self, path):
        result = numpy.load(path)
        if isinstance(result, numpy.ndarray):
            return result
        with result:
            return dict(result)


class NpzCompressed(Files):
    extension = ".npz"

    def write(self, path, value):
        columns = {name or "array": array for name, array in arrays_of(value).items()}
        numpy.savez_compressed(path, **columns)

    def read(self, path):
        with numpy.load(path) as columns:
            return columns["array"] if "array" in columns else dict(columns)


class FilePerArray(Files):
    """What keeps one array in a file; `write_array(path, array)` and `read_array(path)` are its own."""

    def write(self, path, value):
        os.makedirs(path)
        for name, array in arrays_of(value).items():
            self.write_array(os.path.join(path, name or "array"), array)

    def read(self, path):
        names = os.listdir(path)
        if names == ["array"]:
            return self.read_array(os.path.join(path, "array"))
        return {name: self.read_array(os.path.join(path, name)) for name in names}


class Bloscpack(FilePerArray):
    """With our settings, and two threads."""

    def __init__(self, folder):
        super().__init__(folder)
        self.bloscpack = import_bloscpack()

    def write_array(self, path, array):
        args = self.bloscpack.BloscArgs(
            typesize=array.dtype.itemsize, clevel=5, shuffle=True, cname="lz4"
        )
        self.bloscpack.pack_ndarray_to_file(array, path, blosc_args=args)

    def read_array(self, path):
        return self.bloscpack.unpack_ndarray_from_file(path)


def import_bloscpack():
    # bloscpack 0.16.0 still looks for this name, which Python 3.10 moved, in its old place.
    collections.MutableMapping = collections.abc.MutableMapping
    import blosc
    import bloscpack

    blosc.set_nthreads(int(os.environ["BLOSC_NTHREADS"]))
    return bloscpack


class Zarr(FilePerArray):
    """With its defaults, but for the number of threads."""

    def __init__(self, folder):
        import zarr

        super().__init__(folder)
        self.zarr = zarr
        zarr.config.set({"threading.max_workers": int(os.environ["BLOSC_NTHREADS"])})

    def write_array(self, path, array):
        self.zarr.save_array(path, array)

    def read_array(self, path):
        return self.zarr.load(path)


class Blosc2(FilePerArray):
    """With its defaults, but for the number of threads."""

    def __init__(self, folder):
        import blosc2

        super().__init__(folder)
        self.blosc2 = blosc2
        blosc2.set_nthreads(int(os.environ["BLOSC_NTHREADS"]))

    def write_array(self, path, array):
        self.blosc2.asarray(array, urlpath=path, mode="w")

    def read_array(self, path):
        return self.blosc2.open(path)[:]
