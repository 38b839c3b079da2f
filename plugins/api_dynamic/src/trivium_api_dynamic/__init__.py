"""Trivium in the words of PyTorch: tensors, autograd, modules."""
