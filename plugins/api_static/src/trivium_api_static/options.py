"""Options of sessions and runs: TensorFlow's messages, of which the fields that mean something here are honoured."""

from __future__ import annotations

from typing import Any

from attrs import define, field


@define
class GPUOptions:
    """How much of a GPU to take."""

    allow_growth: bool = False
    per_process_gpu_memory_fraction: float = 0.0
    visible_device_list: str = ""


@define
class GraphOptions:
    """How graphs are changed before they run."""

    optimizer_options: Any = None


@define
class ConfigProto:
    """Options of a session.

    allow_soft_placement: run operations elsewhere whose device does not exist
    """

    allow_soft_placement: bool = False
    log_device_placement: bool = False
    device_count: dict[str, int] = field(factory=dict)
    intra_op_parallelism_threads: int = 0
    inter_op_parallelism_threads: int = 0
    gpu_options: GPUOptions = field(factory=GPUOptions)
    graph_options: GraphOptions = field(factory=GraphOptions)


@define
class RunOptions:
    """Options of one run; accepted, and without effect so far."""

    trace_level: int = 0
    timeout_in_ms: int = 0
    report_tensor_allocations_upon_oom: bool = False

    NO_TRACE = 0
    SOFTWARE_TRACE = 1
    HARDWARE_TRACE = 2
    FULL_TRACE = 3


@define
class RunMetadata:
    """What a traced run would report."""

    step_stats: Any = None
