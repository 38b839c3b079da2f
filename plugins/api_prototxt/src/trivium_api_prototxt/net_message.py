"""Nets as files: the text that describes one, and the trained weights of one."""

from __future__ import annotations

import os
from typing import Any

from trivium_api_prototxt.draft import Draft
from trivium_api_prototxt.errors import ModelFileError
from trivium_api_prototxt.files import read_message
from trivium_api_prototxt.messages import NetParameter
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.text import parse_text, read_text
from trivium_api_prototxt.upgrade import upgrade_net


def read_net(path: str | os.PathLike[str]) -> Draft:
    """The net in a prototxt file of any age, not yet filtered for a phase."""
    document = read_text(path, NetParameter)
    return upgrade_net(document.message, document.place)


def parse_net(text: str, path: str = "<text>") -> Draft:
    """The net in a string; `path` is what errors call it."""
    document = parse_text(text, NetParameter, path)
    return upgrade_net(document.message, document.place)


def read_weights(path: str | os.PathLike[str]) -> Any:
    """The NetParameter in a `.caffemodel` of any age: layers by name, each with its blobs."""
    net = read_message(path, NetParameter)
    if not net.layer and not net.layers:
        raise ModelFileError(f"{os.fspath(path)}: no layers in it: not a .caffemodel")
    return upgrade_net(net, Place(os.fspath(path))).net
