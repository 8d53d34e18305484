from measuring import getting
import peers

sides = {
    "joblib": getting(peers.Joblib),
    "joblib compress=3": getting(peers.JoblibZlib),
    "joblib lz4": getting(peers.JoblibLz4),
    "diskcache": getting(peers.Diskcache),
    "bloscpack": getting(peers.Bloscpack),
    "numpy.load": getting(peers.Npy),
    "numpy.load, compressed": getting(peers.NpzCompressed),
    "zarr": getting(peers.Zarr),
    "blosc2": getting(peers.Blosc2),
}
