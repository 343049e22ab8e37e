// See platform/system_error_text.hpp.
#include "platform/system_error_text.hpp"

#include <string.h>  // strerrordesc_np (GNU)

namespace brim {

std::string_view system_error_text(int number) {
  const char* text = ::strerrordesc_np(number);
  return text != nullptr ? text : "unknown error";
}

}  // namespace brim
