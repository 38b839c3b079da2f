"""Stands for the library of a device's maker in the README: memory that NumPy cannot look into, and one function."""

import numpy as np


class Memory:
    """An array on the device."""

    def __init__(self, array):
        self._array = np.array(array)
        self.shape, self.dtype = self._array.shape, self._array.dtype


def upload(array):
    return Memory(array)


def download(memory):
    return memory._array.copy()


def gemm(x, y):
    return Memory((x._array @ y._array).astype(x.dtype))
