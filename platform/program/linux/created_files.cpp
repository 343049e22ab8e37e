// See platform/program/created_files.hpp.
#include "platform/program/created_files.hpp"

#include <sys/stat.h>

namespace brim::platform {

OwnerOnly::OwnerOnly() noexcept : before_(::umask(077)) {}
OwnerOnly::~OwnerOnly() { ::umask(static_cast<mode_t>(before_)); }

}  // namespace brim::platform
