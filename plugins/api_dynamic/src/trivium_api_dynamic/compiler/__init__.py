"""Eager code that is recorded once, and then runs as programs."""

from .compiled import Compiled, CompileWarning, compile, is_compiling

__all__ = ["CompileWarning", "Compiled", "compile", "is_compiling"]
