from measuring import putting
import peers

sides = {
    "joblib": putting(peers.Joblib),
    "joblib compress=3": putting(peers.JoblibZlib),
    "joblib lz4": putting(peers.JoblibLz4),
    "diskcache": putting(peers.Diskcache),
    "bloscpack": putting(peers.Bloscpack),
    "numpy.save": putting(peers.Npy),
    "numpy.savez_compressed": putting(peers.NpzCompressed),
    "zarr": putting(peers.Zarr),
    "blosc2": putting(peers.Blosc2),
}
