"""Runs that are looked at, and the options of sessions."""

import json

import pytest

import trivium_api_static as tf
from trivium import settings


def test_a_traced_run_is_drawn_by_chrome():
    v = tf.Variable(tf.ones([3, 3]), name="v")
    y = tf.matmul(v, v, name="product")
    metadata, traced = tf.RunMetadata(), tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)

    with tf.Session() as session:
        session.run(v.initializer)
        plain = session.run(y)
        assert session.run(y, options=traced, run_metadata=metadata).tolist() == plain.tolist()

    (device,) = metadata.step_stats.dev_stats
    assert [step.node_name for step in device.node_stats] == ["product"] and device.device.endswith("CPU:0")
    text = tf.client.timeline.Timeline(metadata.step_stats).generate_chrome_trace_format()
    process, event = json.loads(text)["traceEvents"]
    assert process["ph"] == "M" and event["ph"] == "X" and event["name"] == "MatMul" and event["dur"] >= 1
    assert event["args"] == {"name": "product", "op": "MatMul"} and event["ts"] > 1e15


def test_the_operation_that_made_the_first_nan_is_named_where_that_is_asked_for(run):
    x = tf.placeholder(tf.float32, [2])
    y = tf.reduce_sum(tf.exp(tf.log(x - 1.0, name="culprit") * 2.0))

    tf.debugging.enable_check_numerics()
    try:
        assert run(y, {x: [2.0, 2.0]}) == 2.0
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="first NaN of this run was made by log in 'culprit'"
        ) as e:
            run(y, {x: [2.0, 0.0]})
    finally:
        tf.debugging.disable_check_numerics()

    assert e.value.op.name == "culprit" and "test_observing.py:" in str(e.value)
    assert str(run(y, {x: [2.0, 0.0]})) == "nan"


def test_devices_are_counted_as_the_options_say(run):
    with tf.device("/cpu:1"):
        x = tf.constant(1.0) + 1.0

    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"explicitly assigned to /device:CPU:1 but available devices"
    ):
        run(x)
    with tf.Session(config=tf.ConfigProto(device_count={"CPU": 2, "GPU": 0})) as session:
        assert session.run(x) == 2.0
        assert [device.name[-5:] for device in session.list_devices()] == ["CPU:0", "CPU:1"]
        assert session.list_devices()[0].device_type == "CPU"
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        assert session.run(x) == 2.0


def test_placement_is_told_once_for_each_kind_of_run(capsys):
    y = tf.constant(1.0, name="a") + 1.0
    with tf.Session(config=tf.ConfigProto(log_device_placement=True)) as session:
        session.run(y)
        session.run(y)

    told = capsys.readouterr().err.splitlines()
    assert "add: (AddV2): /job:localhost/replica:0/task:0/device:CPU:0" in told and len(told) == len(set(told)) == 3


def test_kernels_may_use_as_many_threads_as_the_options_say():
    before = settings.get("num_threads")
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=3)):
        assert settings.get("num_threads") == 3
    assert settings.get("num_threads") == before


def test_every_field_of_the_options_is_accepted():
    options = tf.ConfigProto(
        inter_op_parallelism_threads=2, use_per_session_threads=True, placement_period=1, device_filters=["/job:a"],
        operation_timeout_in_ms=10, isolate_session_state=True,
        gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=0.3, visible_device_list="0", allocator_type="BFC"),
        graph_options=tf.GraphOptions(optimizer_options=tf.OptimizerOptions(opt_level=tf.OptimizerOptions.L0)),
    )  # fmt: skip
    options.gpu_options.allow_growth = True

    x = tf.constant(1)
    with tf.Session(config=options) as session:
        assert session.run(x, options=tf.RunOptions(timeout_in_ms=5, report_tensor_allocations_upon_oom=True)) == 1
    with pytest.raises(AttributeError):
        options.alow_soft_placement = True
