"""LeNet, as Caffe trains it on MNIST: LeCun et al., 1998, with maxima for its pools and one rectifier."""

from .blocks import dense, pool
from .table import Table, loss, row


def lenet(classes: int = 10) -> Table:
    """431,080 parameters for 10 classes."""
    return Table(
        "LeNet",
        image=(1, 28, 28),
        scores="ip2",
        start={"weight_initializer": "xavier"},
        rows=[
            row("conv1", "Convolution", filters=20, kernel=5),
            pool("pool1", kernel=2, stride=2),
            row("conv2", "Convolution", filters=50, kernel=5),
            pool("pool2", kernel=2, stride=2),
            dense("ip1", 500),
            row("relu1", "Relu"),
            dense("ip2", classes),
            loss("loss", "ip2"),
        ],
    )
