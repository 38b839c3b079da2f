"""A plugin is found by its metadata, imported when it is asked for, and registered whole or not at all."""

import sys
import threading

import pytest

from trivium import config, registry
from trivium.errors import ConfigError, DeviceError, PluginError, UnknownNameError
from trivium.op import OPS
from trivium.registry import PluginWarning, UnservedNameError

LAYER = """
    class {name}:
        pass

    def trivium_register_layers(register):
        register({name})
"""
BACKEND = """
    from trivium.backend import Backend
    backend = Backend("{name}", from_numpy=lambda array: array, to_numpy=lambda buffer: buffer)
"""


def layers(name, module, **more):
    return {"trivium.layers": {name: module}, **more}


def test_listing_imports_nothing(distributions):
    distributions.install("acme", layers("wide", "acme_wide"), {"acme_wide": "raise SystemExit('imported')"})

    result = distributions.python("""
        import sys, trivium
        from trivium import registry
        rows = registry.plugins()
        assert any(row.distribution == "acme" and row.state == "pending" for row in rows), rows
        assert registry.device_types() == ["cpu"]
        assert "cpu" in [entry.name for entry in registry.entries("trivium.backends")]
        print([name for name in sys.modules if name.startswith(("acme", "trivium_"))])
    """)

    assert result.stdout == "[]\n", result.stderr


def test_importing_trivium_imports_no_plugin_and_little_of_core(distributions):
    result = distributions.python("""
        import sys, trivium
        print(sorted(name for name in sys.modules if name.startswith("trivium")))
    """)

    assert result.stdout == "['trivium']\n", result.stderr


def test_asking_imports_only_what_serves(distributions):
    distributions.install("one", layers("one", "one_layers"), {"one_layers": LAYER.format(name="One")})
    distributions.install(
        "two", {"trivium.optimizers": {"two": "two_optimizers"}}, {"two_optimizers": "raise RuntimeError"}
    )
    found = distributions.registry()

    layer = found.find("layers", "One")

    assert layer.__module__ == "one_layers"
    assert "two_optimizers" not in sys.modules
    assert {row.name: row.state for row in found.plugins()} == {"one": "loaded", "two": "pending"}
    assert str(found.table("layers").origin("One")) == "one 1.0"


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (broken.py:1)"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("import missing_thing", "it needs the module 'missing_thing', which is not installed"),
        ("def trivium_register_layers(register): raise KeyError('late')", "KeyError: 'late' (broken.py:1)"),
        ("def trivium_register_leyers(register): pass", "Did you mean 'trivium_register_layers'?"),
        ("def trivium_register_layers(registrar): pass", "registrar"),
        ("def trivium_register_devices(register): register(3)", "a device type must be a Backend, not 3"),
        ("x = 1", "has no hook, and is no Backend and no KernelTable"),
    ],
)
def test_a_broken_plugin_is_named_once_and_breaks_no_other(distributions, source, cause):
    distributions.install("broken", layers("broken", "broken"), {"broken": source}, version="2.1")
    distributions.install("good", layers("good", "good_layers"), {"good_layers": LAYER.format(name="Good")})
    found = distributions.registry()

    with pytest.warns(PluginWarning) as warned:
        layer = found.find("layers", "Good")

    assert layer.__name__ == "Good"
    assert len(warned) == 1
    text = str(warned[0].message)
    assert text.startswith("broken 2.1 (layers entry 'broken'): failed: ")
    assert cause in text
    assert "trivium plugins block broken" in text
    assert warned[0].filename == __file__
    with pytest.raises(PluginError, match="failed"):
        found.find("layers", "broken")
    assert found.names("layers") == ["Good"]  # and no second warning


def test_what_a_failed_plugin_had_registered_is_taken_back(distributions):
    source = """
        from trivium.op import op

        @op(elementwise=True)
        def half_an_op(x):
            return x

        class Half:
            pass

        def trivium_register_layers(register):
            register(Half)
            raise ValueError("the second one is missing")
    """
    distributions.install("half", layers("half", "half_layers"), {"half_layers": source})
    found = distributions.registry()

    with (
        pytest.warns(PluginWarning),
        pytest.raises(PluginError, match=r"half 1.0 .*the second one is missing") as raised,
    ):
        found.find("layers", "Half")

    assert isinstance(raised.value.__cause__, ValueError)
    assert "half_an_op" not in OPS
    assert found.names("layers") == []


