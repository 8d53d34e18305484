"""How peers are asked: from a dataset and a peer to what trial.py measures; see peers/measuring.mjs."""

import os
import shutil

from data import expect_same, read_dataset

KEY = (2, 0.5, 0.01)


def getting(peer_class, dataset=None):
    """Getting a value that is stored. The first trial stores it, for all."""

    def start(input, folder):
        location = os.path.join(folder, peer_class.__name__)
        peer = peer_class(location)
        mark = location + ".stored"
        if not os.path.exists(mark):
            peer.put(read_dataset(dataset or input), KEY)
            open(mark, "w").close()
        return {
            "run": lambda: peer.get(KEY),
            "check": lambda: expect_same(peer.get(KEY), read_dataset(dataset or input)),
        }

    return start


def putting(peer_class, dataset=None, is_kept=False):
    """Storing the value under a key that is new each time; `is_kept`: what is stored stays."""

    def start(input, folder):
        value = read_dataset(dataset or input)
        location = os.path.join(folder, f"{peer_class.__name__}-{os.getpid()}")
        peer = peer_class(location)
        last = [0]

        def run():
            last[0] += 1
            peer.put(value, (last[0], 0.5, 0.01))

        def check():
            peer.put(value, (0, 0.5, 0.01))
            expect_same(peer.get((0, 0.5, 0.01)), value)

        return {
            "run": run,
            "check": check,
            "after": lambda: is_kept or peer.remove((last[0], 0.5, 0.01)),
            "close": lambda: shutil.rmtree(location),
        }

    return start
