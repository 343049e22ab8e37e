// Any key with any value as options of a model, of a session, and as a change to an existing session: refused with a
// sentence or accepted, and an accepted value passes the sampler's own checks. Input: lines of "key=value".
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/api/options.hpp"
#include "engine/base/size_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brim;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  api::OptionList list;
  generate::SessionOptions living;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    const std::string key(line.substr(0, equals));
    const std::string value(equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1));
    list.emplace_back(key, value);
    const auto change = api::change_option(living, key, value);
    if (!change && change.error().sentence.empty()) std::abort();
    (void)parse_size(value);
    (void)kv::parse_budget(value);
  }
  (void)api::model_options(list);
  const auto session = api::session_options(list);
  if (session && !generate::check(session->sampling)) std::abort();
  return 0;
}
