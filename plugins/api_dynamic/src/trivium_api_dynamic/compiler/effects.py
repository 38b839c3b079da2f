"""What a compiled function does besides its program, each time it runs.

before(): just before the program;  after(): just after;  undo(): in place of after, where the program fails
fits():   whether the program still does what the recorded run did
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from attrs import frozen

from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..generator import Generator
from ..tensors import around


class Effect:
    """Nothing."""

    def fits(self) -> bool:
        return True

    def before(self) -> None:
        pass

    def after(self) -> None:
        pass

    def undo(self) -> None:
        pass


@frozen
class Performed(Effect):
    """A call of a Python function."""

    action: Callable[[], Any]

    def before(self) -> None:
        self.action()


class GeneratorState(Effect):
    """The state of a generator, while it is part of a graph."""

    def __init__(self, generator: Generator, device: Any) -> None:
        self.generator = generator
        self.tensor = around(generator._current().copy(), device)

    def before(self) -> None:
        with recording(False):
            CoreTensor.assign(self.tensor, around(self.generator._current().copy(), self.tensor.device))

    def after(self) -> None:
        self.generator.state = np.array(CoreTensor.numpy(self.tensor))
