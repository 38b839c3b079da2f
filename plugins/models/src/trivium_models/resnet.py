"""ResNet: He et al., 2015, arXiv:1512.03385; with squeeze and excitation: Hu et al., 2017, arXiv:1709.01507.

Names, strides (in the first convolution of a block) and pooling are those of the authors' own Caffe files.
"""

from string import ascii_lowercase
from typing import Any

from attrs import frozen

from .blocks import dense, pool
from .table import Row, Table, TableError, loss, row

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
FIRST_BOTTLENECK = 50  # from this depth on, 3x3 convolutions work on a quarter of the channels
SQUEEZE = 16  # channels for each one between squeeze and excitation


def resnet(depth: int, classes: int = 1000, size: int = 224, squeeze: int = 0) -> Table:
    """The network of this many layers with weights.

    size:    height and width of the images, a multiple of 32
    squeeze: channels for each unit that decides how much the channels count (SE-ResNet: 16); 0 for none
    """
    if size % 32:
        raise TableError(f"ResNet-{depth}: size {size} is no multiple of 32; each of five steps halves the plane")
    rows = [
        *normalized("conv1", "bn_conv1", filters=64, kernel=7, stride=2, padding=3),
        row("conv1_relu", "Relu"),
        pool("pool1", kernel=3, stride=2),
    ]
    for stage, count in enumerate(BLOCKS[depth], 2):
        for i in range(count):
            rows += Block(
                name=f"{stage}{block_name(i, numbered=depth > 100 and count > 3)}",
                channels=64 << (stage - 2),
                is_first=i == 0,
                stride=2 if stage > 2 and i == 0 else 1,
                is_bottleneck=depth >= FIRST_BOTTLENECK,
                plane=size >> stage,
                squeeze=squeeze,
            ).rows(source=rows[-1].name)
    return Table(
        f"{'SE-' if squeeze else ''}ResNet-{depth}",
        image=(3, size, size),
        scores=f"fc{classes}",
        start={"weight_initializer": "msra"},
        rows=[
            *rows,
            row("pool5", "AveragePool", kernel=size // 32, stride=1, rounding="ceil_any"),
            dense(f"fc{classes}", classes),
            loss("loss", f"fc{classes}"),
        ],
    )


def block_name(index: int, numbered: bool) -> str:
    """a, b, c; in the long stages of the deepest networks a, b1, b2."""
    return f"b{index}" if numbered and index else ascii_lowercase[index]


def normalized(name: str, norm: str, *inputs: str, **settings: Any) -> list[Row]:
    """A convolution and its batch norm, which takes the bias's place."""
    return [row(name, "Convolution", *inputs, has_bias=False, **settings), row(norm, "BatchNorm", name)]


@frozen
class Block:
    """What is added to the values that pass by.

    channels: inside; a bottleneck gives four times as many
    plane:    height and width of what it gives
    """

    name: str
    channels: int
    is_first: bool
    stride: int
    is_bottleneck: bool
    plane: int
    squeeze: int

    @property
    def width(self) -> int:
        """The channels that it gives."""
        return self.channels * 4 if self.is_bottleneck else self.channels

    def rows(self, source: str) -> list[Row]:
        """Shortcut, branch, sum and rectifier."""
        shortcut = self.shortcut(source)
        branch = self.branch(source)
        if self.squeeze:
            branch += self.excited(branch[-1].name)
        passing = shortcut[-1].name if shortcut else source
        name = f"res{self.name}"
        return [
            *shortcut,
            *branch,
            row(name, "add", passing, branch[-1].name),
            row(f"{name}_relu", "Relu"),
        ]

    def shortcut(self, source: str) -> list[Row]:
        """The values that pass by, in a new shape where the branch gives one; else as they are."""
        if self.stride == 1 and not (self.is_first and self.is_bottleneck):
            return []
        return self.convolution("1", source, filters=self.width, kernel=1, stride=self.stride)

    def branch(self, source: str) -> list[Row]:
        """Two 3x3 convolutions, or 1x1, 3x3 and 1x1."""
        inside = {"filters": self.channels}
        three = {"kernel": 3, "padding": 1}
        if not self.is_bottleneck:
            return [
                *self.convolution("2a", source, **inside, **three, stride=self.stride),
                self.relu("2a"),
                *self.convolution("2b", **inside, **three),
            ]
        return [
            *self.convolution("2a", source, **inside, kernel=1, stride=self.stride),
            self.relu("2a"),
            *self.convolution("2b", **inside, **three),
            self.relu("2b"),
            *self.convolution("2c", filters=self.width, kernel=1),
        ]

    def convolution(self, branch: str, *inputs: str, **settings: Any) -> list[Row]:
        """A convolution of this block and its batch norm."""
        at = f"{self.name}_branch{branch}"
        return normalized(f"res{at}", f"bn{at}", *inputs, **settings)

    def relu(self, branch: str) -> Row:
        """The rectifier after one of the branch's convolutions."""
        return row(f"res{self.name}_branch{branch}_relu", "Relu")

    def excited(self, source: str) -> list[Row]:
        """The branch with each channel as strong as the means of all channels say."""
        at = f"se{self.name}"
        return [
            row(f"{at}_pool", "AveragePool", source, kernel=self.plane, stride=1, rounding="ceil_any"),
            row(f"{at}_reduce", "Convolution", filters=self.width // self.squeeze, kernel=1),
            row(f"{at}_relu", "Relu"),
            row(f"{at}_expand", "Convolution", filters=self.width, kernel=1),
            row(f"{at}_gate", "Sigmoid"),
            row(f"{at}_scaled", "multiply", source, f"{at}_gate"),
        ]


def resnet18(classes: int = 1000, size: int = 224) -> Table:
    """11,689,512 parameters for 1000 classes."""
    return resnet(18, classes, size)


def resnet34(classes: int = 1000, size: int = 224) -> Table:
    """21,797,672 parameters for 1000 classes."""
    return resnet(34, classes, size)


def resnet50(classes: int = 1000, size: int = 224) -> Table:
    """25,557,032 parameters for 1000 classes."""
    return resnet(50, classes, size)


def resnet101(classes: int = 1000, size: int = 224) -> Table:
    """44,549,160 parameters for 1000 classes."""
    return resnet(101, classes, size)


def se_resnet18(classes: int = 1000, size: int = 224) -> Table:
    """11,778,592 parameters for 1000 classes: 2 c c/16 + c + c/16 more for each block of c channels."""
    return resnet(18, classes, size, SQUEEZE)


def se_resnet50(classes: int = 1000, size: int = 224) -> Table:
    """28,088,024 parameters for 1000 classes: 2 c c/16 + c + c/16 more for each block of c channels."""
    return resnet(50, classes, size, SQUEEZE)
