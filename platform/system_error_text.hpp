// The reason why a system call failed, in words. Not strerror, which answers in the language of the host's locale.
#pragma once

#include <string_view>

namespace brim {

/// "No such file or directory" for ENOENT; "unknown error" for a number that is not an errno value. Any thread.
std::string_view system_error_text(int number);

}  // namespace brim
