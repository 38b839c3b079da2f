"""What every layer and every optimizer says about itself is so."""

from trivium.testing.conformance import LayerConformance


class TestLayers(LayerConformance):
    pass
