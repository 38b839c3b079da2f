"""Training: optimizers, checkpoints, the global step."""

from .average import ExponentialMovingAverage
from .checkpoint import (
    CheckpointReader,
    CheckpointState,
    NewCheckpointReader,
    checkpoint_exists,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    update_checkpoint_state,
)
from .coordinator import Coordinator, LooperThread
from .decay import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    natural_exp_decay,
    piecewise_constant,
    polynomial_decay,
)
from .hooks import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    FeedFnHook,
    FinalOpsHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    SecondOrStepTimer,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
    StopAtStepHook,
)
from .input import (
    batch,
    input_producer,
    limit_epochs,
    range_input_producer,
    shuffle_batch,
    slice_input_producer,
    string_input_producer,
)
from .monitored import (
    ChiefSessionCreator,
    MonitoredSession,
    MonitoredTrainingSession,
    Scaffold,
    SessionCreator,
    SingularMonitoredSession,
)
from .optimizer import (
    AdadeltaOptimizer,
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    Optimizer,
    RMSPropOptimizer,
)
from .queue_runner import QueueRunner, add_queue_runner, start_queue_runners
from .saver import Saver, export_meta_graph, import_meta_graph
from .step import create_global_step, get_global_step, get_or_create_global_step, global_step
from .supervisor import Supervisor

__all__ = [
    "AdadeltaOptimizer", "AdagradOptimizer", "AdamOptimizer", "CheckpointReader", "CheckpointSaverHook",
    "CheckpointSaverListener", "CheckpointState", "ChiefSessionCreator", "Coordinator", "ExponentialMovingAverage",
    "FeedFnHook", "FinalOpsHook", "FtrlOptimizer", "GradientDescentOptimizer", "LoggingTensorHook", "LooperThread",
    "MomentumOptimizer", "MonitoredSession", "MonitoredTrainingSession", "NanLossDuringTrainingError",
    "NanTensorHook", "NewCheckpointReader", "Optimizer", "QueueRunner", "RMSPropOptimizer", "Saver", "Scaffold",
    "SecondOrStepTimer", "SessionCreator", "SessionRunArgs", "SessionRunContext", "SessionRunHook",
    "SessionRunValues", "SingularMonitoredSession", "StepCounterHook", "StopAtStepHook", "Supervisor",
    "add_queue_runner", "batch", "checkpoint_exists", "cosine_decay", "cosine_decay_restarts", "create_global_step",
    "exponential_decay", "export_meta_graph", "get_checkpoint_state", "get_global_step", "get_or_create_global_step",
    "global_step", "import_meta_graph", "input_producer", "inverse_time_decay", "latest_checkpoint", "limit_epochs",
    "list_variables", "load_checkpoint", "load_variable", "natural_exp_decay", "piecewise_constant",
    "polynomial_decay", "range_input_producer", "shuffle_batch", "slice_input_producer", "start_queue_runners",
    "string_input_producer", "update_checkpoint_state",
]  # fmt: skip
