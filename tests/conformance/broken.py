"""A device, an op and a layer that fail every check there is: the tests make a plugin of this file."""

from attrs import define, field

import trivium.ops  # noqa: F401 - what exists so far is what the device has kernels for
from trivium import Layer
from trivium.hookspecs import hookimpl
from trivium.op import OPS, Op
from trivium.testing.fake import FakeBackend
from trivium.testing.fault import FAULTS
from trivium.testing.mutation import replace_kernel
from trivium.testing.reference import reference

FAULTY = {
    "tanh": ("unsteady", "out", {}), "sgd_update": ("unsteady", "out", {}), "matmul": ("sign", "out", {}),
    "add": ("piecewise", "", {"in_place": True}), "relu": ("deaf", "", {}), "copy": ("alias", "", {}),
    "multiply": ("packed", "x", {"strided": True}), "square": ("one_block", "out", {}),
    "argmax": ("bound_once", "", {}), "negative": ("in_floats", "", {}), "mean": ("overflow", "out", {}),
    "sqrt": ("no_nan", "out", {}),
}  # fmt: skip

backend = FakeBackend("broken")
for name, (fault, part, traits) in FAULTY.items():
    replace_kernel(
        backend, OPS[name], reference.device(), lambda work, f=fault, p=part: FAULTS[f].spoil(work, p), **traits
    )


def lame(x, *, power=2):
    """x to the `power`, with a shape rule that is wrong, no gradient, and samples that try nothing else."""
    return x**power


def mute(x):
    """x, and no samples."""
    return x


lame, mute = Op(lame), Op(mute)
lame.shape(lambda x, power: x.with_shape(x.shape[:-1]))
lame.samples(lambda make: iter([(make(2, 3),)]))
mute.shape(lambda x: x)
mute.no_gradient("x", "there are no samples")


@define(slots=False)
class Lame(Layer):
    """x, with a setting that no sample sets."""

    scale: float = field(default=1.0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3)

    def forward(self, x):
        return x


@hookimpl
def trivium_register_ops(register):
    register(lame)
    register(mute)


@hookimpl
def trivium_register_layers(register):
    register(Lame)
