"""What `import trivium` offers, to a program and to a type checker alike."""

import ast
import subprocess
import sys
from pathlib import Path

import trivium

SOURCE = Path(__file__).parents[2] / "core" / "__init__.py"


def test_a_type_checker_sees_the_names_that_exist():
    block = next(node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If) and not node.orelse
                 and "TYPE_CHECKING" in ast.unparse(node.test))  # fmt: skip
    told = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}

    assert told == set(trivium.__all__)


def test_every_public_name_is_there():
    assert [name for name in trivium.__all__ if not hasattr(trivium, name)] == []


def test_core_refuses_another_name():
    result = subprocess.run(
        [sys.executable, "-c", "import core"], cwd=SOURCE.parents[1], capture_output=True, text=True, timeout=60
    )

    assert result.returncode == 1
    assert "this folder was imported as 'core'; it is the package `trivium`" in result.stderr
