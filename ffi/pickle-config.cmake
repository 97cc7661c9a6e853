# find_package(pickle) gives pickle::pickle (static) and pickle::shared.
get_filename_component(_pickle_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET pickle::pickle)
  add_library(pickle::pickle STATIC IMPORTED)
  set_target_properties(pickle::pickle PROPERTIES
    IMPORTED_LOCATION "${_pickle_prefix}/lib/libpickle.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_pickle_prefix}/include")
  if(EXISTS "${_pickle_prefix}/lib/libpickle.so")
    add_library(pickle::shared SHARED IMPORTED)
    set_target_properties(pickle::shared PROPERTIES
      IMPORTED_LOCATION "${_pickle_prefix}/lib/libpickle.so"
      INTERFACE_INCLUDE_DIRECTORIES "${_pickle_prefix}/include")
  endif()
endif()
unset(_pickle_prefix)
