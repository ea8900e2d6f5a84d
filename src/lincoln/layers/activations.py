"""Activation layers: element by element, or softmax along the last axis. Inputs of any shape, batch axis first."""

from __future__ import annotations

from typing import ClassVar

from .. import functional
from ..arrays import Array
from ..initializers import Initializer, glorot_uniform, he_normal
from ..layer import Layer
from ..settings import Range, Settings

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "ReLU",
    "Rectifier",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class Activation(Layer):
    """A layer without parameters that knows which initial weights suit the layer before it: Glorot's.

    >>> Tanh().prefer_initializer(None).__name__
    'glorot_uniform'
    """

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        return glorot_uniform


class Rectifier(Activation):
    """An activation that is nearly 0 on one side and nearly a straight line on the other: He's initial weights suit.

    >>> ReLU().prefer_initializer(None).__name__
    'he_normal'
    """

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        return he_normal


class Sigmoid(Activation):
    """p = 1 / (1 + exp(-a)),  ∂L/∂a = p (1 - p) ∂L/∂p

    >>> import numpy as np
    >>> Sigmoid()(np.array([[0.0, 2.0]])).round(4)
    array([[0.5   , 0.8808]])
    """

    gives = "probabilities"

    def forward(self, input: Array) -> Array:
        return functional.sigmoid(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.sigmoid_backward(self.output, output_grad)


class Tanh(Activation):
    """t = tanh a,  ∂L/∂a = (1 - t²) ∂L/∂t

    >>> import numpy as np
    >>> Tanh()(np.array([[0.0, 2.0]])).round(4)
    array([[0.   , 0.964]])
    """

    def forward(self, input: Array) -> Array:
        return functional.tanh(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.tanh_backward(self.output, output_grad)


class ReLU(Rectifier):
    """r = max(a, 0),  ∂L/∂a = ∂L/∂r where r > 0, else 0   (Nair, Hinton 2010)

    >>> import numpy as np
    >>> ReLU()(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

    def forward(self, input: Array) -> Array:
        return functional.relu(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.relu_backward(self.output, output_grad)


class LeakyReLU(Rectifier):
    """r = a where a > 0, else slope · a   (Maas, Hannun, Ng 2013)

    Args:
        slope: of the negative side.

    >>> import numpy as np
    >>> LeakyReLU(0.1)(np.array([[-1.0, 2.0]]))
    array([[-0.1,  2. ]])
    """

    _settings: ClassVar[Settings] = {"slope": Range("(-inf, inf)", "slope=0.01")}

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, input: Array) -> Array:
        return functional.leaky_relu(input, self.slope)

    def backward(self, output_grad: Array) -> Array:
        return functional.leaky_relu_backward(self.last_input, output_grad, self.slope)


class ELU(Rectifier):
    """r = a where a > 0, else α (exp(a) - 1)   (Clevert, Unterthiner, Hochreiter 2016)

    Args:
        alpha: minus the limit for large negative inputs.

    >>> import numpy as np
    >>> ELU()(np.array([[-1.0, 2.0]])).round(4)
    array([[-0.6321,  2.    ]])
    """

    _settings: ClassVar[Settings] = {"alpha": Range("(-inf, inf)", "alpha=1.0")}

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, input: Array) -> Array:
        return functional.elu(input, self.alpha)

    def backward(self, output_grad: Array) -> Array:
        return functional.elu_backward(self.last_input, output_grad, self.alpha)


class SiLU(Rectifier):
    """s = a σ(a),  ∂L/∂a = σ(a) (1 + a (1 - σ(a))) ∂L/∂s   (Elfwing, Uchibe, Doya 2018; also called swish)

    >>> import numpy as np
    >>> SiLU()(np.array([[-1.0, 2.0]])).round(4)
    array([[-0.2689,  1.7616]])
    """

    def forward(self, input: Array) -> Array:
        return functional.silu(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.silu_backward(self.last_input, output_grad)


class GELU(Rectifier):
    """g = a Φ(a), Φ being the standard normal's distribution function   (Hendrycks, Gimpel 2016)

    Args:
        tanh: use the approximation by tanh, as GPT-2 does.

    >>> import numpy as np
    >>> GELU()(np.array([[-1.0, 2.0]])).round(4)
    array([[-0.1587,  1.9545]])
    """

    def __init__(self, *, tanh: bool = False) -> None:
        self.tanh = tanh

    def forward(self, input: Array) -> Array:
        return functional.gelu_tanh(input) if self.tanh else functional.gelu(input)

    def backward(self, output_grad: Array) -> Array:
        way_back = functional.gelu_tanh_backward if self.tanh else functional.gelu_backward
        return way_back(self.last_input, output_grad)


class Softplus(Rectifier):
    """s = log(1 + exp(a)),  ∂L/∂a = σ(a) ∂L/∂s   (Dugas et al. 2001)

    >>> import numpy as np
    >>> Softplus()(np.array([[-1.0, 2.0]])).round(4)
    array([[0.3133, 2.1269]])
    """

    def forward(self, input: Array) -> Array:
        return functional.softplus(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.softplus_backward(self.last_input, output_grad)


class LogSigmoid(Activation):
    """z = log σ(a) = -log(1 + exp(-a)),  ∂L/∂a = (1 - exp(z)) ∂L/∂z

    >>> import numpy as np
    >>> LogSigmoid()(np.array([[0.0, -1000.0]])).round(4)
    array([[-6.931e-01, -1.000e+03]])
    """

    gives = "log-probabilities"

    def forward(self, input: Array) -> Array:
        return functional.log_sigmoid(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.log_sigmoid_backward(self.output, output_grad)


class Softmax(Activation):
    """p_j = exp(a_j) / Σ_k exp(a_k) along the last axis,  ∂L/∂a = p (g - Σ g p) with g = ∂L/∂p

    >>> import numpy as np
    >>> Softmax()(np.array([[1.0, 2.0]])).round(4)
    array([[0.2689, 0.7311]])
    """

    gives = "probabilities"
    min_dims = 2

    def forward(self, input: Array) -> Array:
        return functional.softmax(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.softmax_backward(self.output, output_grad)


class LogSoftmax(Activation):
    """z_j = a_j - log Σ_k exp(a_k) along the last axis,  ∂L/∂a = g - exp(z) Σ g with g = ∂L/∂z

    >>> import numpy as np
    >>> LogSoftmax()(np.array([[1.0, 2.0]])).round(4)
    array([[-1.3133, -0.3133]])
    """

    gives = "log-probabilities"
    min_dims = 2

    def forward(self, input: Array) -> Array:
        return functional.log_softmax(input)

    def backward(self, output_grad: Array) -> Array:
        return functional.log_softmax_backward(self.output, output_grad)


ACTIVATIONS: dict[str, type[Activation]] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "silu": SiLU,
    "gelu": GELU,
    "softplus": Softplus,
    "log_sigmoid": LogSigmoid,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
}
"""The names that `lincoln.layers.Dense` and the estimators take."""
