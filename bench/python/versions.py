"""Prints the versions of Python and of its peers."""

import importlib.metadata
import json
import platform

peers = ["blosc", "blosc2", "bloscpack", "diskcache", "joblib", "lz4", "numpy", "zarr"]

if __name__ == "__main__":
    versions = {f"{peer} (Python)": importlib.metadata.version(peer) for peer in peers}
    print(json.dumps({"Python": platform.python_version(), **versions}))
