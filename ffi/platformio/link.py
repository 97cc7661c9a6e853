"""Links the archive that `make -C ffi static TARGET=...` has built: custom_pickle_target in platformio.ini names it.

Written after PlatformIO's documentation; not built in CI, where its registry is not to be had.
"""

import pathlib

Import("env")  # noqa: F821 (PlatformIO's own)

target = env.GetProjectOption("custom_pickle_target", "thumbv7m-none-eabi")  # noqa: F821
root = pathlib.Path.cwd().parents[1]
env.Append(LIBPATH=[str(root / "target" / "c" / target / "release")], LIBS=["pickle"])  # noqa: F821
