"""The `fake` device: everything works on memory that the host cannot read."""

import trivium.ops  # noqa: F401 - the fake device has a kernel for each op that exists
from trivium.op import OPS
from trivium.testing.conformance import BackendConformance
from trivium.testing.fake import FakeBackend

COMPOSED = tuple([op.name for op in OPS.values() if op.decompose is not None])


class TestFake(BackendConformance):
    backend = FakeBackend()


class TestFakeWithoutViewsAndWriting(BackendConformance):
    backend = FakeBackend("fake_minimal", is_minimal=True)


class TestFakeWithoutFusedKernels(BackendConformance):
    """Fused ops run as their decompositions."""

    backend = FakeBackend("fake_composed", lacking=COMPOSED)
    only = COMPOSED
