// Where the tests find reference data that does not ship with the project: $BRIM_SHARED, else ../shared beside the
// checkout. Cases that need it live in files named *_golden.cpp, which are programs of their own.
#pragma once

#include <string>

namespace brim::test {

/// The absolute path of `relative` ("golden/quant/dequant/manifest.json") under the shared folder; an empty string
/// when it is not there, which marks this program as skipped (the case should then return).
std::string shared_file(const std::string& relative);

/// Prints which files were missing, one line each. Returns `failed` when it is not 0, 77 when a file was missing.
int report_skipped(int failed);

}  // namespace brim::test
