// SHA-256 (FIPS 180-4), for reference data that records long results by their hash only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace brim::test {

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> data);

}  // namespace brim::test
