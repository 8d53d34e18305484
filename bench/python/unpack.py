import os

from data import expect_same, read_dataset
from peers import Bloscpack


def unpack(input, folder):
    """Of the file that our side has made."""
    peer = Bloscpack(folder)
    path = os.path.join(folder, "packed.blp")
    return {
        "run": lambda: peer.read_array(path),
        "check": lambda: expect_same(peer.read_array(path), read_dataset(input)),
    }


sides = {"bloscpack": unpack}
