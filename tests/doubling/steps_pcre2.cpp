// PCRE2 for the counted files: it calls back before every item of a pattern that it tries, and each call counts as a
// step. The just-in-time compiler is left out, so that the numbers do not depend on the machine.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tests/doubling/steps.hpp"

namespace {

int count_callout(pcre2_callout_block*, void*) {
  brim::test::count_steps(1);
  return 0;
}

}  // namespace

extern "C" {

pcre2_code* __real_pcre2_compile_8(PCRE2_SPTR pattern, PCRE2_SIZE length, std::uint32_t options, int* error,
                                   PCRE2_SIZE* offset, pcre2_compile_context* context);
pcre2_code* __wrap_pcre2_compile_8(PCRE2_SPTR pattern, PCRE2_SIZE length, std::uint32_t options, int* error,
                                   PCRE2_SIZE* offset, pcre2_compile_context* context) {
  return __real_pcre2_compile_8(pattern, length, options | PCRE2_AUTO_CALLOUT, error, offset, context);
}

int __wrap_pcre2_jit_compile_8(pcre2_code*, std::uint32_t) { return 0; }

int __real_pcre2_match_8(const pcre2_code* code, PCRE2_SPTR subject, PCRE2_SIZE length, PCRE2_SIZE start,
                         std::uint32_t options, pcre2_match_data* match, pcre2_match_context* context);
int __wrap_pcre2_match_8(const pcre2_code* code, PCRE2_SPTR subject, PCRE2_SIZE length, PCRE2_SIZE start,
                         std::uint32_t options, pcre2_match_data* match, pcre2_match_context* context) {
  pcre2_set_callout(context, count_callout, nullptr);
  const int found = __real_pcre2_match_8(code, subject, length, start, options, match, context);
  // The text that a repeated class scans within one item: up to the end of the match, or of the subject.
  const PCRE2_SIZE end = found > 0 ? pcre2_get_ovector_pointer(match)[1] : length;
  brim::test::count_steps(1 + (end - start) / 16);
  return found;
}

}  // extern "C"
