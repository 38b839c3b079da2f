"""Caffe's messages as protobuf classes, built from `messages.proto` when this module is imported.

The classes live in a descriptor pool of their own, so that another package's `caffe_pb2` in the same
process clashes with nothing.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from trivium.errors import did_you_mean
from trivium_api_prototxt.errors import PrototxtError

_FIELD = descriptor_pb2.FieldDescriptorProto
_LABELS = {
    "optional": _FIELD.LABEL_OPTIONAL,
    "required": _FIELD.LABEL_REQUIRED,
    "repeated": _FIELD.LABEL_REPEATED,
}
_SCALARS = {
    "bool": _FIELD.TYPE_BOOL,
    "bytes": _FIELD.TYPE_BYTES,
    "double": _FIELD.TYPE_DOUBLE,
    "float": _FIELD.TYPE_FLOAT,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "string": _FIELD.TYPE_STRING,
    "uint32": _FIELD.TYPE_UINT32,
    "uint64": _FIELD.TYPE_UINT64,
}
_DECLARATION = re.compile(
    r"""\s*(?:
        (?P<block>message|enum)\s(?P<block_name>\w+)\s\{
      | (?P<label>optional|required|repeated)\s(?P<type>\w+)\s(?P<field>\w+)\s=\s(?P<number>\d+)
            (?:\s\[(?P<options>.*)\])?;
      | (?P<value>\w+)\s=\s(?P<value_number>-?\d+);
      | (?P<end>\})
      | (?:syntax|package)\s.*;
    )?\s*(?://.*)?$""",
    re.VERBOSE,
)
_OPTION = re.compile(r'(\w+) = (?:"([^"]*)"|([^,\s]+))')


def read_schema(text: str) -> descriptor_pb2.FileDescriptorProto:
    """The description of every message and enum that a `.proto` text declares, one declaration a line."""
    file = descriptor_pb2.FileDescriptorProto(
        name="trivium_api_prototxt/messages.proto", package="caffe", syntax="proto2"
    )
    open_blocks: list[Any] = [file]
    for number, line in enumerate(text.splitlines(), 1):
        part = _DECLARATION.match(line)
        assert part, f"messages.proto:{number}: not a declaration: {line!r}"
        block = open_blocks[-1]
        if part["block"]:
            siblings = block.enum_type if part["block"] == "enum" else _messages_of(block)
            open_blocks.append(siblings.add(name=part["block_name"]))
        elif part["label"]:
            field = block.field.add(name=part["field"], number=int(part["number"]), label=_LABELS[part["label"]])
            if part["type"] in _SCALARS:
                field.type = _SCALARS[part["type"]]
            else:
                field.type_name = part["type"]  # the pool finds out whether it is a message or an enum
            for option, quoted, plain in _OPTION.findall(part["options"] or ""):
                if option == "packed":
                    field.options.packed = plain == "true"
                else:
                    field.default_value = quoted or plain
        elif part["value"]:
            block.value.add(name=part["value"], number=int(part["value_number"]))
        elif part["end"]:
            open_blocks.pop()
    return file


def _messages_of(block: Any) -> Any:
    is_file = isinstance(block, descriptor_pb2.FileDescriptorProto)
    return block.message_type if is_file else block.nested_type


def build_classes(schema: descriptor_pb2.FileDescriptorProto) -> dict[str, type[Message]]:
    """Every message class of the schema by its short name."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(schema)
    file = pool.FindFileByName(schema.name)
    return {
        name: message_factory.GetMessageClass(descriptor) for name, descriptor in file.message_types_by_name.items()
    }


CLASSES = build_classes(read_schema(files(__package__).joinpath("messages.proto").read_text("utf-8")))


def message_class(name: str) -> Any:
    """The class of the message called `name`."""
    if name not in CLASSES:
        raise PrototxtError(f"no message is called '{name}'{did_you_mean(name, CLASSES)}")
    return CLASSES[name]


TRAIN, TEST = 0, 1  # Phase

# Any: the runtime makes these classes, so no checker can know their fields.
BlobProto: Any = CLASSES["BlobProto"]
BlobProtoVector: Any = CLASSES["BlobProtoVector"]
BlobShape: Any = CLASSES["BlobShape"]
DataPosition: Any = CLASSES["DataPosition"]
Datum: Any = CLASSES["Datum"]
FillerParameter: Any = CLASSES["FillerParameter"]
IdxDataParameter: Any = CLASSES["IdxDataParameter"]
LayerParameter: Any = CLASSES["LayerParameter"]
NetParameter: Any = CLASSES["NetParameter"]
NetState: Any = CLASSES["NetState"]
NetStateRule: Any = CLASSES["NetStateRule"]
PackedBlob: Any = CLASSES["PackedBlob"]
ParamSpec: Any = CLASSES["ParamSpec"]
RandomState: Any = CLASSES["RandomState"]
SolverParameter: Any = CLASSES["SolverParameter"]
SolverState: Any = CLASSES["SolverState"]
TransformationParameter: Any = CLASSES["TransformationParameter"]
V0LayerParameter: Any = CLASSES["V0LayerParameter"]
V1LayerParameter: Any = CLASSES["V1LayerParameter"]
