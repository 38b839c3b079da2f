"""IdxData: images and labels from idx files, in order or shuffled anew for each epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.randomness import Stream, current_seed
from trivium_api_prototxt.data.source import Source
from trivium_api_prototxt.data.transform import Transform
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.idx import find_data, read_idx, read_images_and_labels

_STREAM = (1 << 30) + 1  # numbered apart from the streams of layers and of weights


class IdxData(Source):
    """Batches from one endless sequence: epoch after epoch.  Which records are next follows from `position` and
    `seed` alone, so a run that is resumed reads what it would have read.

    images:   (items, channels, height, width)
    labels:   (items,), or None
    position: records read so far
    """

    def __init__(
        self, images: Any, labels: Any, batch: int, *, shuffle: bool = False, transform: Transform | None = None
    ) -> None:
        self.images, self.labels, self.batch, self.shuffle = images, labels, batch, shuffle
        self.transform = transform or Transform()
        self.seed = current_seed()
        self.position = 0
        self.shapes = [(batch, *self.transform.shape(images.shape[1:]))]
        if labels is not None:
            self.shapes.append((batch,))
        self._order: tuple[Any, Any] = (None, None)

    @classmethod
    def open(cls, message: Any, *, prototxt: str, transform: Transform, has_labels: bool) -> IdxData:
        """The source that an IdxData layer of a file describes."""
        param = message.idx_data_param
        images = find_data(param.images, prototxt)
        if has_labels:
            pixels, labels = read_images_and_labels(images, find_data(param.labels, prototxt))
        else:
            pixels, labels = read_idx(images), None
        where = f"{images}"
        if len(pixels) == 0:
            raise PrototxtError(f"{where}: holds no images: name a file with some")
        if pixels.ndim not in (3, 4):
            raise PrototxtError(
                f"{where}: images are (items, height, width) or (items, channels, height, width), not {pixels.shape}"
            )
        if pixels.ndim == 3:
            pixels = pixels[:, None]
        channels, height, width = pixels.shape[1:]
        if transform.crop > min(height, width):
            raise PrototxtError(f"{where}: crop_size {transform.crop} is larger than its images, {height} x {width}")
        if transform.mean is not None:
            mean = transform.mean.shape
            if mean[0] not in (1, channels) or mean[1:] not in ((1, 1), (height, width)):
                raise PrototxtError(f"{where}: mean {mean} does not fit images {(channels, height, width)}")
        return cls(pixels, labels, param.batch_size, shuffle=param.shuffle, transform=transform)

    @property
    def seed(self) -> int:
        """What the order, the crops and the mirrors follow from."""
        return self._seed

    @seed.setter
    def seed(self, value: int) -> None:
        self._seed = self.transform.seed = value
        self._order = (None, None)

    def next(self) -> list[Any]:
        """The next batch."""
        records = np.arange(self.position, self.position + self.batch)
        self.position += self.batch
        items = self.items_of(records)
        batch = [self.transform(self.images[items], records)]
        if self.labels is not None:
            batch.append(self.labels[items].astype(np.float32))
        return batch

    def items_of(self, records: Any) -> Any:
        """Which item of the files each record is."""
        count = len(self.images)
        if not self.shuffle:
            return records % count
        return np.array([self._epoch(int(record) // count)[int(record) % count] for record in records])

    def _epoch(self, number: int) -> Any:
        """The order of an epoch."""
        if self._order[0] != number:
            stream = Stream(seed=self._seed, number=_STREAM)
            stream.state[1] = np.uint64(number) << np.uint64(32)
            self._order = number, stream.permutation(len(self.images))
        return self._order[1]
