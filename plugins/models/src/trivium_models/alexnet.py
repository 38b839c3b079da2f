"""AlexNet: Krizhevsky et al., 2012, in the form that Caffe trains, split into groups as the two GPUs were."""

from trivium.initializer import Constant, Normal

from .blocks import dense, pool, rectified
from .table import Row, Table, loss, row

ONE_TENTH = Constant(0.1)


def alexnet(classes: int = 1000) -> Table:
    """60,965,224 parameters for 1000 classes, of which 58,631,144 are in the three dense layers."""
    return Table(
        "AlexNet",
        image=(3, 227, 227),
        scores="fc8",
        start={"weight_initializer": Normal(0.0, 0.01)},
        rows=[
            *rectified("conv1", "relu1", filters=96, kernel=11, stride=4),
            row("norm1", "LocalResponseNorm", size=5, alpha=1e-4, beta=0.75),
            pool("pool1", kernel=3, stride=2),
            *rectified("conv2", "relu2", filters=256, kernel=5, padding=2, groups=2, bias_initializer=ONE_TENTH),
            row("norm2", "LocalResponseNorm", size=5, alpha=1e-4, beta=0.75),
            pool("pool2", kernel=3, stride=2),
            *rectified("conv3", "relu3", filters=384, kernel=3, padding=1),
            *rectified("conv4", "relu4", filters=384, kernel=3, padding=1, groups=2, bias_initializer=ONE_TENTH),
            *rectified("conv5", "relu5", filters=256, kernel=3, padding=1, groups=2, bias_initializer=ONE_TENTH),
            pool("pool5", kernel=3, stride=2),
            *dropped_dense(6, weight_initializer=Normal(0.0, 0.005), bias_initializer=ONE_TENTH),
            *dropped_dense(7, weight_initializer=Normal(0.0, 0.005), bias_initializer=ONE_TENTH),
            dense("fc8", classes),
            loss("loss", "fc8"),
        ],
    )


def dropped_dense(number: int, **settings) -> list[Row]:
    """4096 units, of which training drops one half."""
    return [
        dense(f"fc{number}", 4096, **settings),
        row(f"relu{number}", "Relu"),
        row(f"drop{number}", "Dropout", rate=0.5),
    ]