def test_a_name_that_a_failed_plugin_may_have_brought_names_the_plugin(distributions):
    distributions.install("broken", layers("broken", "broken"), {"broken": "raise RuntimeError('no')"})
    found = distributions.registry()

    with (
        pytest.warns(PluginWarning),
        pytest.raises(UnservedNameError, match=r"no layer named 'Wide'.*broken 1.0") as raised,
    ):
        found.find("layers", "Wide")

    assert isinstance(raised.value, PluginError)
    assert isinstance(raised.value, UnknownNameError)


@pytest.mark.parametrize("requirement", ["trivium>=99", "trivium<0.0.1", "trivium (==99.*)", "trivium~=77.1"])
def test_an_incompatible_plugin_is_never_imported(distributions, requirement):
    distributions.install(
        "future", layers("future", "future_layers"), {"future_layers": "1 / 0"}, requires=[requirement]
    )
    found = distributions.registry()

    with pytest.warns(PluginWarning, match=r"future 1.0 .*: incompatible: it needs trivium"):
        assert found.names("layers") == []

    assert "future_layers" not in sys.modules


def test_a_missing_dependency_says_which_extra_brings_it(distributions):
    distributions.install(
        "heavy", layers("heavy", "heavy_layers"), {"heavy_layers": "import big_library.core"},
        requires=["trivium>=0", 'big-library>=3; extra == "gpu"'],
    )  # fmt: skip
    found = distributions.registry()

    with pytest.warns(PluginWarning, match=r"pip install 'heavy\[gpu\]'"):
        found.names("layers")


def test_two_plugins_that_claim_one_name_keep_the_first(distributions):
    distributions.install("alpha", layers("a", "alpha_layers"), {"alpha_layers": LAYER.format(name="Same")})
    distributions.install("beta", layers("b", "beta_layers"), {"beta_layers": LAYER.format(name="Same")})
    found = distributions.registry()

    with pytest.warns(PluginWarning, match=r"beta 1.0 .*the layer 'Same' exists already: alpha 1.0 brings it"):
        assert found.names("layers") == ["Same"]

    assert found.find("layers", "Same").__module__ == "alpha_layers"


def test_kernels_with_equal_priority_are_refused_and_the_device_works(distributions):
    distributions.install("acme", {"trivium.backends": {"acme": "acme:backend"}}, {"acme": BACKEND.format(name="acme")})
    for name, priority in (("fast", 5), ("faster", 5), ("fastest", 9)):
        source = f"""
            from trivium.kernel import KernelTable
            table = KernelTable("acme", provider="{name}", priority={priority})

            @table.kernel("relu")
            def relu(x, out=None):
                return x
        """
        entries = {"trivium.kernels": {f"acme.{name}": f"{name}:table"}}
        distributions.install(f"kernels-{name}", entries, {name: source})
    found = distributions.registry()

    with pytest.warns(
        PluginWarning, match=r"kernels-faster 1.0 .*faster's relu for acme has priority 5, as has fast's relu"
    ):
        backend = found.find_backend("acme")

    assert [table.provider for table in backend.tables] == ["acme", "fast", "fastest"]


def test_kernels_of_another_device_stay_unimported(distributions):
    distributions.install(
        "acme", {"trivium.backends": {"acme": "acme:backend"}, "trivium.kernels": {"other.x": "never"}},
        {"acme": BACKEND.format(name="acme"), "never": "1 / 0"},
    )  # fmt: skip
    found = distributions.registry()

    found.find_device("acme:0")

    assert "never" not in sys.modules


def test_an_unknown_device_lists_what_is_installed(distributions):
    distributions.install("acme", {"trivium.backends": {"acme": "acme:backend"}}, {"acme": BACKEND.format(name="acme")})
    found = distributions.registry()

    with pytest.raises(DeviceError, match=r"no device type named 'acne'; installed: acme\.  Did you mean 'acme'\?"):
        found.find_device("acne:1")
    with pytest.raises(DeviceError, match="acme:7: does not exist; acme has 1"):
        found.find_device("acme:7")
    with pytest.raises(DeviceError, match="'first' is not a number"):
        found.find_device("acme:first")


def test_an_entry_must_say_what_it_brings(distributions):
    distributions.install("acme", {"trivium.backends": {"fast": "acme:backend"}}, {"acme": BACKEND.format(name="acme")})
    found = distributions.registry()

    with (
        pytest.warns(PluginWarning),
        pytest.raises(PluginError, match="entry 'fast' brings the device 'acme'"),
    ):
        found.find_backend("fast")


def test_several_entries_may_name_one_object(distributions):
    source = """
        from trivium.backend import Backend
        backend = Backend("acme", from_numpy=lambda array: array, to_numpy=lambda buffer: buffer)
        calls = []

        class Wide:
            pass

        def trivium_register_devices(register):
            calls.append("devices")
            register(backend)

        def trivium_register_layers(register):
            calls.append("layers")
            register(Wide)
    """
    distributions.install("acme", layers("wide", "acme", **{"trivium.backends": {"acme": "acme"}}), {"acme": source})
    found = distributions.registry()

    found.find("layers", "Wide")
    found.find_backend("acme")

    assert sys.modules["acme"].calls == ["devices", "layers"]
    assert {row.state for row in found.plugins()} == {"loaded"}


