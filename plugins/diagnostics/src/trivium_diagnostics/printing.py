"""A summary for readers, and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from .overview import Line, Summary

NUMBERS = ("PARAMETERS", "FLOPS", "SEES", "EVERY", "MEMORY")


def as_text(summary: Summary) -> str:
    """The table, the sums and the advice, as wide as they are."""
    console = Console(width=10_000)
    with console.capture() as captured:
        show(summary, console)
    return "\n".join([line.rstrip() for line in captured.get().splitlines()])


def show(summary: Summary, console: Console) -> None:
    """Print it."""
    console.print(Text(f"{summary.name}: {', '.join([f'{name} {shape_text(s)}' for name, s in summary.inputs])}\n"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("LAYER", "TYPE", "OUTPUT", *NUMBERS):
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for line in summary.lines:
        table.add_row(*[Text(cell) for cell in cells(line)])
    console.print(table)
    console.print(Text("\n" + totals(summary)))
    for one in summary.advice:
        console.print(
            Text.assemble("\n", (one.places, "bold"), f": {one.what}\n  why   {one.why}\n  do    {one.remedy}")
        )


def cells(line: Line) -> list[str]:
    """A line of the table."""
    sees = [str(size) for size, _ in line.field]
    every = [f"{jump:g}" if jump else "-" for _, jump in line.field]
    return [
        line.name,
        line.kind,
        " ".join(map(shape_text, line.shapes)),
        f"{line.parameters:,}" if line.parameters else "",
        f"{line.flops:,}" if line.flops else "",
        by(sees),
        by(every),
        memory(line.activation_bytes),
    ]


def totals(summary: Summary) -> str:
    """The sums in words."""
    parameters, state = summary.total("parameters"), summary.total("state")
    kept = f" and {state:,} other numbers kept" if state else ""
    return (
        f"{parameters:,} parameters{kept}, {memory(summary.total('parameter_bytes'))}\n"
        f"{summary.total('flops'):,} FLOPs forward (a multiplication and an addition are two)\n"
        f"{memory(summary.total('activation_bytes'))} of activations; training needs gradients of them and of the "
        "parameters too"
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """(1, 3, 224, 224) -> 1x3x224x224"""
    return "x".join(map(str, shape)) or "()"


def by(texts: list[str]) -> str:
    """One text where all are the same, else all of them."""
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)


def memory(count: int) -> str:
    """Bytes in a unit that keeps the number short."""
    if count < 1024:
        return f"{count} B"
    size = count / 1024
    for unit in ("KiB", "MiB"):
        if size < 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def as_data(summary: Summary) -> dict[str, Any]:
    """The same facts for a program."""
    return {
        **attrs.asdict(summary),
        "parameters": summary.parameters,
        "flops": summary.flops,
        "activation_bytes": summary.total("activation_bytes"),
        "parameter_bytes": summary.total("parameter_bytes"),
    }
