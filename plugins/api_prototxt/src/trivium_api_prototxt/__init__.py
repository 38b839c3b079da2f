"""Trivium in the words of Caffe: prototxt files, nets, blobs, solvers."""
