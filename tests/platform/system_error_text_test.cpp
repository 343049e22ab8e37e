// Reasons in English, whatever the language of the host's locale.
#include "platform/system_error_text.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <clocale>

using namespace brim;

TEST_CASE("a reason is the same in every locale") {
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) break;  // if one is installed
  }
  CHECK(system_error_text(ENOENT) == "No such file or directory");
  CHECK(system_error_text(99999) == "unknown error");
  std::setlocale(LC_ALL, "C");
}
