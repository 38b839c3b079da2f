"""A setting comes from the strongest source that has it, and a bad value names its source."""

import os
import threading

import pytest

from trivium import config, registry, settings
from trivium.backend import Backend
from trivium.errors import ConfigError, DeviceError, KernelError
from trivium.op import OPS, Op


@pytest.fixture(autouse=True)
def own_configuration(tmp_path, monkeypatch):
    """No setting of this machine's reaches a test."""
    for name in list(os.environ):
        if name.startswith("TRIVIUM_"):
            monkeypatch.delenv(name)
    (tmp_path / "home" / "trivium").mkdir(parents=True)
    (tmp_path / "project" / "deep" / "below").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "project" / "deep" / "below")
    config.reload()
    yield
    monkeypatch.undo()
    config.reload()


@pytest.fixture
def user(tmp_path):
    return tmp_path / "home" / "trivium" / "config.toml"


@pytest.fixture
def project(tmp_path):
    return tmp_path / "project" / "trivium.toml"


def write(file, text):
    file.write_text(text)
    config.reload()


def backend(name, **more):
    return Backend(name, from_numpy=lambda array: array, to_numpy=lambda buffer: buffer, **more)


def test_each_source_is_stronger_than_the_next(user, project, monkeypatch):
    assert (config.get("seed"), config.source_of("seed")) == (None, "default")

    write(user, "seed = 1")
    assert (config.get("seed"), config.source_of("seed")) == (1, str(user))

    write(project, "seed = 2")
    assert (config.get("seed"), config.source_of("seed")) == (2, str(project))

    monkeypatch.setenv("TRIVIUM_SEED", "3")
    config.reload()
    assert (config.get("seed"), config.source_of("seed")) == (3, "TRIVIUM_SEED")

    with config.override(seed=4):
        assert (config.get("seed"), config.source_of("seed")) == (4, "override")
    assert config.get("seed") == 3


def test_pyproject_is_read_where_it_configures_us(project):
    below = project.parent / "deep" / "pyproject.toml"
    write(below, '[project]\nname = "trivium-thing"\n')
    write(
        project.with_name("pyproject.toml"),
        "[tool.trivium]\nstrict = true\n[tool.trivium.plugins]\nautoload = false",
    )

    assert config.get("strict") is True
    assert config.get("plugins.autoload") is False
    assert config.source_of("strict") == str(project.with_name("pyproject.toml"))


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("TRIVIUM_STRICT", "")
    config.reload()

    assert config.source_of("strict") == "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed =\n", "is not valid TOML: .*line 1"),
        ("sed = 1", r"no setting named 'sed'; settings: .*Did you mean 'seed'\?"),
        ("strict = 7", "strict = 7 is not valid; strict is 0 or 1"),
        ("num_threads = 0", "num_threads = 0 is not valid; num_threads is a whole number from 1"),
        ("num_threads = 2.5", "num_threads = 2.5 is not valid"),
        ("device = ''", "device = '' is not valid; device is a device such as cpu"),
        ("[plugins]\nblock = [1]", r"plugins.block = \[1\] is not valid"),
        ("[plugins]\nblok = []", "Did you mean 'plugins.block'"),
    ],
)
def test_a_bad_file_is_named_with_what_is_valid(project, text, message):
    write(project, text)

    with pytest.raises(ConfigError, match=message) as raised:
        for name in settings.SETTINGS:
            config.get(name)

    assert str(raised.value).startswith(str(project))


def test_a_bad_variable_is_named_with_what_is_valid(monkeypatch):
    monkeypatch.setenv("TRIVIUM_STRICT", "perhaps")
    config.reload()

    with pytest.raises(ConfigError, match=r"^TRIVIUM_STRICT: 'perhaps' is not valid; strict is 0 or 1$"):
        config.get("strict")


def test_tables_of_plugins_are_left_to_them(project):
    write(project, "[cuda]\narchitecture = 90")

    assert config.get("seed") is None


def test_somebody_elses_broken_pyproject_is_not_ours(project):
    write(project.with_name("pyproject.toml"), "[project\nname = 'trivium'")

    assert config.get("seed") is None


def test_a_broken_pyproject_that_configures_us_is_reported(project):
    write(project.with_name("pyproject.toml"), "[tool.trivium]\nseed = ")

    with pytest.raises(ConfigError, match=r"pyproject\.toml: is not valid TOML"):
        config.get("seed")


def test_a_folder_that_was_removed_has_no_project(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    config.reload()

    assert config.get("seed") is None


def test_overriding_with_a_bad_value_changes_nothing():
    with pytest.raises(ConfigError, match="override: seed = -1 is not valid"), config.override(seed=-1):
        pass
    with pytest.raises(ConfigError, match="no setting named 'sede'"), config.override(sede=1):
        pass

    assert config.get("seed") is None


def test_a_with_block_chooses_the_device_of_this_thread_only():
    with registry.temporary():
        registry.register_backend(backend("acme", count=lambda: 2))
        seen = []

        with config.device("acme:1") as chosen:
            assert config.current_device() is chosen
            assert config.source_of_device() == "with trivium.device(...)"
            thread = threading.Thread(target=lambda: seen.append(config.current_device().name))
            thread.start()
            thread.join()

        assert chosen.name == "acme:1"
        assert seen == ["cpu"]
        assert config.current_device().name == "cpu"


def test_a_list_falls_back_and_a_single_name_does_not(monkeypatch):
    with registry.temporary():
        registry.register_backend(backend("gone", unavailable=lambda: "no driver"))
        registry.register_backend(backend("lost", count=lambda: 0))
        monkeypatch.setenv("TRIVIUM_DEVICE", "gone, lost, cpu")
        config.reload()

        assert config.current_device().name == "cpu"

        monkeypatch.setenv("TRIVIUM_DEVICE", "gone")
        config.reload()
        with pytest.raises(DeviceError, match=r"^TRIVIUM_DEVICE: device gone:0: not available: no driver$"):
            config.current_device()
        with pytest.raises(DeviceError, match=r"none answers: gone: .*no driver; lost: .*does not exist; lost has 0"):
            config.device("gone,lost")


def test_auto_takes_a_device_that_answers_before_the_host():
    with registry.temporary(), config.override(device="auto"):
        registry.register_backend(backend("broken", count=lambda: 1 / 0))
        registry.register_backend(backend("gone", count=lambda: 0))
        assert config.current_device().name == "cpu"

    with registry.temporary(), config.override(device="auto"):
        registry.register_backend(backend("acme"))
        assert config.current_device().name == "acme"


def test_falling_back_to_the_host_warns_once_and_strict_refuses():
    def double(x):
        return x * 2

    op = Op(double)
    with registry.temporary(), config.override(strict=False):
        registry.register_backend(backend("acme"))
        device = registry.find_device("acme")

        with pytest.warns(config.HostFallbackWarning, match="double: nothing runs it on acme") as warned:
            config.policy().fall_back_to_host(op, device, [])
            config.policy().fall_back_to_host(op, device, [])

        assert len(warned) == 1
        assert config.fallback_summary() == "1 op of acme ran on the host: double"
        with (
            config.override(strict=True),
            pytest.raises(KernelError, match="double: nothing runs it on acme"),
        ):
            config.policy().fall_back_to_host(op, device, [])
    assert "double" not in OPS


def test_changing_what_is_allowed_makes_devices_choose_again():
    with registry.temporary():
        acme = registry.register_backend(backend("acme"))
        acme.device(0).bound["a call"] = None

        with config.override(strict=True):
            assert acme.device(0).bound == {}
