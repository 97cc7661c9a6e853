"""A recipe of Conan 2: `conan create ffi/conan --build=missing`. Rust's cargo and make must be there."""

import pathlib
import re
import shutil

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy

SOURCES = ["Cargo.toml", "Cargo.lock", "LICENSE-*", "core/*", "ffi/*", "include/*", "cli/*", "bindings/uniffi/*", "bindings/arrow/*"]


class Pickle(ConanFile):
    name = "libpickle"
    license = "MIT OR Apache-2.0"
    url = homepage = "https://github.com/libpickle/libpickle"
    description = "Python's pickle format without Python: reads and writes in the caller's memory, executes nothing"
    topics = ("pickle", "python", "serialization", "embedded")
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "text_float": [True, False]}
    default_options = {"shared": False, "text_float": True}
    package_type = "library"

    @property
    def _root(self):
        return pathlib.Path(self.recipe_folder).parents[1]

    def set_version(self):
        manifest = (self._root / "Cargo.toml").read_text(encoding="utf-8")
        self.version = re.search(r'^version = "(.*)"', manifest, re.MULTILINE)[1]

    def configure(self):
        # It is C in a C++ compiler's settings, too.
        self.settings.rm_safe("compiler.cppstd")
        self.settings.rm_safe("compiler.libcxx")

    def validate(self):
        if self.settings.os not in ("Linux", "Macos", "FreeBSD"):
            raise ConanInvalidConfiguration("the Makefile is for Unix")

    def export_sources(self):
        # The other members are there for Cargo's workspace alone.
        for pattern in SOURCES:
            copy(self, pattern, self._root, self.export_sources_folder, excludes=("*/tests/*", "*/target/*"))

    def build(self):
        features = "full,dropped-calls,verdict-all" + ",text-float" * bool(self.options.text_float)
        kind = "shared" if self.options.shared else "static"
        self.run(f'make -s -C "{self.source_folder}/ffi" {kind} FEATURES={features} TARGET_DIR="{self.build_folder}/cargo"')

    def package(self):
        out, lib = pathlib.Path(self.build_folder) / "cargo" / "release", pathlib.Path(self.package_folder) / "lib"
        copy(self, "pickle.h*", pathlib.Path(self.source_folder) / "include", pathlib.Path(self.package_folder) / "include")
        copy(self, "LICENSE-*", self.source_folder, pathlib.Path(self.package_folder) / "licenses")
        if self.options.shared:
            copy(self, "libpickle.so", out, lib)
            copy(self, "libpickle.dylib", out, lib)
            # The name by which programs ask for it.
            if (lib / "libpickle.so").exists():
                shutil.move(lib / "libpickle.so", lib / "libpickle.so.0")
                (lib / "libpickle.so").symlink_to("libpickle.so.0")
        else:
            copy(self, "libpickle.a", out, lib)

    def package_id(self):
        # Rust builds it, in one way.
        del self.info.settings.compiler
        del self.info.settings.build_type

    def package_info(self):
        self.cpp_info.libs = ["pickle"]
        self.cpp_info.set_property("cmake_file_name", "pickle")
        self.cpp_info.set_property("cmake_target_name", "pickle::pickle")
        self.cpp_info.set_property("pkg_config_name", "pickle")
