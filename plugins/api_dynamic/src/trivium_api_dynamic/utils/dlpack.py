"""DLPack: tensors to and from other libraries, without a copy."""

from ..interchange import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
