"""The wheel: the package, the library and what uniffi makes of it. One for all Pythons: ctypes has no ABI."""

import pathlib
import re
import subprocess

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

here = pathlib.Path(__file__).resolve().parent


class Build(build_py):
    def run(self):
        subprocess.check_call([here / "generate.sh"])
        super().run()


class Wheel(bdist_wheel):
    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


setup(
    version=re.search(r'^version = "(.*)"', (here / "../../Cargo.toml").read_text(), re.M)[1],
    packages=["libpickle"],
    package_data={"libpickle": ["py.typed", "*.pyi", "*.so", "*.dylib", "*.dll"]},
    cmdclass={"build_py": Build, "bdist_wheel": Wheel},
)
