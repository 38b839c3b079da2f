"""The sizes of a window in Caffe's three spellings: `kernel_size: 3`, twice, or `kernel_h` and `kernel_w`."""

from __future__ import annotations

from typing import Any

from trivium_api_prototxt.vocabulary.layer_type import Declared


def per_axis(declared: Declared, at: str, name: str, ndim: int, default: int | None = None) -> tuple[int, ...]:
    """A size for each spatial axis.

    at:   the parameter message, such as "convolution_param"
    name: "kernel", "stride", "pad" or "dilation"
    """
    param = getattr(declared.message, at)
    whole = "kernel_size" if name == "kernel" else name
    listed = _listed(param, whole)
    halves = [f"{name}_h", f"{name}_w"] if hasattr(param, f"{name}_h") else []
    given = [half for half in halves if param.HasField(half)]
    least = 0 if name == "pad" else 1
    if given:
        if listed:
            raise declared.error(f"{whole} and {given[0]} both given: keep one", at, given[0])
        if ndim != 2:
            raise declared.error(f"{given[0]} is for 2 spatial axes, there are {ndim}: use {whole}", at, given[0])
        if len(given) == 1 and name != "pad":
            other = halves[1 - halves.index(given[0])]
            raise declared.error(f"{given[0]} without {other}: give both, or {whole}", at, given[0])
        sizes = tuple(getattr(param, half) for half in halves)
    elif listed:
        if len(listed) not in (1, ndim):
            raise declared.error(f"{len(listed)} {whole} for {ndim} spatial axes: give 1 or {ndim}", at, whole)
        sizes = tuple(listed) * (ndim if len(listed) == 1 else 1)
    elif default is not None:
        sizes = (default,) * ndim
    else:
        raise declared.error(f"{whole} is missing", at)
    if min(sizes) < least:
        raise declared.error(f"{whole} is {min(sizes)}: it must be at least {least}", at, whole)
    return sizes


def _listed(param: Any, name: str) -> list[int]:
    if param.DESCRIPTOR.fields_by_name[name].is_repeated:
        return list(getattr(param, name))
    return [getattr(param, name)] if param.HasField(name) else []
