# brim_test(name SOURCES… LIBRARIES…): one doctest program and its ctest entry.
# A program whose data is missing exits with 77, which ctest reports as skipped.
include(CTest)
function(brim_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(test_${name} ${arg_SOURCES})
  brim_defaults(test_${name})
  target_link_libraries(test_${name} PRIVATE ${arg_LIBRARIES} brim_test_support)
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
endfunction()
