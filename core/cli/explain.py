"""`trivium explain`: how an op would run, and why not otherwise."""

from __future__ import annotations

import ast
import re
from typing import Any

import click

from .. import config, ops, registry  # noqa: F401 - core's ops define themselves when they are imported
from ..backend import Device
from ..errors import ConfigError
from ..kernel import Bound, Specs, bind
from ..op import Op
from ..spec import Dim, Size, Spec
from .table import print_json, print_table


@click.group("explain")
def command() -> None:
    """Say how an op would run: the kernel, and why not another."""


@command.command("op")
@click.argument("name")
@click.option("--device", help="Where; by default the current device.")
@click.option("--dtype", default="float32", show_default=True, help="Of operands that do not say theirs.")
@click.option("--shape", "shapes", multiple=True, metavar="SIZES",
              help="Of one operand: 2,3 or batch,3 or int64[batch]; - for one that is absent.")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the op.")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def explain_op(
    name: str,
    device: str | None,
    dtype: str,
    shapes: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """The kernel that an op would run as, its provider, and every candidate that was passed over."""
    op, place = registry.find_op(name), config.as_device(device)
    specs = _with_absent([_read_spec(text, dtype) for text in shapes], op)
    bound = bind(op, place, specs, dict(map(_read_setting, settings)), config.policy())
    if as_json:
        print_json(_facts(op, place, specs, bound))
        return
    operands = ", ".join(["absent" if spec is None else str(spec) for spec in specs])
    click.echo(f"{op.name}({operands}) -> {', '.join(map(str, bound.specs))}")
    click.echo(f"on {place}: {_HOW[bound.how].format(provider=bound.provider)}")
    if bound.rejected:
        click.echo()
        print_table(("PASSED OVER", "BECAUSE"), bound.rejected)


_HOW = {
    "native": "a kernel of {provider}",
    "fallback": "what {provider} does for any op",
    "composed": "as its decomposition into other ops",
    "host": "on the host, with copies both ways",
}


def _facts(op: Op, device: Device, specs: Specs, bound: Bound) -> dict[str, Any]:
    return {
        "op": op.name,
        "device": device.name,
        "operands": [None if spec is None else str(spec) for spec in specs],
        "outputs": list(map(str, bound.specs)),
        "settings": bound.settings,
        "how": bound.how,
        "provider": bound.provider,
        "exact": bound.exact,
        "rejected": [{"candidate": who, "reason": why} for who, why in bound.rejected],
    }


def _with_absent(specs: list[Spec | None], op: Op) -> Specs:
    """Operands with None for each optional one that was left out at the end."""
    required = len(op.inputs) - len(op.optional)
    if not op.is_variadic and not required <= len(specs) <= len(op.inputs):
        raise ConfigError(f"{op.name}: takes a --shape for each of {', '.join(op.inputs)}; {len(specs)} were given")
    return (*specs, *[None] * (0 if op.is_variadic else len(op.inputs) - len(specs)))


def _read_spec(text: str, dtype: str) -> Spec | None:
    if text == "-":
        return None
    match = re.fullmatch(r"\s*(?:([A-Za-z]\w*)\s*\[(.*)\]|(.*))\s*", text)
    assert match is not None  # the last alternative fits any text
    named, inside, plain = match.groups()
    sizes = [size.strip() for size in (plain if named is None else inside).split(",") if size.strip()]
    return Spec([_read_size(size, text) for size in sizes], named or dtype)


def _read_size(size: str, text: str) -> Size:
    if size.isdecimal():
        return int(size)
    if size == "?":
        return Dim()
    if not size.isidentifier():
        raise ConfigError(f"--shape {text!r}: {size!r} is no size; write a number, a name, or ?")
    return Dim(size)


def _read_setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigError(f"--set {text!r} has no value; write NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
