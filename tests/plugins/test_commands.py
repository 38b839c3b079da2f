"""The commands about plugins tell the truth, whatever is installed."""

import json
import re
import time

HANG = "import time\ntime.sleep(60)"
CRASH = "import os\nos.abort()"


def install_trouble(distributions):
    sources = {
        "hang": HANG,
        "crash": CRASH,
        "raise": "1 / 0",
        "chatty": "print('{}')\ndef trivium_doctor(report): report.problem('no licence', 'buy one')",
    }
    for name, source in sources.items():
        distributions.install(
            f"dist-{name}", {"trivium.plugins": {name: f"trouble_{name}"}}, {f"trouble_{name}": source}
        )


def test_plugins_are_listed_without_importing_them(distributions):
    install_trouble(distributions)

    table = distributions.trivium("plugins", "list")
    rows = distributions.facts("plugins", "list")

    assert table.returncode == 0, table.stderr
    assert "trouble" not in table.stderr
    assert [line.split()[-1] for line in table.stdout.splitlines() if "dist-hang" in line] == ["pending"]
    assert {row["state"] for row in rows} == {"pending"}


def test_a_plugin_is_shown_by_its_entry_or_its_distribution(distributions):
    install_trouble(distributions)

    by_entry = distributions.facts("plugins", "show", "raise")
    by_distribution = distributions.facts("plugins", "show", "dist_raise")
    unknown = distributions.trivium("plugins", "show", "rise")

    assert by_entry == by_distribution
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("error: no plugin named 'rise'; known: ")
    assert "Did you mean 'raise'?" in unknown.stderr


def test_blocking_and_unblocking_keep_the_rest_of_the_file(distributions, tmp_path):
    install_trouble(distributions)
    file = tmp_path / "home" / "trivium" / "config.toml"
    file.parent.mkdir()
    file.write_text('# mine\nseed = 3\n\n[plugins]  # here\nautoload = true\n\n[cuda]\nblock = ["not ours"]\n')

    blocked = distributions.trivium("plugins", "block", "hang")
    again = distributions.trivium("plugins", "block", "dist-crash")
    listed = distributions.facts("plugins", "list")
    unblocked = distributions.trivium("plugins", "unblock", "hang")

    assert (blocked.returncode, again.returncode, unblocked.returncode) == (0, 0, 0)
    assert {row["name"] for row in listed if row["state"] == "blocked"} == {"hang", "crash"}
    assert file.read_text() == (
        '# mine\nseed = 3\n\n[plugins]  # here\nblock = ["dist-crash"]\nautoload = true\n'
        '\n[cuda]\nblock = ["not ours"]\n'
    )


def test_a_plugin_that_is_gone_can_be_unblocked(distributions, tmp_path):
    (distributions.folder / "trivium.toml").write_text('[plugins]\nblock = ["gone"]\n')

    listed = distributions.trivium("plugins", "list")
    unblocked = distributions.trivium("plugins", "unblock", "gone")

    assert listed.returncode == 1
    assert "trivium.toml: no plugin named 'gone'" in listed.stderr
    assert unblocked.returncode == 0, unblocked.stderr
    assert distributions.trivium("plugins", "list").returncode == 0


def test_unblocking_says_what_still_blocks(distributions):
    install_trouble(distributions)

    result = distributions.trivium("plugins", "unblock", "hang", TRIVIUM_DISABLE_PLUGINS="hang")

    assert result.returncode == 1
    assert "TRIVIUM_DISABLE_PLUGINS still blocks hang" in result.stderr


def test_doctor_survives_every_kind_of_trouble(distributions):
    install_trouble(distributions)
    started = time.monotonic()

    facts = distributions.facts("doctor", TRIVIUM_DEVISE="cpu", TRIVIUM_SEED="-1")

    assert time.monotonic() - started < 30
    states = {row["name"]: row["state"] for row in facts["plugins"]}
    assert (states["hang"], states["crash"], states["raise"], states["cpu"]) == (
        "timed out",
        "crashed",
        "failed",
        "ok",
    )
    text = json.dumps(facts["problems"])
    assert "no answer within 3 s" in text
    assert "signal SIGABRT" in text
    assert "division by zero" in text
    assert "no licence" in text
    assert "Did you mean 'TRIVIUM_DEVICE'?" in text
    assert "TRIVIUM_SEED: '-1' is not valid" in text


def test_devices_are_probed_apart_and_remembered(distributions):
    source = """
        from trivium.backend import Backend
        import os
        print("not JSON")
        open(os.environ["PROBED"], "a").write("x")
        backend = Backend("acme", from_numpy=lambda a: a, to_numpy=lambda b: b + 1, count=lambda: 2)
        gone = Backend("gone", from_numpy=lambda a: a, to_numpy=lambda b: b, unavailable=lambda: "no driver")
    """
    distributions.install("acme", {"trivium.backends": {"acme": "acme:backend", "gone": "acme:gone"}}, {"acme": source})
    tally = distributions.folder / "tally"

    fresh = distributions.trivium("devices", PROBED=str(tally))
    first = tally.read_text()
    kept = distributions.facts("devices", PROBED=str(tally))

    assert fresh.returncode == 0, fresh.stderr
    lines = {line.split()[0]: line for line in fresh.stdout.splitlines() if line}
    assert "works" in lines["cpu"]
    assert "numbers that were sent to it come back changed" in lines["acme:1"]
    assert "not available" in lines["gone"] and "no driver" in lines["gone"]
    assert kept["default"] == "cpu"
    assert len(first) == 2
    assert len(tally.read_text()) == 4, "an answer with a failure in it is not kept"


def test_a_command_of_a_plugin_is_called_and_a_broken_one_breaks_no_other(distributions):
    source = """
        import click

        @click.command()
        @click.argument("name")
        def greet(name):
            "Greet somebody."
            click.echo(f"hello {name}")

        def trivium_register_commands(register):
            register(greet)
    """
    distributions.install("greeting", {"trivium.plugins": {"greeting": "greeting"}}, {"greeting": source})
    distributions.install(
        "direct", {"trivium.commands": {"wave": "waving:wave"}}, {"waving": source.replace("greet", "wave")}
    )
    distributions.install("broken", {"trivium.commands": {"cry": "crying:cry"}}, {"crying": "1 / 0"})

    greeted = distributions.trivium("greet", "you")
    waved = distributions.trivium("wave", "you")
    helped = distributions.trivium("--help")
    cried = distributions.trivium("cry")

    assert (greeted.returncode, greeted.stdout) == (0, "hello you\n")
    assert (waved.returncode, waved.stdout) == (0, "hello you\n")
    assert re.search(r"greet +Greet somebody\.", helped.stdout)
    assert "(direct)" in helped.stdout
    assert cried.returncode == 1
    assert "error: command 'cry': broken 1.0 (commands entry 'cry'): failed: ZeroDivisionError" in cried.stderr
    assert "Traceback" not in cried.stderr
