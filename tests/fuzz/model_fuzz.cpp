// Any bytes as a model file, through everything that loads one: refused with a sentence, or it loads and then processes
// a prompt and decodes a few tokens inside a small budget.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/model/model.hpp"
#include "engine/run/sequence.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brim;
  const int file = memfd_create("model", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const auto model = model::Model::load("/proc/self/fd/" + std::to_string(file));
  close(file);
  if (!model) {
    if (model.error().sentence.empty()) std::abort();
    return 0;
  }
  run::SequenceOptions options;
  options.context = 64;
  options.budget = {kv::BudgetRequest::Kind::bytes, 1 << 20, 0};
  const auto plan = run::plan_memory((*model)->config(), (*model)->table(), options);
  if (!plan || plan->total() > (1 << 26)) return 0;
  const auto sequence = run::Sequence::create(*model, options);
  if (!sequence) return 0;
  for (std::int32_t step = 0; step < 3; ++step) {
    const std::int32_t ids[] = {0, static_cast<std::int32_t>((*model)->config().vocabulary - 1)};
    if (!(*sequence)->read(ids, {}, nullptr) || !(*sequence)->logits()) std::abort();
  }
  return 0;
}
