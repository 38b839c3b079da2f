"""Trivium in the words of TensorFlow 1: graphs, sessions, placeholders."""
