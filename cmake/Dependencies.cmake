# The only place that looks for other people's libraries. All are packages of Debian 12.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(xsimd REQUIRED)

if(BRIM_ONEDNN)
  find_package(dnnl QUIET)
endif()

if(BRIM_APPS)
  find_package(CLI11 REQUIRED)
  find_package(fmt REQUIRED)
  find_package(mimalloc QUIET)
  pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
endif()

if(BRIM_TESTS)
  find_package(doctest REQUIRED)
endif()
