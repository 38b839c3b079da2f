"""Borders."""

from trivium import ops

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input, pad, mode="constant", value=None):
    """A border: (before, after) of the last axis, then of the one before it, and so on; negative ones cut.

    mode: "constant", "reflect" (a mirror at the last element), "replicate" (the last element), "circular"
    """
    if mode not in MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}; there are {', '.join(MODES)}")
    if len(pad) % 2:
        raise ValueError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.spec.ndim:
        raise ValueError(
            f"Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.spec.ndim}"
        )
    if mode != "constant" and value:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    widths = ((0, 0),) * (input.spec.ndim - len(pairs)) + tuple(pairs[::-1])
    return ops.extend(input, widths=widths, mode=MODES[mode], value=0.0 if value is None else value)