def test_a_style_is_the_module_that_its_entry_names(distributions):
    distributions.install("fourth", {"trivium.apis": {"fourth": "fourth_style"}}, {"fourth_style": "answer = 42"})

    assert distributions.registry().find("apis", "fourth").answer == 42
    result = distributions.python("""
        from trivium.api import fourth
        print(fourth.answer)
        from trivium.api import fort
    """)
    assert result.stdout == "42\n"
    assert "no style named 'fort'; known: dynamic, fourth, prototxt, static.  Did you mean" in result.stderr


def test_a_table_that_cannot_be_read_hides_no_other_plugin(distributions):
    distributions.install("torn", layers("torn", "torn_layers"))
    table = next(distributions.folder.glob("torn-*")) / "entry_points.txt"
    table.write_text("[trivium.layers]\nx = one\nx = two\n")
    distributions.install("good", layers("good", "good_layers"), {"good_layers": LAYER.format(name="Good")})
    found = distributions.registry()

    assert found.find("layers", "Good")
    (torn,) = [row for row in found.plugins() if row.distribution == "torn"]
    assert torn.cause.startswith("its entry_points.txt cannot be read")


def test_an_unknown_group_and_a_malformed_target_are_said_in_the_list(distributions):
    distributions.install("typo", {"trivium.layer": {"a": "m"}, "trivium.layers": {"b": "no object here"}})

    causes = [row.cause for row in distributions.registry().plugins()]

    assert any(
        "there is no group 'trivium.layer'" in cause and "Did you mean 'trivium.layers'?" in cause for cause in causes
    )
    assert any("'no object here' names no object" in cause for cause in causes)


def test_a_plugin_may_ask_for_another_while_it_registers(distributions):
    asking = """
        from trivium import registry

        class Outer:
            pass

        def trivium_register_layers(register):
            asked.append(registry_of_the_test.find("layers", "Inner"))
            register(Outer)
    """
    distributions.install(
        "asking", layers("outer", "asking"), {"asking": f"asked = []\n{asking}".replace("\n        ", "\n")}
    )
    distributions.install("inner", layers("inner", "inner_layers"), {"inner_layers": LAYER.format(name="Inner")})
    found = distributions.registry()
    import asking as module  # noqa: PLC0415 - exists only now

    module.registry_of_the_test = found

    assert found.find("layers", "Outer") is module.Outer
    assert [layer.__name__ for layer in module.asked] == ["Inner"]


def test_a_thread_that_imports_a_plugin_and_one_that_loads_it_do_not_wait_for_each_other(distributions):
    source = """
        import threading
        started, go = threading.Event(), threading.Event()
        import sys
        sys.modules["test_events"].ready(started, go)
        started.set()
        go.wait(10)
        from trivium import registry
        sys.modules["test_events"].found.names("optimizers")   # asks the registry while it is being imported

        class Slow:
            pass

        def trivium_register_layers(register):
            register(Slow)
    """
    distributions.install("slow", layers("slow", "slow_layers"), {"slow_layers": source})
    events = type(sys)("test_events")
    events.found, seen = distributions.registry(), []
    events.ready = lambda *pair: seen.extend(pair)
    sys.modules["test_events"] = events
    importing = threading.Thread(target=lambda: __import__("slow_layers"), daemon=True)
    loading = threading.Thread(target=lambda: events.found.find("layers", "Slow"), daemon=True)

    importing.start()
    while len(seen) < 2:
        pass
    seen[0].wait(10)
    loading.start()
    seen[1].set()
    importing.join(10)
    loading.join(10)

    del sys.modules["test_events"]
    assert not importing.is_alive()
    assert not loading.is_alive()
    assert "Slow" in events.found.table("layers")


