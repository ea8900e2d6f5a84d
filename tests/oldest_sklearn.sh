#!/usr/bin/env bash
# The estimators' tests with the oldest scikit-learn that they support, in an environment of its own: .oldest
set -euo pipefail
cd "$(dirname "$0")/.."
OLDEST="${OLDEST:-.oldest}"
PYTHON="${PYTHON:-python3}"
if [ ! -x "$OLDEST/bin/python" ]; then
  "$PYTHON" -m venv "$OLDEST"
fi
if ! "$OLDEST/bin/python" -c 'import sklearn, sys; sys.exit(sklearn.__version__ != "1.6.0")' 2> /dev/null; then
  "$OLDEST/bin/python" -m pip install --quiet scikit-learn==1.6.0 "numpy>=2" pandas joblib pytest array-api-strict safetensors
fi
export PYTHONPATH="$PWD/src" # with the kernels that are compiled there already
exec "$OLDEST/bin/python" -m pytest -q -m "not big" tests/test_sklearn*.py "$@"
