"""The `cpu` device."""

from trivium.testing.conformance import BackendConformance


class TestCpu(BackendConformance):
    device = "cpu"
