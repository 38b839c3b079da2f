"""How tensors travel between processes: their memory, as an open file."""

from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

from trivium import config
from trivium.op import Leaf
from trivium.spec import Spec
from trivium.storage import Storage
from trivium.tensor import Parameter as CoreParameter
from trivium.tensor import Tensor as CoreTensor

from ..errors import GradientError
from ..nn.parameter import Parameter
from ..tensors import Tensor
from ..words import method

STRATEGIES = ("file_descriptor", "file_system")


class Strategy:
    """The name in force."""

    name = STRATEGIES[0]


def get_all_sharing_strategies() -> set[str]:
    """The names that `set_sharing_strategy` takes."""
    return set(STRATEGIES)


def get_sharing_strategy() -> str:
    """The name last set."""
    return Strategy.name


def set_sharing_strategy(new_strategy: str) -> None:
    """Accept PyTorch's names; memory is passed on as open files under either, for names in /dev/shm could be left."""
    if new_strategy not in STRATEGIES:
        raise ValueError(f"set_sharing_strategy: {new_strategy!r}; there are {', '.join(STRATEGIES)}")
    Strategy.name = new_strategy


@method
def share_memory_(self):
    """Move the elements to memory that other processes can share; views of them, and their base, follow."""
    self.share()
    return self


@method
def is_shared(self):
    """Whether the elements are in memory that other processes can share."""
    return self.storage.descriptor is not None


# -- pickling for another process ----------------------------------------------------------------


def reduced_tensor(tensor: CoreTensor) -> tuple[Any, ...]:
    """How a tensor is sent: its Storage, which several tensors of one message may share, and how it is seen."""
    requires_grad = tensor.current_edge is not None
    if requires_grad and type(tensor.edge) is not Leaf:
        raise GradientError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
            "crossing process boundaries.  If you just want to transfer the data, call detach() on the tensor "
            "before serializing (e.g., putting it on the queue)."
        )
    if not tensor.device.backend.is_host:
        return arrived_on_device, (type(tensor), CoreTensor.numpy(tensor), tensor.device.name, requires_grad)
    tensor.share()
    name = getattr(tensor, "name", None)
    return arrived, (type(tensor), tensor.storage, tensor.spec, tensor.layout, requires_grad, name)


def arrived(
    kind: type[CoreTensor], storage: Storage, spec: Spec, layout: Any, requires_grad: bool, name: str | None
) -> CoreTensor:
    """The tensor at the other end."""
    whole = CoreTensor.on(storage, Spec(storage.buffer.shape, storage.buffer.dtype))
    seen = whole if layout is None and whole.spec is spec else whole.seen_as(layout)
    made = kind.__new__(kind)
    made.storage, made.spec, made.layout, made.is_packed = storage, spec, seen.layout, seen.is_packed
    made.memory, made.base, made.edge = seen.memory, None, None
    if isinstance(made, CoreParameter):
        made.name, made.trainable = name or "parameter", requires_grad
    return made.require_gradient() if requires_grad else made


def arrived_on_device(kind: type[CoreTensor], array: Any, device: str, requires_grad: bool) -> CoreTensor:
    """A tensor whose device has memory of its own: a copy."""
    made = kind.of(array, device=config.as_device(device))
    return made.require_gradient() if requires_grad else made


def reduced_storage(storage: Storage) -> tuple[Any, ...]:
    """How shared memory is sent."""
    storage.share()
    return attached, (DupFd(storage.descriptor), Spec(storage.buffer.shape, storage.buffer.dtype), storage.device.name)


def attached(sent: Any, spec: Spec, device: str) -> Storage:
    """The same memory at the other end."""
    try:
        descriptor = sent.detach()
    except (ConnectionError, FileNotFoundError, EOFError) as error:
        raise RuntimeError(
            f"a tensor {spec} was sent by a process that has ended since: its memory went with it; let the sender "
            "wait until the tensor has arrived"
        ) from error
    return Storage.attach(descriptor, spec, config.as_device(device))


for _kind in (CoreTensor, CoreParameter, Tensor, Parameter):
    ForkingPickler.register(_kind, reduced_tensor)
ForkingPickler.register(Storage, reduced_storage)
