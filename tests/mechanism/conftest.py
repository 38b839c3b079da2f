"""A device with memory of its own, two of its kind where that matters."""

import pytest

import trivium.ops  # noqa: F401 - the fake device has a kernel for each op that exists
from trivium import registry
from trivium.testing.fake import FakeBackend


@pytest.fixture
def fakes():
    """A backend with two fake devices, found by name while the test runs."""
    backend = FakeBackend("fake", devices=2)
    with registry.temporary():
        registry.register_backend(backend)
        yield backend


@pytest.fixture(params=["cpu", "fake"])
def device(request):
    """The host's own device, and one whose memory the host cannot read."""
    return registry.find_device("cpu") if request.param == "cpu" else FakeBackend().device()
