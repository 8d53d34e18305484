import os

from data import read_dataset
import peers


def measuring(peer_class):
    def start(input, folder):
        location = os.path.join(folder, f"{peer_class.__name__}-{os.getpid()}")

        def measure():
            peer_class(location).put(read_dataset(input), (0, 0, 0))
            return size_of(location) / 1e6

        return {"measure": measure}

    return start


def size_of(folder):
    return sum(
        os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(folder) for name in names
    )


sides = {
    "bloscpack": measuring(peers.Bloscpack),
    "joblib compress=3": measuring(peers.JoblibZlib),
    "joblib lz4": measuring(peers.JoblibLz4),
    "numpy.savez_compressed": measuring(peers.NpzCompressed),
    "zarr": measuring(peers.Zarr),
    "blosc2": measuring(peers.Blosc2),
}
