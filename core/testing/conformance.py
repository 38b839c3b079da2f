"""The conformance suite: generated from what is registered, for any device.

    pytest --pyargs trivium.testing.conformance --device mine

or, as the whole test file of a backend:

    from trivium.testing.conformance import BackendConformance

    class TestMine(BackendConformance):
        backend = backend
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import signature
from typing import Any, ClassVar

import pytest
from attrs import fields, frozen

from .. import registry
from ..backend import Backend, Device
from ..config import as_device
from ..errors import ConfigError
from ..layer import Layer
from ..op import OPS, Op
from . import layer_checks, op_checks, training_checks
from .layer_checks import LayerCase
from .profile import Profile
from .samples import Case, cases
from .training_checks import OptimizerCase

__all__ = ["BackendConformance", "LayerConformance", "OpConformance", "TestDevice", "TestLayers", "TestOps", "repeat"]


GIVEN_BY_STYLES = ("name", "step")  # a layer's name, an optimizer's count of steps
ASKED_FOR = ("op", "case", "dtype", "kind", "layer", "optimizer")


@frozen
class Row:
    """One test: what it is given, and the words by which a gap finds it."""

    values: tuple[Any, ...]
    name: str
    number: int | None = None
    dtype: str | None = None

    def __str__(self) -> str:
        return "-".join([str(part) for part in (self.name, self.number, self.dtype) if part is not None])


class Generated:
    """Makes a test of each method with each example: what a method asks for by name decides which ones.

    only: names of the ops that are tested; all where left out
    """

    is_generated: ClassVar[bool] = True
    only: ClassVar[tuple[str, ...] | None] = None

    def rows(self, asked: frozenset[str], check: str, profile: Profile, device: Device | None = None) -> list[Row]:
        """The examples for a method that asks for these, those alone that its check has something to say of.

        device: where it will run; a check of what a kernel declares says nothing of one that does not declare it
        """
        if asked == {"op"}:
            return [Row((op,), op.name) for op in self.ops()]
        if asked == {"case"}:
            return [Row((case,), case.op.name, case.number) for case in self.cases(check, device)]
        if asked == {"case", "dtype"}:
            return [
                Row((case, dtype), case.op.name, case.number, dtype)
                for case in self.cases(check, device)
                for dtype in (profile.dtypes if case.has_floats else profile.dtypes[:1])
            ]
        if self.only is not None:
            return []
        if asked == {"kind"}:
            kinds = [registry.find(table, name) for table in ("layers", "optimizers") for name in registry.names(table)]
            return [Row((kind,), kind.__name__) for kind in kinds]
        if asked == {"layer"}:
            return [Row((case,), type(case.layer).__name__, case.number) for case in _layer_cases()]
        return [Row((case,), type(case.optimizer).__name__, case.number) for case in _optimizer_cases()]

    def runs(self, check: str, profile: Profile, device: Device | None) -> Iterator[tuple[Row, Callable[[], None]]]:
        """The tests of a check, for use without pytest: their rows, and functions that raise where they fail."""
        method = getattr(self, f"test_{check}")
        wanted = list(signature(method).parameters)
        asked = sorted([name for name in wanted if name in ASKED_FOR])
        for row in self.rows(frozenset(asked), check, profile, device) if asked else [Row((), check)]:
            given = {"place": device, "promise": profile, **dict(zip(asked, row.values, strict=True))}
            yield row, partial(method, **{name: given[name] for name in wanted})

    @classmethod
    def reproduction(cls, item: Any) -> str:
        """A few lines that repeat a test alone."""
        return f"pytest {item.nodeid!r}"

    @classmethod
    def checks(cls) -> list[str]:
        """The names of all checks, in order."""
        return [name.removeprefix("test_") for base in reversed(cls.__mro__) for name in vars(base) if _is_test(name)]

    def ops(self) -> list[Op]:
        """The ops that are tested."""
        registry.load_ops()
        return [op for name, op in sorted(OPS.items()) if self.only is None or name in self.only]

    def cases(self, check: str, device: Device | None) -> list[Case]:
        """The examples of those ops."""
        applies = op_checks.APPLIES.get(check)
        found = [case for op in self.ops() for case in cases(op) if applies is None or applies(case)]
        if device is not None and check in op_checks.DECLARED:
            return [case for case in found if op_checks.declares(case, device, check)]
        return found

    def place_of(self, config: pytest.Config) -> Device | None:
        """The device under test, where there is one."""
        return None

    def promised(self, config: pytest.Config) -> Profile:
        """What is expected."""
        return Profile()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """pytest asks here how often to run each method."""
        asked = [name for name in metafunc.fixturenames if name in ASKED_FOR]
        if not asked:
            return
        if only := metafunc.config.getoption("--only-op", default=None):
            self.only = tuple(only)  # type: ignore[misc]
        check = metafunc.function.__name__.removeprefix("test_")
        profile = self.promised(metafunc.config)
        rows = self.rows(frozenset(asked), check, profile, self.place_of(metafunc.config))
        asked.sort()
        metafunc.parametrize(asked, [_parameter(row, check, profile) for row in rows])


def _is_test(name: str) -> bool:
    return name.startswith("test_")


def _parameter(row: Row, check: str, profile: Profile) -> Any:
    gap = profile.gap(row.name, check, row.dtype, row.number)
    marks = [] if gap is None else [pytest.mark.xfail(strict=True, reason=gap.reason)]
    return pytest.param(*row.values, id=str(row), marks=marks)


def _layer_cases() -> Iterable[LayerCase]:
    for name in registry.names("layers"):
        yield from layer_checks.layer_cases(registry.find_layer(name))


def _optimizer_cases() -> Iterable[OptimizerCase]:
    for name in registry.names("optimizers"):
        yield from training_checks.optimizer_cases(registry.find_optimizer(name))


class OpConformance(Generated):
    """What every op must say about itself, wherever it runs."""

    def test_samples_exist(self, op: Op) -> None:
        assert list(cases(op)), f"{op.name} has no samples; give it some with @{op.name}.samples"

    def test_settings_are_sampled_off_their_defaults(self, op: Op) -> None:
        tried = [case.settings for case in cases(op)]

        for name, default in op.defaults.items():
            values = [settings[name] for settings in tried if name in settings]
            assert any([value != default for value in values]), (
                f"{op.name}: no sample gives {name} another value than {default!r}"
            )

    def test_gradients_exist_or_have_a_reason(self, op: Op) -> None:
        silent = [name for name in op.inputs if not op.is_differentiable(name) and name not in op.reasons]

        assert not silent, f"{op.name}: no gradient for {silent}, and no reason why"

    def test_shape_rule(self, case: Case) -> None:
        op_checks.check_shape_rule(case)

    def test_unknown_sizes(self, case: Case) -> None:
        op_checks.check_unknown_sizes(case)


class LayerConformance(Generated):
    """What every layer and every optimizer must say about itself."""

    def test_samples_cover_the_settings(self, kind: Any) -> None:
        tried = (
            [case.layer for case in layer_checks.layer_cases(kind)] if issubclass(kind, Layer) else list(kind.samples())
        )

        assert tried, f"{kind.__name__} has no samples; give it a classmethod `samples`"
        for setting in fields(kind):
            if setting.init and setting.name not in GIVEN_BY_STYLES:
                values = [getattr(made, setting.name) for made in tried]
                assert any([value != setting.default for value in values]), (
                    f"{kind.__name__}: no sample sets {setting.name}"
                )


class BackendConformance(Generated):
    """Everything that a backend must keep to.  A subclass says which one.

    backend: the backend itself; or
    device:  the name of one of its devices
    profile: what it promises; asked of its plugin where left out
    """

    backend: ClassVar[Backend | None] = None
    device: ClassVar[str | None] = None
    profile: ClassVar[Profile | None] = None

    def find_device(self, config: pytest.Config) -> Device:
        """The device under test."""
        return self.backend.device(0) if self.backend is not None else as_device(self.device)

    def place_of(self, config: pytest.Config) -> Device | None:
        """The device under test."""
        return self.find_device(config)

    def promised(self, config: pytest.Config) -> Profile:
        """What the device promises: here, or by its plugin, or everything."""
        return self.profile if self.profile is not None else self.promised_by(self.find_device(config))

    @staticmethod
    def promised_by(device: Device) -> Profile:
        """What the plugin of a device promises."""
        told = registry.call_hook("trivium_conformance_profile", device=device)
        return next((answer for answer in _listed(told) if isinstance(answer, Profile)), Profile())

    @pytest.fixture
    def place(self, pytestconfig: pytest.Config) -> Device:
        """The device under test."""
        return self.find_device(pytestconfig)

    @pytest.fixture
    def promise(self, pytestconfig: pytest.Config) -> Profile:
        """What it promises."""
        return self.promised(pytestconfig)

    # -- ops -------------------------------------------------------------------------------------

    def test_forward(self, case: Case, dtype: str, place: Device, promise: Profile) -> None:
        op_checks.check_forward(case, place, dtype, promise)

    def test_sizes(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_sizes(case, place, "float32", promise)

    def test_settings(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_settings(case, place, "float32", promise)

    def test_whole_numbers(self, case: Case, place: Device) -> None:
        op_checks.check_whole_numbers(case, place)

    def test_large_numbers(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_large_numbers(case, place, promise)

    def test_specials(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_specials(case, place, "float32", promise)

    def test_memory(self, case: Case, place: Device) -> None:
        op_checks.check_memory(case, place, "float32")

    def test_out(self, case: Case, dtype: str, place: Device) -> None:
        op_checks.check_out(case, place, dtype)

    def test_in_place(self, case: Case, place: Device) -> None:
        op_checks.check_in_place(case, place, "float32")

    def test_determinism(self, case: Case, place: Device) -> None:
        op_checks.check_determinism(case, place, "float32")

    def test_strided(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_strided(case, place, "float32", promise)

    def test_strided_in_a_program(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_strided_program(case, place, "float32", promise)

    def test_gradient(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_gradient(case, place, promise)

    def test_second_gradient(self, case: Case, place: Device, promise: Profile) -> None:
        op_checks.check_second_gradient(case, place, promise)

    def test_program(self, case: Case, place: Device) -> None:
        op_checks.check_program(case, place, "float32", has_unknown_sizes=False)

    def test_program_of_unknown_sizes(self, case: Case, place: Device) -> None:
        op_checks.check_program(case, place, "float32", has_unknown_sizes=True)

    # -- layers ----------------------------------------------------------------------------------

    def test_layer_in_training(self, layer: LayerCase, place: Device) -> None:
        layer_checks.check_layer(layer, place, training=True)

    def test_layer_in_use(self, layer: LayerCase, place: Device) -> None:
        layer_checks.check_layer(layer, place, training=False)

    def test_layer_that_is_fed_its_phase(self, layer: LayerCase, place: Device) -> None:
        layer_checks.check_fed_phase(layer, place)

    def test_layer_without_each_pass(self, layer: LayerCase, place: Device) -> None:
        layer_checks.check_passes(layer, place, training=True)

    # -- training --------------------------------------------------------------------------------

    def test_optimizer(self, optimizer: OptimizerCase, place: Device) -> None:
        training_checks.check_optimizer(optimizer, place)

    def test_small_network(self, place: Device) -> None:
        training_checks.check_network(place)


def _listed(answers: Any) -> list[Any]:
    return answers if isinstance(answers, list) else [answers]


def row_of(item: Any) -> tuple[str, int | None, str | None]:
    """The row of a test that pytest has made: name, number and dtype."""
    values = item.callspec.params if hasattr(item, "callspec") else {}
    if "op" in values:
        return values["op"].name, None, None
    if "kind" in values:
        return values["kind"].__name__, None, None
    example = next((values[name] for name in ("case", "layer", "optimizer") if name in values), None)
    if example is None:
        return item.originalname.removeprefix("test_"), None, None
    return str(example).rpartition("-")[0], example.number, values.get("dtype")


class Installed:
    """Whatever is installed, so that a few lines of Python repeat a test anywhere."""

    @classmethod
    def reproduction(cls, item: Any) -> str:
        """Lines that run as they are."""
        check, (name, number, dtype) = item.originalname.removeprefix("test_"), row_of(item)
        given = [check, name, *[value for value in (number, dtype) if value is not None]]
        device = as_device(item.config.getoption("--device", default=None)).name
        arguments = ", ".join([*map(repr, given), f"device={device!r}"])
        return f"from trivium.testing.conformance import repeat\n\nrepeat({arguments})\n"


class TestOps(Installed, OpConformance):
    """Every op that is registered."""


class TestLayers(Installed, LayerConformance):
    """Every layer and optimizer that is registered."""


class TestDevice(Installed, BackendConformance):
    """The device that `--device` names, or the one that is configured."""

    def find_device(self, config: pytest.Config) -> Device:
        named: str | None = config.getoption("--device", default=None)
        return as_device(named)


def repeat(
    check: str, name: str, number: int | None = None, dtype: str | None = None, *, device: str | None = None
) -> None:
    """Run one test alone, without pytest: what a report prints for each failure.

    name, number: the op, layer or optimizer, and which of its examples
    """
    place = as_device(device)
    registry.load_ops()
    for suite in (TestDevice(), TestOps(), TestLayers()):
        if check in suite.checks():
            if name in OPS:
                suite.only = (name,)  # type: ignore[misc]
            promise = BackendConformance.promised_by(place)
            for row, run in suite.runs(check, promise, place):
                if (row.name, row.number, row.dtype) == (name, number, dtype):
                    run()
                    return
    known = sorted({check for suite in (TestDevice, TestOps, TestLayers) for check in suite.checks()})
    raise ConfigError(f"conformance: no check {check!r} of {name!r}, example {number}; checks: {', '.join(known)}")
