"""Every function of `lincoln.functional` that changes nothing, with arguments for it."""

from __future__ import annotations

from typing import Any

import numpy as np

A = np.array([[-3.0, -0.5, 0.25, 2.0], [0.5, -1.0, 0.0, 30.0]])
G = np.array([[1.0, -2.0, 0.5, 3.0], [-1.0, 0.25, 2.0, 1.0]])
P = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]])
Z = np.log(P)
Y = np.array([[1.0, 0.0, 0.25, 1.0], [0.0, 1.0, 1.0, 0.0]])
LABELS = np.array([2, 0])
W = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0], [-0.5, 3.0]])
B = np.array([0.5, -0.25])
K = np.array([1.0, 0.5, 2.0, 1.0])

CALLS: dict[str, tuple[Any, ...]] = {
    "sigmoid": (A,),
    "sigmoid_backward": (P, G),
    "tanh": (A,),
    "tanh_backward": (P, G),
    "relu": (A,),
    "relu_backward": (A, G),
    "leaky_relu": (A, 0.1),
    "leaky_relu_backward": (A, G, 0.1),
    "elu": (A, 0.5),
    "elu_backward": (A, G, 0.5),
    "silu": (A,),
    "silu_backward": (A, G),
    "gelu": (A,),
    "gelu_backward": (A, G),
    "gelu_tanh": (A,),
    "gelu_tanh_backward": (A, G),
    "normal_cdf": (A,),
    "softplus": (A,),
    "softplus_backward": (A, G),
    "log_sigmoid": (A,),
    "log_sigmoid_backward": (Z, G),
    "softmax": (A,),
    "softmax_backward": (P, G),
    "log_softmax": (A,),
    "log_softmax_backward": (Z, G),
    "linear": (A, W, B),
    "bias_grad": (G,),
    "input_grad": (W, np.array([[1.0, 2.0], [3.0, -1.0]])),
    "squared_error": (A, Y),
    "squared_error_grad": (A, Y),
    "absolute_error": (A, Y),
    "absolute_error_grad": (A, Y),
    "huber": (A, Y, 0.5),
    "huber_grad": (A, Y, 0.5),
    "quantile": (A, Y, 0.9),
    "quantile_grad": (A, Y, 0.9),
    "poisson": (A, Y),
    "poisson_grad": (np.exp(A), Y),
    "log_loss": (P, Y),
    "log_loss_grad": (P, Y),
    "log_sigmoid_loss": (Z, Y),
    "log_sigmoid_loss_grad": (Z, Y),
    "sigmoid_cross_entropy": (A, Y, K),
    "sigmoid_cross_entropy_grad": (P, Y, 2.0),
    "cross_entropy": (P, LABELS),
    "cross_entropy_grad": (P, LABELS),
    "negative_log_likelihood": (Z, LABELS),
    "negative_log_likelihood_grad": (Z, LABELS),
    "softmax_cross_entropy": (A, LABELS, 0.1, K),
    "softmax_cross_entropy_grad": (P, LABELS, 0.1, K),
    "one_hot": (LABELS, P),
    "weighted_losses": (Y, A, np.array([2.0, 0.0])),
    "weighted_rows": (G, np.array([2.0, 0.0])),
}
"""Every function with arguments for it."""
