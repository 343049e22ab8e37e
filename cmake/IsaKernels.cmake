# brim_isa_kernels(library): reads kernels/isa.def and builds each folder of the target's CPU family with separate
# flags. Kernel objects are built with at least -O2 and never with link-time optimisation, so that no weak copy of an
# inline function compiled for a strong set can be linked into code for a weak machine. The compiler must not fuse
# products and sums unless the code does: otherwise it may fuse them in one tile shape and not in the next, and a row's
# bits would depend on the other rows in the call. Functions begin at cache lines: otherwise the speed of a kernel
# depends on what is linked before it (Q4_K and Q6_K lost 8 % by 16 bytes, docs/records/speed.md).
function(brim_isa_kernels library)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(family x86_64)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(family aarch64)
  else()
    set(family other)
  endif()
  file(STRINGS "${PROJECT_SOURCE_DIR}/kernels/isa.def" lines REGEX "^ISA\\(")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/kernels/isa.def")
  foreach(line ${lines})
    string(REGEX MATCH "^ISA\\(([a-z0-9_]+), *([a-z0-9_]+), *[^\"]*\"([^\"]*)\"\\)" matched "${line}")
    set(name ${CMAKE_MATCH_1})
    if(NOT CMAKE_MATCH_2 STREQUAL "any" AND NOT CMAKE_MATCH_2 STREQUAL family)
      continue()
    endif()
    if(BRIM_SETS AND NOT name STREQUAL "generic" AND NOT name IN_LIST BRIM_SETS)
      continue()
    endif()
    separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_3}")
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/kernels/${name}/*.cpp")
    if(NOT sources)
      continue()
    endif()
    add_library(brim_kernels_${name} OBJECT ${sources})
    brim_defaults(brim_kernels_${name})
    brim_inside_library(brim_kernels_${name})
    set_target_properties(brim_kernels_${name} PROPERTIES UNITY_BUILD OFF)
    target_compile_options(brim_kernels_${name} PRIVATE -O3 -fno-lto -fno-exceptions -fno-math-errno -fno-trapping-math -ffp-contract=off -falign-functions=64 ${flags})
    if(BRIM_FUZZ OR (NOT BRIM_SANITIZE_SETS AND NOT name STREQUAL "generic"))
      # Fuzzing targets the code above the kernels; with sanitizers, kernels would take clang minutes per file, and
      # inputs seconds each. The same holds for ./run sanitize.
      target_compile_options(brim_kernels_${name} PRIVATE -fno-sanitize=all)
    elseif(BRIM_SANITIZE MATCHES "address" AND NOT name STREQUAL "generic")
      # Unrolled tiles in which the scope of every value is checked take compilers minutes per file.
      target_compile_options(brim_kernels_${name} PRIVATE -O1 -fno-sanitize-address-use-after-scope)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND name MATCHES "avx512|amx")
      # GCC 12 warns about its own _mm512_undefined_*: gcc.gnu.org/bugzilla 105593.
      target_compile_options(brim_kernels_${name} PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized)
    endif()
    target_link_libraries(brim_kernels_${name} PRIVATE brim_quant xsimd)
    target_sources(${library} PRIVATE $<TARGET_OBJECTS:brim_kernels_${name}>)
    set_property(GLOBAL APPEND PROPERTY BRIM_ISA_SETS ${name})
    target_compile_definitions(${library} PRIVATE BRIM_HAS_ISA_${name}=1)
  endforeach()
endfunction()
