"""Conformance: what a backend, an op, a layer or an optimizer must keep to, generated from the registries.

    class TestMine(BackendConformance):        # from trivium.testing.conformance
        backend = backend

    pytest --pyargs trivium.testing.conformance --device mine

Importing this package imports nothing else, since pytest loads `trivium.testing.plugin` wherever core is installed.
"""
