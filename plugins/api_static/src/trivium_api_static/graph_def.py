"""What a saved graph says: descriptions of operations as plain records, printed as text messages."""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

__all__ = ["GraphDef", "NodeDef"]

STATEFUL = (
    "VariableV2",
    "Assign",
    "AssignAdd",
    "AssignSub",
    "RandomUniform",
    "RandomStandardNormal",
    "PyFunc",
    "Print",
)


@frozen
class NodeDef:
    """An operation: its name and type, the names of its inputs, the device that it asks for, its settings."""

    name: str
    op: str
    input: tuple[str, ...]
    device: str
    attr: dict[str, Any]

    def __str__(self) -> str:
        lines = [f'name: "{self.name}"', f'op: "{self.op}"', *[f'input: "{name}"' for name in self.input]]
        if self.device:
            lines.append(f'device: "{self.device}"')
        for key, value in sorted(self.attr.items()):
            lines += ["attr {", f'  key: "{key}"', f"  value: {value}", "}"]
        return "\n".join(lines) + "\n"


@frozen
class ArgDef:
    """An input or output of an operation."""

    name: str
    type: Any


@frozen
class OpDef:
    """A type of operation."""

    name: str
    input_arg: tuple[ArgDef, ...]
    output_arg: tuple[ArgDef, ...]
    attr: tuple[str, ...]
    is_stateful: bool


@frozen
class VersionDef:
    """Which form of description a graph has."""

    producer: int = 27
    min_consumer: int = 0


@define
class GraphDef:
    """A graph: the descriptions of its operations, in the order in which they were made."""

    node: list[NodeDef] = field(factory=list)
    versions: VersionDef = field(factory=VersionDef)

    def __str__(self) -> str:
        inner = ["node {\n" + "".join([f"  {line}\n" for line in str(node).splitlines()]) + "}\n" for node in self.node]
        return "".join(inner) + f"versions {{\n  producer: {self.versions.producer}\n}}\n"

    def __len__(self) -> int:
        return len(self.node)

    def __iter__(self) -> Any:
        return iter(self.node)
