"""A fresh default graph for each story."""

import pytest

import trivium_api_static as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()
    yield
    tf.reset_default_graph()


@pytest.fixture
def run():
    """A function that evaluates fetches in a session of their graph."""

    def evaluate(fetches, feed_dict=None, init=False):
        with tf.Session() as session:
            if init:
                session.run(tf.global_variables_initializer())
            return session.run(fetches, feed_dict)

    return evaluate
