# The only place that looks for third-party libraries. All are packages of Debian 12.
if(BRIM_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  # Programs; but not the library of a cross build, nor a program that loads it (BRIM_DYNAMIC).
  add_link_options(
    $<$<AND:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>,$<NOT:$<BOOL:$<TARGET_PROPERTY:BRIM_DYNAMIC>>>>:-static>)
endif()
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(xsimd REQUIRED)
# Debian's target links a library (xtl) that its package neither contains nor needs: everything is in headers.
set_property(TARGET xsimd PROPERTY INTERFACE_LINK_LIBRARIES "")

# oneDNN's own package file requires OpenCL's development files, which the CPU part does not use; so it is found by
# name.
if(BRIM_ONEDNN)
  find_path(BRIM_DNNL_INCLUDE dnnl.hpp)
  find_library(BRIM_DNNL_LIBRARY dnnl)
  if(BRIM_DNNL_INCLUDE AND BRIM_DNNL_LIBRARY)
    add_library(DNNL::dnnl UNKNOWN IMPORTED)
    set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION "${BRIM_DNNL_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${BRIM_DNNL_INCLUDE}")
  endif()
endif()

# Boost's headers, for brim serve and its fuzz targets. A cross build finds those of this machine, if any, and has no use
# for them.
set(BRIM_BOOST_FOUND OFF)
if(BRIM_SERVE AND (BRIM_APPS OR BRIM_TESTS) AND NOT CMAKE_CROSSCOMPILING)
  find_path(BRIM_BOOST_INCLUDE boost/beast/http.hpp)
  if(BRIM_BOOST_INCLUDE)
    file(STRINGS "${BRIM_BOOST_INCLUDE}/boost/version.hpp" BRIM_BOOST_VERSION REGEX "^#define BOOST_VERSION [0-9]+")
    string(REGEX REPLACE "[^0-9]" "" BRIM_BOOST_VERSION "${BRIM_BOOST_VERSION}")
    if(BRIM_BOOST_VERSION GREATER_EQUAL 107400)
      set(BRIM_BOOST_FOUND ON)
    endif()
  endif()
endif()
if(BRIM_TESTS AND NOT BRIM_APPS AND NOT CMAKE_CROSSCOMPILING)
  find_package(fmt QUIET)  # fuzz targets compile some files of the command
endif()

if(BRIM_APPS)
  find_package(CLI11 REQUIRED)
  pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
  find_package(benchmark QUIET)
  if(NOT BRIM_STATIC AND NOT CMAKE_CROSSCOMPILING AND NOT BRIM_SANITIZE AND NOT BRIM_FUZZ)
    find_package(Qt6 QUIET COMPONENTS Widgets Test)
  endif()
  if(BRIM_STATIC)
    # Debian's libfmt-dev has only a shared library; and the libraries that libedit itself needs.
    find_path(BRIM_FMT_INCLUDE fmt/core.h REQUIRED)
    add_library(fmt::fmt INTERFACE IMPORTED)
    set_target_properties(fmt::fmt PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1
      INTERFACE_INCLUDE_DIRECTORIES "${BRIM_FMT_INCLUDE}")
    foreach(name tinfo bsd md)
      find_library(BRIM_LIB_${name} ${name} REQUIRED)
      target_link_libraries(PkgConfig::EDIT INTERFACE "${BRIM_LIB_${name}}")
    endforeach()
  else()
    find_package(fmt REQUIRED)
    find_package(mimalloc QUIET)
  endif()
endif()

if(BRIM_TESTS)
  find_package(doctest REQUIRED)
endif()
