# Read by cpack before each generator. Without dpkg-shlibdeps, CPack creates Debian packages that name no dependencies;
# they can be installed but do not start. So a missing dpkg-shlibdeps is an error.
if(CPACK_GENERATOR STREQUAL "DEB")
  find_program(BRIM_SHLIBDEPS dpkg-shlibdeps)
  if(NOT BRIM_SHLIBDEPS)
    message(FATAL_ERROR "dpkg-shlibdeps is missing, so the Debian packages would name no dependencies: install dpkg-dev, or make "
      "the archive alone with cpack -G TGZ")
  endif()
endif()
