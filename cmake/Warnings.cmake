# brim_defaults(target): the flags that every target of Brim is built with — warnings, include root, sanitizers.
function(brim_defaults target)
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wno-unused-parameter
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 warns about joining std::string and a literal: gcc.gnu.org/bugzilla 105651.
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(BRIM_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${BRIM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${BRIM_SANITIZE})
  endif()
  if(BRIM_FUZZ)
    target_compile_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# brim_inside_library(target): code that becomes part of libbrim exports only the C interface, in the static library
# too. Each function has its own section, so that the linker can remove functions that are never called.
function(brim_inside_library target)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endfunction()
