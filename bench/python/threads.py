import os

import pack
import unpack
from data import read_dataset
from peers import Bloscpack


def packing(_input, folder):
    return pack.pack("noisy", folder)


def unpacking(_input, folder):
    path = os.path.join(folder, "packed.blp")
    if not os.path.exists(path):
        Bloscpack(folder).write_array(path, read_dataset("noisy"))
    return unpack.unpack("noisy", folder)


sides = {"pack": packing, "unpack": unpacking}
