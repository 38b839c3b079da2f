"""What CONTRIBUTING.md says about adding things: its own code, as a plugin, used from the three styles."""

import re
import tomllib
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def code(language):
    """All that the page says in a language."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def plugin(distributions):
    """The plugin that the page makes, as if it were installed."""
    groups = tomllib.loads(code("toml"))["project"]["entry-points"]
    distributions.install(
        "trivium-softsign", groups, {"trivium_softsign": code("python")}, requires=["trivium>=0.1,<0.2"]
    )
    return distributions


def run(plugin, source):
    """Run Python that sees the plugin; return the lines that it prints."""
    result = plugin.python("import warnings\nwarnings.simplefilter('error')\n" + source)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_it_is_listed_and_brings_what_it_says(plugin):
    rows = [row for row in plugin.facts("plugins", "list") if row["distribution"] == "trivium-softsign"]
    assert {row["state"] for row in rows} == {"pending"}

    shown, examined = plugin.facts("plugins", "show", "trivium-softsign"), plugin.trivium("doctor")

    assert shown and {row["group"] for row in shown} == {row["group"] for row in rows}
    assert len(re.findall(r"^softsign +\w+ +trivium-softsign 1.0 +ok", examined.stdout, re.MULTILINE)) >= 1, (
        examined.stdout
    )
    assert "no problems" in examined.stdout


def test_its_op_runs_through_its_kernel_with_gradients(plugin):
    printed = run(plugin, """\
from trivium import Tensor, ops
x = Tensor.of([1.0, -3.0]).require_gradient()
ops.softsign(x).backward(seed=Tensor.of([1.0, 1.0]))
print(ops.softsign(x).numpy(), x.gradient.numpy())
""")  # fmt: skip

    assert printed == ["[ 0.5  -0.75] [0.25   0.0625]"]
    explained = plugin.facts("explain", "op", "softsign", "--device", "cpu", "--shape", "2,3")
    assert "softsign" in str(explained)


def test_its_op_kernel_layer_and_optimizer_are_conformant(plugin):
    result = plugin.python("""\
import sys
import pytest
arguments = ["-q", "-p", "no:cacheprovider", "--pyargs", "trivium.testing.conformance", "--device", "cpu"]
sys.exit(pytest.main([*arguments, "-k", "softsign or Softsign or BoundedDescent"]))
""")  # fmt: skip

    assert result.returncode == 0, result.stdout
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) > 20


def test_its_layer_and_optimizer_train_in_the_dynamic_style(plugin):
    printed = run(plugin, """\
import trivium_api_dynamic as torch
from trivium.registry import find_layer, find_optimizer

class Bounded(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})
    def rule(self, group, is_first):
        return find_optimizer("BoundedDescent")(group["lr"])
    def hyper(self, group, step):
        return {"learning_rate": group["lr"], "weight_decay": 0.0}

net = torch.nn.Sequential(find_layer("ScaledSoftsign")())
x = torch.tensor([[1.0, 3.0]])
net(x)
optimizer = Bounded(net.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    loss = net(x).sum()
    loss.backward()
    optimizer.step()
    print(f"{loss.item():.6f}")
""")  # fmt: skip

    assert printed == ["1.250000", "1.201190", "1.152381"]


def test_its_layer_and_optimizer_train_in_the_static_style(plugin):
    printed = run(plugin, """\
import trivium_api_static as tf
from trivium.registry import find_layer

class Bounded(tf.train.Optimizer):
    rule = "BoundedDescent"
    def hyper(self, graph):
        return {"learning_rate": 0.1, "weight_decay": 0.0}

x = tf.placeholder(tf.float32, [None, 2])
loss = tf.reduce_sum(tf.apply(find_layer("ScaledSoftsign")(), x))
train = Bounded(name="Bounded").minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for _ in range(3):
        print(f"{session.run([loss, train], {x: [[1.0, 3.0]]})[0]:.6f}")
""")  # fmt: skip

    assert printed == ["1.250000", "1.201190", "1.152381"]


def test_its_layer_type_and_optimizer_train_in_the_prototxt_style(plugin):
    (plugin.folder / "solver.prototxt").write_text("""
base_lr: 0.1 lr_policy: "fixed" type: "Bounded"
net_param {
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
  layer { name: "s" type: "ScaledSoftsign" bottom: "x" top: "s" }
  layer { name: "sum" type: "Reduced" bottom: "s" top: "loss" loss_weight: 1 }
}""")
    printed = run(plugin, """\
import trivium_api_prototxt as caffe
from trivium import ops
from trivium.registry import find_optimizer
from trivium_api_prototxt import solver_message
from trivium_api_prototxt.update_rule import RULES

solver_message.TYPES += ("Bounded",)
RULES["Bounded"] = (lambda solver: find_optimizer("BoundedDescent")(), 0)
caffe.register_layer_type("Reduced", lambda declared: caffe.Function(ops.sum))
solver = caffe.get_solver("solver.prototxt")
solver.net.blobs["x"].data[...] = [[1.0, 3.0]]
for _ in range(3):
    solver.step(1)
    print(f"{float(solver.net.blobs['loss'].data):.6f}")
print(len(solver.net.params["s"]))
""")  # fmt: skip

    assert printed == ["1.250000", "1.201190", "1.152381", "1"]


def test_its_pass_leaves_out_what_cancels(plugin):
    printed = run(plugin, """\
import numpy as np
from trivium import Graph, Program, registry

graph = Graph()
x = graph.placeholder((2,), name="x")
y = -(-(-x)) * 2.0
registry.find_pass("cancel_negations")
plain, short = Program([y], without=["cancel_negations"]), Program([y])
for program in (plain, short):
    names = [step.node.op.name for step in program.plan({x: np.ones(2, "float32")})]
    print(names.count("negative"), program.run({x: np.array([1, 2], "float32")})[0].numpy())
inner = -x
fed = Program([-inner * 1.0], fed=[inner])
print(fed.run({inner: np.array([1, 2], "float32")})[0].numpy())
""")  # fmt: skip

    assert printed == ["3 [-2. -4.]", "1 [-2. -4.]", "[-1. -2.]"]
