"""Options of sessions and runs: TensorFlow's messages.  All fields are accepted; those named in a docstring count."""

from __future__ import annotations

from typing import Any

from attrs import define, field


@define
class GPUOptions:
    """How much of a GPU to take.

    visible_device_list: numbers of the GPUs to count, such as "0,1"; all when empty
    """

    per_process_gpu_memory_fraction: float = 0.0
    allow_growth: bool = False
    allocator_type: str = ""
    deferred_deletion_bytes: int = 0
    visible_device_list: str = ""
    polling_active_delay_usecs: int = 0
    polling_inactive_delay_msecs: int = 0
    force_gpu_compatible: bool = False
    experimental: Any = None


@define
class OptimizerOptions:
    """How a graph is made faster; the core's passes always give the same results."""

    do_common_subexpression_elimination: bool = False
    do_constant_folding: bool = False
    max_folded_constant_in_bytes: int = 0
    do_function_inlining: bool = False
    opt_level: int = 0
    global_jit_level: int = 0

    L1, L0 = 0, -1
    DEFAULT, OFF, ON_1, ON_2 = 0, -1, 1, 2


@define
class GraphOptions:
    """How graphs are changed before they run."""

    enable_recv_scheduling: bool = False
    optimizer_options: OptimizerOptions = field(factory=OptimizerOptions)
    build_cost_model: int = 0
    build_cost_model_after: int = 0
    infer_shapes: bool = False
    place_pruned_graph: bool = False
    enable_bfloat16_sendrecv: bool = False
    timeline_step: int = 0
    rewrite_options: Any = None


@define
class ConfigProto:
    """Options of a session.

    allow_soft_placement: run operations elsewhere whose device does not exist
    log_device_placement: print to the standard error stream where each operation runs
    device_count:         how many devices of a type to use: {"GPU": 0} stays on the CPU
    intra_op_parallelism_threads: how many threads a kernel may use; 0 for its own choice
    inter_op_parallelism_threads: how many operations run at once; here one after another, whatever it says
    """

    device_count: dict[str, int] = field(factory=dict)
    intra_op_parallelism_threads: int = 0
    inter_op_parallelism_threads: int = 0
    use_per_session_threads: bool = False
    session_inter_op_thread_pool: list[Any] = field(factory=list)
    placement_period: int = 0
    device_filters: list[str] = field(factory=list)
    gpu_options: GPUOptions = field(factory=GPUOptions)
    allow_soft_placement: bool = False
    log_device_placement: bool = False
    graph_options: GraphOptions = field(factory=GraphOptions)
    operation_timeout_in_ms: int = 0
    rpc_options: Any = None
    cluster_def: Any = None
    isolate_session_state: bool = False
    share_cluster_devices_in_session: bool = False
    experimental: Any = None


@define
class RunOptions:
    """Options of one run.

    trace_level: FULL_TRACE lets the run's metadata tell how long each operation took
    """

    trace_level: int = 0
    timeout_in_ms: int = 0
    inter_op_thread_pool: int = 0
    output_partition_graphs: bool = False
    debug_options: Any = None
    report_tensor_allocations_upon_oom: bool = False
    experimental: Any = None

    NO_TRACE = 0
    SOFTWARE_TRACE = 1
    HARDWARE_TRACE = 2
    FULL_TRACE = 3


@define
class NodeExecStats:
    """One step of a run: what ran, when it began and how long it took, in microseconds."""

    node_name: str
    all_start_micros: int
    op_end_rel_micros: int
    all_end_rel_micros: int
    timeline_label: str
    op_start_rel_micros: int = 0
    thread_id: int = 0


@define
class DeviceStepStats:
    """The steps of a run on one device."""

    device: str
    node_stats: list[NodeExecStats] = field(factory=list)


@define
class StepStats:
    """The steps of a run on all devices."""

    dev_stats: list[DeviceStepStats] = field(factory=list)


@define
class RunMetadata:
    """What a traced run reports."""

    step_stats: StepStats = field(factory=StepStats)
    partition_graphs: list[Any] = field(factory=list)
