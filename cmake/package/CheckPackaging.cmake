# Read by cpack before each generator. Without dpkg-shlibdeps CPack makes Debian packages that name no dependencies, which
# install and then do not start; so that is an error.
if(CPACK_GENERATOR STREQUAL "DEB")
  find_program(BRIM_SHLIBDEPS dpkg-shlibdeps)
  if(NOT BRIM_SHLIBDEPS)
    message(FATAL_ERROR "dpkg-shlibdeps is missing, so the Debian packages would name no dependencies: install dpkg-dev, or make "
      "the archive alone with cpack -G TGZ")
  endif()
endif()