def test_many_threads_load_a_plugin_once(distributions):
    source = (
        "count = []\n"
        + "def trivium_register_layers(register):\n    count.append(1)\n    register(type('Only', (), {}))\n"
    )
    distributions.install("only", layers("only", "only_layers"), {"only_layers": source})
    found = distributions.registry()
    results = []
    threads = [threading.Thread(target=lambda: results.append(found.find("layers", "Only"))) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(results) == 16
    assert len(set(results)) == 1
    assert sys.modules["only_layers"].count == [1]


@pytest.mark.parametrize(
    ("variable", "value", "loaded", "cause"),
    [
        ("TRIVIUM_DISABLE_PLUGINS", "one", ["Two"], "TRIVIUM_DISABLE_PLUGINS blocks it"),
        ("TRIVIUM_DISABLE_PLUGINS", "dist_one", ["Two"], "TRIVIUM_DISABLE_PLUGINS blocks it"),
        ("TRIVIUM_PLUGINS", "two", ["Two"], "TRIVIUM_PLUGINS names only two"),
        ("TRIVIUM_PLUGIN_AUTOLOAD", "0", [], "TRIVIUM_PLUGIN_AUTOLOAD loads no plugin by itself"),
    ],
)
def test_plugins_are_chosen_by_the_environment(distributions, monkeypatch, variable, value, loaded, cause):
    for name in ("One", "Two"):
        module = f"{name.lower()}_layers"
        distributions.install(f"dist-{name.lower()}", layers(name.lower(), module), {module: LAYER.format(name=name)})
    monkeypatch.setenv(variable, value)
    config.reload()
    found = distributions.registry()

    assert found.names("layers") == loaded
    assert "one_layers" not in sys.modules
    with pytest.raises(PluginError, match=cause):
        found.find("layers", "one")


def test_autoload_off_still_loads_what_is_named(distributions, monkeypatch):
    distributions.install("dist-one", layers("one", "one_layers"), {"one_layers": LAYER.format(name="One")})
    distributions.install("dist-two", layers("two", "two_layers"), {"two_layers": "1 / 0"})

    with config.override(plugins_autoload=False, plugins_only="one"):
        assert distributions.registry().names("layers") == ["One"]


def test_a_blocked_plugin_is_loaded_once_it_is_unblocked(distributions):
    distributions.install("dist-one", layers("one", "one_layers"), {"one_layers": LAYER.format(name="One")})
    found = distributions.registry()

    with config.override(plugins_block=["one"]):
        assert found.plugins()[0].state == "blocked"
        assert found.names("layers") == []

    assert found.names("layers") == ["One"]


@pytest.mark.parametrize("variable", ["TRIVIUM_PLUGINS", "TRIVIUM_DISABLE_PLUGINS"])
def test_an_unknown_plugin_in_the_environment_is_an_error(distributions, monkeypatch, variable):
    distributions.install("dist-one", layers("vision", "one_layers"))
    monkeypatch.setenv(variable, "visoin")
    config.reload()

    with pytest.raises(ConfigError, match=rf"{variable}: no plugin named 'visoin'.*Did you mean 'vision'\?"):
        distributions.registry().plugins()


def test_things_are_registered_in_code_without_an_entry_point():
    class Mine:
        pass

    with registry.temporary():
        assert registry.register_layer(Mine) is Mine
        assert registry.find_layer("Mine") is Mine
        assert str(registry.origin("layers", "Mine")) == f"code in {__name__}"
        with pytest.raises(PluginError, match="the layer 'Mine' exists already"):
            registry.register("layers", object(), "Mine")

    assert "Mine" not in registry.table("layers")


def test_a_cell_that_runs_again_may_define_its_layer_again():
    def cell():
        class Again:
            pass

        return registry.register_layer(Again)

    with registry.temporary():
        cell()
        second = cell()

        assert registry.find_layer("Again") is second


def test_registering_an_unknown_kind_names_the_nearest():
    with pytest.raises(PluginError, match=r"no kind of thing named 'layer'.*Did you mean 'layers'\?"):
        registry.register("layer", object(), "x")
    with registry.temporary():
        registry.register("prototxt.layers", 42, "Special")
        assert registry.find("prototxt.layers", "Special") == 42


def test_a_monitor_hears_a_run_and_costs_nothing_when_there_is_none(distributions):
    class Monitor:
        def __init__(self):
            self.heard = []

        def trivium_run_step(self, run):
            self.heard.append(run)

    found, monitor = distributions.registry(), Monitor()

    assert found.announcer("trivium_run_step") is None
    found.register_plugin(monitor)
    found.announcer("trivium_run_step")("step 1")

    assert monitor.heard == ["step 1"]
    assert found.announcer("trivium_run_finished") is None


def test_a_monitor_that_raises_does_not_cost_the_run(distributions):
    class Broken:
        calls = 0

        def trivium_run_step(self):
            self.calls += 1
            raise OSError("disk full")

    found, broken = distributions.registry(), Broken()
    found.register_plugin(broken, "broken monitor")
    announce = found.announcer("trivium_run_step")

    with pytest.warns(PluginWarning, match="broken monitor: trivium_run_step failed: OSError: disk full"):
        announce("step 1")
    announce("step 2")

    assert broken.calls == 1
