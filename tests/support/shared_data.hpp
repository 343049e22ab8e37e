// Where the tests find reference data that is not shipped with the project: $BRIM_SHARED, else ../shared next to the
// checkout. Cases that need it are in files named *_golden.cpp, which are separate programs.
#pragma once

#include <string>

namespace brim::test {

/// The absolute path of `relative` ("golden/quant/dequant/manifest.json") under the shared folder; an empty string if
/// it does not exist, which marks this program as skipped (the case should then return).
std::string shared_file(const std::string& relative);

/// Prints which files were missing, one line each. Returns `failed` when it is not 0, 77 when a file was missing.
int report_skipped(int failed);

}  // namespace brim::test
