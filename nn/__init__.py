"""Small neural networks, scalar by scalar, on top of `autograd`: read them, train them on your own data.

Built from public names of `autograd` alone. `layers` puts neurons together, `losses` say how wrong they are,
`optimizers` move their parameters, `trainer` runs the loop, `datasets` bring something to learn.
"""

from nn.activations import ACTIVATIONS, ActivationRow
from nn.datasets import Dataset, Standardization, load_iris, stratified_split
from nn.initializers import fan_in_uniform, glorot_uniform, he_uniform
from nn.layers import MLP, Layer, Neuron
from nn.losses import hinge, mean_squared_error, same_class, same_side, softmax_cross_entropy
from nn.module import Module
from nn.optimizers import SGD, Optimizer
from nn.trainer import History, Score, evaluate, fit, predict

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "SGD",
    "ActivationRow",
    "Dataset",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "Score",
    "Standardization",
    "evaluate",
    "fan_in_uniform",
    "fit",
    "glorot_uniform",
    "he_uniform",
    "hinge",
    "load_iris",
    "mean_squared_error",
    "predict",
    "same_class",
    "same_side",
    "softmax_cross_entropy",
    "stratified_split",
]
