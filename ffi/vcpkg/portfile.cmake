# A port of vcpkg: `vcpkg install libpickle --overlay-ports=ffi/vcpkg`. Rust's cargo must be there. Tried with vcpkg's
# scripts alone; not built in CI, where vcpkg, which comes from GitHub, is not to be had.
if(DEFINED ENV{PICKLE_SOURCE})
  set(SOURCE_PATH "$ENV{PICKLE_SOURCE}") # a checkout, to try the port
else()
  vcpkg_from_git(
    OUT_SOURCE_PATH SOURCE_PATH
    URL https://github.com/libpickle/libpickle
    REF "v${VERSION}")
endif()
set(VCPKG_BUILD_TYPE release) # one archive: it has nothing that a debugger would show
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}/ffi")
vcpkg_cmake_install()
vcpkg_fixup_pkgconfig()
file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share/pickle")
file(RENAME "${CURRENT_PACKAGES_DIR}/lib/cmake/pickle" "${CURRENT_PACKAGES_DIR}/share/pickle")
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib/cmake")
vcpkg_replace_string("${CURRENT_PACKAGES_DIR}/share/pickle/pickle-config.cmake" "/../../.." "/../..")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE-MIT" "${SOURCE_PATH}/LICENSE-APACHE")
