"""Pickles as plain data: an interpreter of the format that makes containers, and calls only what it is handed.

Python's own would look any name up and call it, and believes what a file says about its sizes.
"""

import pickletools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from attrs import frozen

from .errors import FileFormatError

MARK = object()


@frozen
class Name:
    """What a file may name: called with arguments from the file, or a thing that stands for itself.

    function: None where it cannot be called
    """

    thing: Any
    function: Callable[..., Any] | None = None


class PlainPickle:
    """Reads one pickle from a file, up to its end and no further.

    find:    (module, name) -> Name, or an error
    persist: what a persistent id stands for
    """

    def __init__(self, file: Any, find: Callable[[str, str], Name], persist: Callable[[Any], Any]) -> None:
        self.file, self.find, self.persist = file, find, persist
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The data."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the strings of a damaged file
            for opcode, argument, _ in pickletools.genops(self.file):
                if opcode.name == "STOP":
                    break
                action = ACTIONS.get(opcode.name)
                if action is None:
                    raise FileFormatError(f"it holds {opcode.name}, an opcode that tensors and plain data do without")
                action(self, argument)
        (result,) = self.stack
        return result.thing if isinstance(result, Name) else result

    def push(self, value: Any) -> None:
        """Let a value be what comes next."""
        self.stack.append(value)

    def pop(self) -> Any:
        """What came last; a name that is no function as what it stands for."""
        value = self.stack.pop()
        return value.thing if isinstance(value, Name) and value.function is None else value

    def marked(self) -> list[Any]:
        """What came since the last mark."""
        items: list[Any] = []
        while self.stack[-1] is not MARK:
            items.append(self.pop())
        self.stack.pop()
        return items[::-1]

    # -- opcodes that do more than push ----------------------------------------------------------

    def set_items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise FileFormatError(f"it sets items of a {type(target).__name__}")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise FileFormatError(f"it appends to a {type(target).__name__}")
        target.extend(items)

    def add(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            raise FileFormatError(f"it adds to a {type(target).__name__}")
        target.update(items)

    def reduce(self) -> None:
        arguments, name = self.pop(), self.pop()
        self.push(called(name, *arguments))

    def build(self) -> None:
        """Attributes of objects are left out, but for the versions that a state dict carries."""
        state, target = self.pop(), self.stack[-1]
        if type(target) is OrderedDict and isinstance(state, dict) and "_metadata" in state:
            target._metadata = state["_metadata"]  # type: ignore[attr-defined]

    def group(self, count: int) -> None:
        items = [self.pop() for _ in range(count)]
        self.push(tuple(items[::-1]))

    def two(self) -> list[Any]:
        last = self.pop()
        return [self.pop(), last]


def called(name: Any, *arguments: Any) -> Any:
    """The result of a function that the file may name."""
    if not isinstance(name, Name) or name.function is None:
        raise FileFormatError(f"it calls a {type(name).__name__}, which is no function")
    return name.function(*arguments)


Action = Callable[[PlainPickle, Any], None]


def pushing(make: Callable[[Any], Any]) -> Action:
    return lambda reader, argument: reader.push(make(argument))


VALUES = (
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8",
)  # fmt: skip

ACTIONS: dict[str, Action] = {
    **dict.fromkeys(VALUES, pushing(lambda value: value)),
    **dict.fromkeys(("PROTO", "FRAME"), lambda reader, argument: None),
    "NONE": pushing(lambda _: None),
    "NEWTRUE": pushing(lambda _: True),
    "NEWFALSE": pushing(lambda _: False),
    "MARK": pushing(lambda _: MARK),
    "EMPTY_LIST": pushing(lambda _: []),
    "EMPTY_DICT": pushing(lambda _: {}),
    "EMPTY_TUPLE": pushing(lambda _: ()),
    "EMPTY_SET": pushing(lambda _: set()),
    "LIST": lambda reader, _: reader.push(reader.marked()),
    "TUPLE": lambda reader, _: reader.push(tuple(reader.marked())),
    "FROZENSET": lambda reader, _: reader.push(frozenset(reader.marked())),
    "TUPLE1": lambda reader, _: reader.group(1),
    "TUPLE2": lambda reader, _: reader.group(2),
    "TUPLE3": lambda reader, _: reader.group(3),
    "SETITEM": lambda reader, _: reader.set_items(reader.two()),
    "SETITEMS": lambda reader, _: reader.set_items(reader.marked()),
    "APPEND": lambda reader, _: reader.append([reader.pop()]),
    "APPENDS": lambda reader, _: reader.append(reader.marked()),
    "ADDITEMS": lambda reader, _: reader.add(reader.marked()),
    "POP": lambda reader, _: reader.stack.pop() and None,
    "POP_MARK": lambda reader, _: reader.marked() and None,
    "DUP": lambda reader, _: reader.push(reader.stack[-1]),
    "PUT": lambda reader, at: reader.memo.__setitem__(at, reader.stack[-1]),
    "MEMOIZE": lambda reader, _: reader.memo.__setitem__(len(reader.memo), reader.stack[-1]),
    "GET": lambda reader, at: reader.push(reader.memo[at]),
    "GLOBAL": lambda reader, name: reader.push(reader.find(*name.split(" ", 1))),
    "STACK_GLOBAL": lambda reader, _: reader.push(reader.find(*map(str, reader.two()))),
    "REDUCE": lambda reader, _: reader.reduce(),
    "BUILD": lambda reader, _: reader.build(),
    "BINPERSID": lambda reader, _: reader.push(reader.persist(reader.pop())),
}
for _alias, _name in (("BINPUT", "PUT"), ("LONG_BINPUT", "PUT"), ("BINGET", "GET"), ("LONG_BINGET", "GET")):
    ACTIONS[_alias] = ACTIONS[_name]
ACTIONS["NEWOBJ"] = ACTIONS["REDUCE"]
