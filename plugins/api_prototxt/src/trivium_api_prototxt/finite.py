"""Numbers that no setting can mean: nan and the infinities."""

from __future__ import annotations

from math import isfinite
from typing import Any

from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.places import Place


def check_finite(message: Any, place: Place, title: str = "") -> None:
    """Raise PrototxtError for the first field, at any depth, that is nan or infinite.

    title: what the message is, for the error
    """
    for field, value in message.ListFields():
        if field.name == "blobs":  # weights: checked where they are read
            continue
        for index, each in enumerate(value if field.is_repeated else [value]):
            if field.message_type is not None:
                check_finite(each, place.at(field.name, index), title)
            elif isinstance(each, float) and not isfinite(each):
                where = f"{place.at(field.name, index)}: {title}"
                raise PrototxtError(f"{where}{': ' * bool(title)}{field.name} is {each:g}: give a finite number")
