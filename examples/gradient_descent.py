"""Gradient descent, from a straight line to a network that reads digits (notebook 003).

python examples/gradient_descent.py [--quick] [--output FOLDER]

1. a line and a plane, by NumPy, by the library and by scikit-learn
2. ten digits by multinomial logistic regression
3. two layers that guess petals from sepals, in five ways: NumPy, tensors, autograd, layers, layers with an optimizer
4. ten digits by a perceptron with a hidden layer

Each part is a file in `descent/`.
"""

from __future__ import annotations

from argparse import Namespace

from common import arguments
from descent import digits, lines, perceptron, petals, two_layers


def main(args: Namespace) -> None:
    """The parts, in the notebook's order."""
    lines.run(args)
    images = digits.load(quick=args.quick)
    digits.run(args, images)
    two_layers.run(args, petals.run(args))
    perceptron.run(args, images)


if __name__ == "__main__":
    main(arguments(__doc__))
