"""Compile the kernels, if Pythran and a C++ compiler are there; without them the install succeeds all the same."""

import os
import platform
import threading
from pathlib import Path

from setuptools import setup

# No flag that lets the compiler reorder arithmetic: it would undo the care taken against cancellation, such as
# log Σ - (a - max), and measured no faster. -g0: what the compiler writes for debuggers takes a quarter of its time,
# and the linker strips it again.
FLAGS = ["-O3", "-g0", "-fno-math-errno", "-fno-trapping-math", "-DUSE_XSIMD"]
if platform.machine().lower() in ("x86_64", "amd64"):
    FLAGS.append("-march=x86-64-v3")

options = {}
try:
    from pythran.dist import PythranBuildExt, PythranExtension
except ImportError:
    pass
else:

    class BuildKernels(PythranBuildExt):
        """Translate one kernel at a time, which Pythran cannot do in threads, while others are being compiled."""

        translating = threading.Lock()

        def build_extension(self, ext):
            with self.translating:
                ext.sources  # noqa: B018, a property that translates
            super().build_extension(ext)

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
