"""Compile the kernels, if Pythran and a C++ compiler are there; without them the install succeeds all the same."""

import os
import platform
from pathlib import Path

from setuptools import setup

# No flag that lets the compiler reorder arithmetic: it would undo the care taken against cancellation, such as
# log Σ - (a - max), and measured no faster.
FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-DUSE_XSIMD"]
if platform.machine().lower() in ("x86_64", "amd64"):
    FLAGS.append("-march=x86-64-v3")

options = {}
try:
    from pythran.dist import PythranBuildExt, PythranExtension
except ImportError:
    pass
else:

    class BuildKernels(PythranBuildExt):
        """Translate the kernels one after another, which Pythran cannot do in threads; compile them side by side."""

        def build_extensions(self):
            for extension in self.extensions:
                extension.sources  # noqa: B018, a property that translates
            super().build_extensions()

    extensions = []
    for source in sorted(Path("src/lincoln/kernels").glob("[!_]*.py")):
        extension = PythranExtension(f"lincoln.kernels.{source.stem}", [source.as_posix()], extra_compile_args=FLAGS)
        extension.optional = True
        extensions.append(extension)
    options = {
        "ext_modules": extensions,
        "cmdclass": {"build_ext": BuildKernels},
        "options": {"build_ext": {"parallel": os.cpu_count()}},
    }

setup(**options)
