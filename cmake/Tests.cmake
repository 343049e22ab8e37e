# brim_test(name SOURCES… LIBRARIES… [LABEL label] [ARGUMENTS…] [EVERY_SET]): one doctest program and its ctest entry.
#
# A program whose data is missing exits with 77, which ctest reports as skipped.
#
# EVERY_SET: a second entry, <name>_generic, runs the program with the plain kernels instead of the machine's best ones,
# without the cases of the suite "above the kernels": what these check (samplers) is the same code for every set, and
# with slow kernels they would only take time.
# In a cross build for ARM, further entries imitate processors that lack some features: <name>_cortex_a72 (plain NEON),
# <name>_cortex_a76 (dot products too), <name>_max_sve_off (all but the long vectors); the first entry has all features.
include(CTest)
if(CMAKE_CROSSCOMPILING AND CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(brim_imitated_cpus cortex-a72 cortex-a76 "max,sve=off")
endif()
function(brim_test name)
  cmake_parse_arguments(arg "EVERY_SET" "LABEL" "SOURCES;LIBRARIES;ARGUMENTS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  brim_defaults(test_${name})
  # The tested code is in the libraries; more optimisation here only makes the tests take half as long again to compile.
  target_compile_options(test_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_link_libraries(test_${name} PRIVATE ${arg_LIBRARIES} brim_test_support)
  if(NOT "OpenMP::OpenMP_CXX" IN_LIST arg_LIBRARIES)  # its flags are others
    brim_precompile_test(test_${name})
  endif()
  brim_test_entry(${name} ${arg_LABEL} test_${name} ${arg_ARGUMENTS})
  if(arg_EVERY_SET)
    brim_test_entry(${name}_generic ${arg_LABEL} test_${name} "--test-suite-exclude=above the kernels")
    set_property(TEST ${name}_generic APPEND PROPERTY ENVIRONMENT BRIM_ISA=generic)
    foreach(cpu ${brim_imitated_cpus})
      string(REGEX REPLACE "[^a-z0-9]+" "_" suffix ${cpu})
      brim_test_entry(${name}_${suffix} ${arg_LABEL} test_${name})
      set_property(TEST ${name}_${suffix} APPEND PROPERTY ENVIRONMENT "QEMU_CPU=${cpu}")
    endforeach()
  endif()
endfunction()

# brim_precompile_test(target): parses tests/support/precompiled.hpp once for all test programs instead of once for each
# of their files. The first program compiles it; all have the same flags.
function(brim_precompile_test target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # What GCC 12 warns about in std::string by mistake (Warnings.cmake), it does not recognise as a system header's here.
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
  endif()
  get_property(owner GLOBAL PROPERTY brim_precompiled_tests)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/precompiled.hpp")
    set_property(GLOBAL PROPERTY brim_precompiled_tests ${target})
  endif()
endfunction()

# brim_test_entry(name label command…): a ctest entry with the rules that all entries share.
function(brim_test_entry name label)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS ${label} SKIP_RETURN_CODE 77 TIMEOUT 600
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  if(brim_imitated_cpus)
    set_tests_properties(${name} PROPERTIES TIMEOUT 2400 ENVIRONMENT QEMU_CPU=max)
  endif()
  # On a fresh clone ctest knows no durations: what takes longest must begin first, or one core waits at the end.
  if(name MATCHES "_generic$|^memory_|^app_(peers|terminal)$|^engine_(generate|kv|api|template)|^kernels$|^doubling$|^fuzz_api_sequences$|^bindings_|^faults_io$|^install$")
    set_tests_properties(${name} PROPERTIES COST 10)
  endif()
  if(name MATCHES "^engine_generate(_speculation_golden|_trained_golden)?_generic$|^memory_(failing_allocation|promise)$|^engine_generate(_openmp)?$|^app_(peers|terminal)$")
    set_tests_properties(${name} PROPERTIES COST 40)
  endif()
  if(BRIM_SANITIZE)
    set_tests_properties(${name} PROPERTIES TIMEOUT 2400)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
      "UBSAN_OPTIONS=print_stacktrace=1"
      "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
  endif()
endfunction()
