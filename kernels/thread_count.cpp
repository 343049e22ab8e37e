// default_threads(): how many threads this process can really use. One per physical core, because hardware threads of
// one core share the units that the kernels fill; efficiency cores are left out, because a slow core makes the fast
// ones wait at the end of each product.
#include <algorithm>

#include "kernels/threads.hpp"
#include "platform/cpus.hpp"

namespace brim::kernels {

int default_threads(const std::string& root_folder) {
  const std::string root = root_folder.empty() || root_folder.back() != '/' ? root_folder + "/" : root_folder;
  const std::set<int> cpus = platform::performance_cpus(root, platform::allowed_cpus(root));
  const int threads = std::max(1, platform::count_cores(root, cpus)), quota = platform::cpu_quota(root);
  return quota > 0 ? std::min(threads, quota) : threads;
}

}  // namespace brim::kernels
