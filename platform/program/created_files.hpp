// Who may read the files that a program creates.
#pragma once

namespace brim::platform {

/// During its lifetime, files that any thread of this process creates are accessible only to their owner.
class OwnerOnly {
 public:
  OwnerOnly() noexcept;
  ~OwnerOnly();
  OwnerOnly(const OwnerOnly&) = delete;
  OwnerOnly& operator=(const OwnerOnly&) = delete;

 private:
  unsigned before_;
};

}  // namespace brim::platform
