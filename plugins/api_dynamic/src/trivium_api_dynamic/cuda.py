"""torch.cuda: questions are answered on every machine; work needs a CUDA device."""

import time
from types import SimpleNamespace
from typing import Any

from trivium.backend import Device
from trivium.errors import DeviceError

from . import generator
from .devices import cuda_backend
from .devices import device as find_device


class _Current:
    index = 0


def is_available() -> bool:
    """Whether a CUDA device answers."""
    return cuda_backend() is not None


def device_count() -> int:
    """How many CUDA devices answer."""
    backend = cuda_backend()
    return 0 if backend is None else int(backend.count())


def is_initialized() -> bool:
    """Whether CUDA can be used."""
    return is_available()


def init() -> None:
    """Nothing is to be prepared."""


def index_of(where: Any) -> int:
    """The number of a CUDA device: of a name, a device, a number, or the current one (None)."""
    if where is None:
        return _Current.index
    if isinstance(where, int):
        return where
    return int(where.index if isinstance(where, Device) else find_device(where).index)


def found(where: Any = None) -> Device:
    """A CUDA device; an error where there is none."""
    backend = cuda_backend()
    if backend is None:
        find_device("cuda")  # says what is installed instead
        raise DeviceError("cuda: no device answers")
    made: Device = backend.device(index_of(where))
    return made


def current_device() -> int:
    """The number of the CUDA device in use."""
    return int(found().index)


def set_device(where: Any) -> None:
    """Use another CUDA device from now on."""
    if index_of(where) >= 0:
        _Current.index = int(found(where).index)


class device:
    """Use another CUDA device inside a `with` block; without CUDA, or with a negative number, nothing changes."""

    def __init__(self, where: Any) -> None:
        self.index = index_of(where)

    def __enter__(self) -> None:
        self.before = _Current.index
        if is_available() and self.index >= 0:
            set_device(self.index)

    def __exit__(self, *error: Any) -> None:
        _Current.index = self.before


def synchronize(where: Any = None) -> None:
    """Return when all work on a device is done."""
    found(where).synchronize()


def empty_cache() -> None:
    """Nothing is held back that could be given away."""


def used(which: str, where: Any) -> int:
    """What the backend says of its memory; 0 where there is no CUDA device."""
    backend = cuda_backend()
    if backend is None:
        return 0
    ask = getattr(backend, which, None)
    if ask is None:
        raise DeviceError(f"torch.cuda: the backend of {found(where)} does not count its memory")
    return int(ask(index_of(where)))


def memory_allocated(where: Any = None) -> int:
    """Bytes that tensors take on a device."""
    return used("memory_allocated", where)


def max_memory_allocated(where: Any = None) -> int:
    """The most bytes that tensors have taken on a device."""
    return used("max_memory_allocated", where)


def reset_peak_memory_stats(where: Any = None) -> None:
    """Count the most bytes anew."""
    used("reset_peak_memory", where)


def manual_seed(seed: int) -> None:
    """Start over: random numbers have one source for all devices."""
    generator.manual_seed(seed)


manual_seed_all = manual_seed


def get_device_name(where: Any = None) -> str:
    """The name of a device."""
    return str(get_device_properties(where).name)


def get_device_properties(where: Any = None) -> Any:
    """What is known of a device: its name."""
    place = found(where)
    describe = getattr(place.backend, "describe", None)
    return SimpleNamespace(name=describe(place.index) if describe else str(place))


class Stream:
    """An order of work.  There is one for each device, so that waiting for another is waiting for nothing."""

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        self.device = found(device)

    def synchronize(self) -> None:
        """Return when its work is done."""
        self.device.synchronize()

    def wait_stream(self, stream: Any) -> None:
        """Work of the same device is in order already."""

    wait_event = wait_stream

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *error: Any) -> None:
        pass


class Event:
    """A moment in a device's work."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False) -> None:
        self.time = 0.0

    def record(self, stream: Any = None) -> None:
        """Note the time when all work up to here is done."""
        synchronize()
        self.time = time.perf_counter()

    def elapsed_time(self, end: "Event") -> float:
        """Milliseconds between two events."""
        return (end.time - self.time) * 1e3

    def synchronize(self) -> None:
        """It has passed when `record` returns."""

    def query(self) -> bool:
        """Whether it has passed."""
        return True


def current_stream(where: Any = None) -> Stream:
    """The one stream of a device."""
    return Stream(where)


def stream(which: Any) -> Any:
    """A stream as a `with` block."""
    return which
