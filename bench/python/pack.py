import os

from data import expect_same, read_dataset
from peers import Bloscpack


def pack(input, folder):
    array = read_dataset(input)
    peer = Bloscpack(folder)
    path = os.path.join(folder, "theirs.blp")

    def check():
        peer.write_array(path, array)
        expect_same(peer.read_array(path), array)

    return {"run": lambda: peer.write_array(path, array), "check": check}


sides = {"bloscpack": pack}
