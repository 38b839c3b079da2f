"""What every op says about itself is so."""

from trivium.testing.conformance import OpConformance


class TestOps(OpConformance):
    pass
