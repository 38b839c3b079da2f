"""transform_param: mean, scale, crop and mirror."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define

from trivium.randomness import Stream

_STREAM = 1 << 30  # numbered apart from the streams of layers and of weights


@define
class Transform:
    """(pixel - mean) * scale of a crop, which may be mirrored; crop and mirror of a record depend on its number alone.

    mean:        (channels, 1, 1) or (channels, height, width)
    crop:        side of a square, 0 for none; at random where it trains, else the middle
    is_mirrored: whether half of the records are flipped left to right
    """

    scale: float = 1.0
    mean: Any = None
    crop: int = 0
    is_mirrored: bool = False
    is_training: bool = False
    seed: int = 0

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """(channels, height, width) of what comes out."""
        return (*shape[:-2], self.crop, self.crop) if self.crop else shape

    def __call__(self, images: np.ndarray[Any, Any], records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """
        images:  (batch, channels, height, width)
        records: (batch,) the number of each since training began
        return:  float32 (batch, channels, height, width)
        """
        out = images.astype(np.float32)
        if self.mean is not None:
            out -= self.mean
        if self.crop:
            out = self._cropped(out, records)
        if self.is_mirrored:
            is_flipped = self._drawn(records)[:, 2] & np.uint32(1) == 1
            out[is_flipped] = out[is_flipped, :, :, ::-1]
        if self.scale != 1.0:
            out *= np.float32(self.scale)
        return out

    def _cropped(self, images: np.ndarray[Any, Any], records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        spare = np.array(images.shape[2:]) - self.crop
        if self.is_training:
            starts = self._drawn(records)[:, :2].astype(np.int64) % (spare + 1)
        else:
            starts = np.broadcast_to(spare // 2, (len(images), 2))
        parts = [image[:, y : y + self.crop, x : x + self.crop] for image, (y, x) in zip(images, starts)]
        return np.stack(parts)

    def _drawn(self, records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Four random words for each record."""
        words = []
        for record in records:
            stream = Stream(seed=self.seed, number=_STREAM)
            stream.state[1] = record
            words.append(stream.bits((4,)))
        return np.stack(words)
