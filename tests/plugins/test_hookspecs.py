"""Every kind of thing has its hook, and every hook says what it is for."""

import inspect

from trivium import hookspecs
from trivium.registration import HOOKS, KINDS


def test_every_kind_has_a_hook():
    assert {f"trivium_register_{kind}" for kind in KINDS} <= set(HOOKS)


def test_every_hook_is_documented():
    assert [name for name in HOOKS if not inspect.getdoc(getattr(hookspecs, name))] == []
