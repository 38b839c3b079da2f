"""A command ends with one clean message and a status that a script can trust."""

import click
import pytest

from trivium import cli, config, registry
from trivium.errors import ShapeError


@pytest.fixture
def command():
    """A command of the test's own, whose body is what the test gives."""
    with registry.temporary():

        def add(body):
            registry.register_command(click.Command("try-it", callback=body))

        yield add


def test_an_error_of_ours_is_one_line_on_stderr(command, capsys):
    def body():
        raise ShapeError("matmul: inner sizes differ: float32[2, 3] @ float32[4, 5]")

    command(body)
    status = cli.run(["try-it"])
    out, err = capsys.readouterr()

    assert status == 1
    assert out == ""
    assert err == "error: matmul: inner sizes differ: float32[2, 3] @ float32[4, 5]\n"


def test_debugging_shows_the_traceback(command, capsys, monkeypatch):
    def body():
        raise ShapeError("wrong")

    monkeypatch.setenv("TRIVIUM_DEBUG", "1")
    command(body)
    cli.run(["try-it"])

    assert "Traceback" in capsys.readouterr().err


def test_a_full_disk_is_an_error_without_a_traceback(command, capsys):
    def body():
        raise OSError(28, "No space left on device", "out/net.caffemodel")

    command(body)
    status = cli.run(["try-it"])

    assert status == 1
    assert "error: out/net.caffemodel: No space left on device; " in capsys.readouterr().err


def test_ctrl_c_ends_with_130(command):
    def body():
        raise KeyboardInterrupt

    command(body)

    assert cli.run(["try-it"]) == 130


def test_a_command_may_give_its_status(command):
    command(lambda: click.get_current_context().exit(7))

    assert cli.run(["try-it"]) == 7


def test_a_mistake_of_our_own_keeps_its_traceback(command):
    command(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        cli.run(["try-it"])


def test_an_unknown_command_names_the_nearest(capsys):
    with config.override(plugins_autoload=False):
        status = cli.run(["docter"])

    assert status == 2
    assert "Did you mean 'doctor'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["plugins", "--help"], ["devices", "-h"], ["explain", "op", "--help"]]
)
def test_help_is_there(arguments, capsys):
    with config.override(plugins_autoload=False):
        assert cli.run(arguments) == 0
    assert "Usage: trivium" in capsys.readouterr().out
