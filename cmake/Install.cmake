# What other programs get: the library as one shared and one static file, the headers, a package for find_package and
# one for pkg-config, the command, and archives of all of these (cpack). Only brim_* symbols are exported by the shared
# library.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# All of Brim's static libraries, merged into one. Their order does not matter within one archive.
set(brim_libraries brim_api brim_schedule brim_generate brim_run brim_model brim_kv brim_io brim_template brim_text brim_kernels brim_quant brim_platform brim_base)
# The additional libraries that a program needs when it links the static library; they depend on BRIM_THREADS.
if(BRIM_THREADS STREQUAL "openmp")
  set(brim_thread_libraries "gomp;pthread")
  set(brim_thread_flags "-lgomp -lpthread")
else()
  set(brim_thread_libraries "pthread")
  set(brim_thread_flags "-lpthread")
endif()
set(brim_archive "${CMAKE_CURRENT_BINARY_DIR}/libbrim.a")
set(script "CREATE ${brim_archive}\n")
foreach(part ${brim_libraries})
  string(APPEND script "ADDLIB $<TARGET_FILE:${part}>\n")
endforeach()
file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/libbrim.mri" CONTENT "${script}SAVE\nEND\n")
add_custom_command(OUTPUT "${brim_archive}"
  COMMAND ${CMAKE_COMMAND} -E rm -f "${brim_archive}"
  COMMAND ${CMAKE_AR} -M < "${CMAKE_CURRENT_BINARY_DIR}/libbrim.mri"
  DEPENDS ${brim_libraries} "${CMAKE_CURRENT_BINARY_DIR}/libbrim.mri" VERBATIM
  COMMENT "Joining libbrim.a")
add_custom_target(brim_archive ALL DEPENDS "${brim_archive}")

# A static build for other machines installs no shared library. But in a cross build the tests load one: otherwise no
# test would show how a compiler for another machine implements thread-local storage.
if(NOT BRIM_STATIC OR CMAKE_CROSSCOMPILING)
  set(exports "${PROJECT_SOURCE_DIR}/engine/api/exports.map")
  add_library(brim_library SHARED)
  set_target_properties(brim_library PROPERTIES OUTPUT_NAME brim VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE CXX LINK_DEPENDS "${exports}")
  set_property(TARGET brim_library APPEND PROPERTY SOURCES $<TARGET_OBJECTS:brim_api>)
  target_link_libraries(brim_library PRIVATE ${brim_libraries})
  target_link_options(brim_library PRIVATE "LINKER:--version-script=${exports}" LINKER:--gc-sections LINKER:--as-needed LINKER:-z,now)
endif()
if(NOT BRIM_STATIC)
  install(TARGETS brim_library LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
    NAMELINK_COMPONENT dev)
endif()

install(FILES engine/include/brim/brim.h engine/include/brim/document.h engine/include/brim/brim.hpp engine/include/brim/model.hpp engine/include/brim/session.hpp
  engine/include/brim/scheduler.h engine/include/brim/scheduler.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/brim COMPONENT dev)
install(FILES "${brim_archive}" DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
configure_file(cmake/package/brim.pc.in brim.pc @ONLY)
configure_package_config_file(cmake/package/brimConfig.cmake.in brimConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/brim
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(brimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/brim.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/brimConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/brimConfigVersion.cmake"
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/brim COMPONENT dev)
if(BRIM_APPS)
  install(TARGETS brim_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  # Written during the build (apps/CMakeLists.txt); a cross build without an emulator has none.
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/apps/brim.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools OPTIONAL)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/apps/brim.bash" RENAME brim COMPONENT tools OPTIONAL
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  if(TARGET brim_openmp)
    install(TARGETS brim_openmp LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/brim COMPONENT tools)
  endif()
endif()

# Everything that the rules above install, as one target: `./run install` and `./run package` build it first.
add_custom_target(installed DEPENDS brim_archive)
foreach(target brim_library brim_command)
  if(TARGET ${target})
    add_dependencies(installed ${target})
  endif()
endforeach()

# cpack: one .tar.gz of everything; brim, libbrim0 and libbrim-dev for Debian.
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_NAME brim)
set(CPACK_PACKAGE_VENDOR Brim)
set(CPACK_PACKAGE_CONTACT "Brim <brim@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Language models on CPUs inside a KV-memory budget")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_STRIP_FILES ON)
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_SOURCE_DIR}/cmake/package/CheckPackaging.cmake")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL library dev tools)  # the Node package is only in the archive of everything
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libbrim${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libbrim-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libbrim${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION}), libpcre2-dev, libutf8proc-dev")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME brim)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
include(CPack)
