"""VGG: Simonyan & Zisserman, 2014, arXiv:1409.1556.  Nothing but 3x3 convolutions, twice as many after each pool.

Weights begin as He et al. (2015) draw them: the deep ones do not start from the paper's own without pretraining.
"""

from .alexnet import dropped_dense
from .blocks import dense, pool, rectified
from .table import Table, loss

FILTERS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {  # before each of the five pools
    11: (1, 1, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(depth: int, classes: int = 1000, size: int = 224) -> Table:
    """The network of this many layers with weights.

    size: height and width of the images
    """
    convolutions = []
    for stage, (filters, count) in enumerate(zip(FILTERS, CONVOLUTIONS[depth]), 1):
        for i in range(1, count + 1):
            name = f"{stage}_{i}"
            convolutions += rectified(f"conv{name}", f"relu{name}", filters=filters, kernel=3, padding=1)
        convolutions.append(pool(f"pool{stage}", kernel=2, stride=2))
    return Table(
        f"VGG-{depth}",
        image=(3, size, size),
        scores="fc8",
        start={"weight_initializer": "msra"},
        rows=[*convolutions, *dropped_dense(6), *dropped_dense(7), dense("fc8", classes), loss("loss", "fc8")],
    )


def vgg11(classes: int = 1000, size: int = 224) -> Table:
    """132,863,336 parameters for 1000 classes."""
    return vgg(11, classes, size)


def vgg16(classes: int = 1000, size: int = 224) -> Table:
    """138,357,544 parameters for 1000 classes."""
    return vgg(16, classes, size)


def vgg19(classes: int = 1000, size: int = 224) -> Table:
    """143,667,240 parameters for 1000 classes."""
    return vgg(19, classes, size)
