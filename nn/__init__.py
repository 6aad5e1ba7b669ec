"""Small neural networks, scalar by scalar, on top of `autograd`: read them, train them on your own data.

Built from public names of `autograd` alone. `nn.layers` puts neurons together, `nn.losses` say how wrong they are,
`nn.optimizers` move their parameters, `nn.trainer` runs the loop, `nn.prediction` asks what was learned, `nn.saving`
keeps it, `nn.reports` shows it. Something to learn is in `nn.datasets`, and one's own CSV in `nn.tables`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from nn.activations import ACTIVATIONS, ActivationRow, activation_row, winner_take_all
from nn.csv_files import Table, TableError, read_table, write_predictions
from nn.datasets import (
    blobs,
    bumps,
    circles,
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    moons,
    one_hot_identity,
    parity,
    plane,
    sine,
    spirals,
    xor,
    xor_clouds,
)
from nn.history import Epoch, History, Snapshot
from nn.initializers import (
    INITIALIZERS,
    fan_in_uniform,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal,
    uniform,
    zeros,
)
from nn.layers import MLP, Layer, Neuron, Perceptron
from nn.losses import (
    LOSSES,
    LossRow,
    binary_cross_entropy,
    binary_cross_entropy_from_logits,
    hinge,
    loss_row,
    mean_squared_error,
    multiclass_hinge,
    negative_log_likelihood,
    perceptron,
    same_class,
    same_side,
    signed_cross_entropy,
    softmax_cross_entropy,
    squared_error,
    zero_one,
)
from nn.module import Module
from nn.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSProp,
    clip_gradient_values,
    clip_gradients,
)
from nn.prediction import ConfusionMatrix, Score, confusion_matrix, predict, predict_class, predict_proba, score
from nn.regularizers import L1, L2, ElasticNet, MaxNorm, Regularizer
from nn.samples import Dataset, Standardization, split, stratified_split
from nn.saving import SavedFileError, load, load_checkpoint, read_extra, save, save_checkpoint
from nn.schedules import (
    SCHEDULES,
    ConstantSchedule,
    CosineSchedule,
    ExponentialSchedule,
    ReduceOnPlateau,
    Schedule,
    StepSchedule,
)
from nn.stages import Activation, BatchNorm, Dropout, Sequential
from nn.stopping import EarlyStopping, gradient_norm_below, parameter_change_below
from nn.tables import Encoding, encode_table
from nn.trainer import Training, fit, training

if TYPE_CHECKING:
    from nn.diagrams import Diagram, network_diagram
    from nn.drawings import draw, step_through
    from nn.plots import plot_boundary, plot_history
    from nn.reports import Report, report

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "L1",
    "L2",
    "LOSSES",
    "MLP",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Activation",
    "ActivationRow",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "ConfusionMatrix",
    "ConstantSchedule",
    "CosineSchedule",
    "Dataset",
    "Diagram",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "Encoding",
    "Epoch",
    "ExponentialSchedule",
    "History",
    "Layer",
    "LossRow",
    "MaxNorm",
    "Module",
    "Neuron",
    "Optimizer",
    "Perceptron",
    "RMSProp",
    "ReduceOnPlateau",
    "Regularizer",
    "Report",
    "SavedFileError",
    "Schedule",
    "Score",
    "Sequential",
    "Snapshot",
    "Standardization",
    "StepSchedule",
    "Table",
    "TableError",
    "Training",
    "activation_row",
    "binary_cross_entropy",
    "binary_cross_entropy_from_logits",
    "blobs",
    "bumps",
    "circles",
    "clip_gradient_values",
    "clip_gradients",
    "confusion_matrix",
    "draw",
    "encode_table",
    "fan_in_uniform",
    "fit",
    "glorot_normal",
    "glorot_uniform",
    "gradient_norm_below",
    "he_normal",
    "he_uniform",
    "hinge",
    "load",
    "load_breast_cancer",
    "load_checkpoint",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_wine",
    "loss_row",
    "mean_squared_error",
    "moons",
    "multiclass_hinge",
    "negative_log_likelihood",
    "network_diagram",
    "normal",
    "one_hot_identity",
    "parameter_change_below",
    "parity",
    "perceptron",
    "plane",
    "plot_boundary",
    "plot_history",
    "predict",
    "predict_class",
    "predict_proba",
    "read_extra",
    "read_table",
    "report",
    "same_class",
    "same_side",
    "save",
    "save_checkpoint",
    "score",
    "signed_cross_entropy",
    "sine",
    "softmax_cross_entropy",
    "spirals",
    "split",
    "squared_error",
    "step_through",
    "stratified_split",
    "training",
    "uniform",
    "winner_take_all",
    "write_predictions",
    "xor",
    "xor_clouds",
    "zero_one",
    "zeros",
]

if not TYPE_CHECKING:  # what draws is imported when it is asked for: it takes a fifth of the time of all the others
    _PICTURES = {
        "Diagram": "nn.diagrams",
        "draw": "nn.drawings",
        "step_through": "nn.drawings",
        "network_diagram": "nn.diagrams",
        "plot_boundary": "nn.plots",
        "plot_history": "nn.plots",
        "Report": "nn.reports",
        "report": "nn.reports",
    }

    def __getattr__(name: str) -> Any:
        if name not in _PICTURES:
            raise AttributeError(f"module 'nn' has no attribute {name!r}")
        return getattr(importlib.import_module(_PICTURES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
