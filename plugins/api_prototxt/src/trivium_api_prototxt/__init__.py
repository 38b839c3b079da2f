"""Trivium in the words of Caffe: prototxt files, nets, blobs, solvers."""

from trivium.randomness import seed as set_random_seed
from trivium_api_prototxt.blob import Blob
from trivium_api_prototxt.errors import ModelFileError, PrototxtError, SnapshotError
from trivium_api_prototxt.idx import DataError, MissingDataError
from trivium_api_prototxt.messages import TEST, TRAIN
from trivium_api_prototxt.modes import set_device, set_mode_cpu, set_mode_gpu
from trivium_api_prototxt.net import Net
from trivium_api_prototxt.solver import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    Solver,
    get_solver,
)
from trivium_api_prototxt.vocabulary import known_types as layer_type_list
from trivium_api_prototxt.vocabulary import register_layer_type
from trivium_api_prototxt.vocabulary.function import Function

__all__ = [
    "TRAIN", "TEST",
    "Net", "Blob",
    "Solver", "SGDSolver", "NesterovSolver", "AdaGradSolver", "RMSPropSolver", "AdaDeltaSolver",
    "AdamSolver", "get_solver",
    "set_mode_cpu", "set_mode_gpu", "set_device", "set_random_seed",
    "layer_type_list", "register_layer_type", "Function",
    "PrototxtError", "ModelFileError", "SnapshotError", "DataError", "MissingDataError",
]  # fmt: skip
