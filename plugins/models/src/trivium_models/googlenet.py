"""GoogLeNet: Szegedy et al., 2014, arXiv:1409.4842, under the names that Caffe's users know.

Two auxiliary classifiers, in the middle, help training to reach the lower layers; each counts three tenths.
"""

from trivium.initializer import Constant

from .blocks import dense, pool, rectified
from .table import Row, Table, loss, row

# name: 1x1, (reduced, 3x3), (reduced, 5x5), projected pool
INCEPTIONS = {
    "3a": (64, (96, 128), (16, 32), 32),
    "3b": (128, (128, 192), (32, 96), 64),
    "4a": (192, (96, 208), (16, 48), 64),
    "4b": (160, (112, 224), (24, 64), 64),
    "4c": (128, (128, 256), (24, 64), 64),
    "4d": (112, (144, 288), (32, 64), 64),
    "4e": (256, (160, 320), (32, 128), 128),
    "5a": (256, (160, 320), (32, 128), 128),
    "5b": (384, (192, 384), (48, 128), 128),
}


def googlenet(classes: int = 1000, size: int = 224) -> Table:
    """13,378,280 parameters for 1000 classes, of which 6,998,552 are needed once it is trained.

    size: height and width of the images, a multiple of 32, 64 or more
    """
    return Table(
        "GoogLeNet",
        image=(3, size, size),
        scores="loss3/classifier",
        start={"weight_initializer": "xavier", "bias_initializer": Constant(0.2)},
        rows=[
            *rectified("conv1/7x7_s2", "conv1/relu_7x7", filters=64, kernel=7, stride=2, padding=3),
            pool("pool1/3x3_s2", kernel=3, stride=2),
            row("pool1/norm1", "LocalResponseNorm", size=5, alpha=1e-4, beta=0.75),
            *rectified("conv2/3x3_reduce", "conv2/relu_3x3_reduce", filters=64, kernel=1),
            *rectified("conv2/3x3", "conv2/relu_3x3", filters=192, kernel=3, padding=1),
            row("conv2/norm2", "LocalResponseNorm", size=5, alpha=1e-4, beta=0.75),
            pool("pool2/3x3_s2", kernel=3, stride=2),
            *inception("3a", "pool2/3x3_s2"),
            *inception("3b", "inception_3a/output"),
            pool("pool3/3x3_s2", kernel=3, stride=2),
            *inception("4a", "pool3/3x3_s2"),
            *auxiliary("loss1", "inception_4a/output", classes, plane=size // 16),
            *inception("4b", "inception_4a/output"),
            *inception("4c", "inception_4b/output"),
            *inception("4d", "inception_4c/output"),
            *auxiliary("loss2", "inception_4d/output", classes, plane=size // 16),
            *inception("4e", "inception_4d/output"),
            pool("pool4/3x3_s2", kernel=3, stride=2),
            *inception("5a", "pool4/3x3_s2"),
            *inception("5b", "inception_5a/output"),
            row("pool5/7x7_s1", "AveragePool", kernel=size // 32, stride=1, rounding="ceil_any"),
            row("pool5/drop_7x7_s1", "Dropout", rate=0.4),
            dense("loss3/classifier", classes, bias_initializer="zeros"),
            loss("loss3/loss3", "loss3/classifier"),
        ],
    )


def inception(number: str, source: str) -> list[Row]:
    """Four looks at the same values, side by side: 1x1, 3x3, 5x5, and the largest around each place."""
    ones, (few, threes), (fewer, fives), projected = INCEPTIONS[number]
    at = f"inception_{number}"
    return [
        *rectified(f"{at}/1x1", f"{at}/relu_1x1", source, filters=ones, kernel=1),
        *rectified(f"{at}/3x3_reduce", f"{at}/relu_3x3_reduce", source, filters=few, kernel=1),
        *rectified(f"{at}/3x3", f"{at}/relu_3x3", filters=threes, kernel=3, padding=1),
        *rectified(f"{at}/5x5_reduce", f"{at}/relu_5x5_reduce", source, filters=fewer, kernel=1),
        *rectified(f"{at}/5x5", f"{at}/relu_5x5", filters=fives, kernel=5, padding=2),
        pool(f"{at}/pool", source, kernel=3, stride=1, padding=1),
        *rectified(f"{at}/pool_proj", f"{at}/relu_pool_proj", filters=projected, kernel=1),
        row(
            f"{at}/output", "concatenate", *[f"{at}/relu_{branch}" for branch in ("1x1", "3x3", "5x5", "pool_proj")],
            axis=1,
        ),
    ]  # fmt: skip


def auxiliary(name: str, source: str, classes: int, plane: int) -> list[Row]:
    """A classifier on values from the middle of the network.

    plane: their height and width; windows are no larger
    """
    return [
        row(f"{name}/ave_pool", "AveragePool", source, kernel=min(5, plane), stride=3, rounding="ceil_any"),
        *rectified(f"{name}/conv", f"{name}/relu_conv", filters=128, kernel=1),
        dense(f"{name}/fc", 1024),
        row(f"{name}/relu_fc", "Relu"),
        row(f"{name}/drop_fc", "Dropout", rate=0.7),
        dense(f"{name}/classifier", classes, bias_initializer="zeros"),
        loss(f"{name}/loss", f"{name}/classifier", weight=0.3),
    ]
