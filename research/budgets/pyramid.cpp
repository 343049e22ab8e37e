// PyramidKV (arXiv 2406.02069): lower layers spread their attention and get more entries, higher layers attend to a few
// entries and get fewer, on a straight line in between. As in the paper's code: in addition to a window of w entries
// for every layer, the last layer gets a twentieth of the average, and the first layer gets the number that makes the
// sum right. Also the same line upside down, which shows whether the direction matters.
#include <algorithm>

#include "engine/kv/budget.hpp"

namespace brim::research {
namespace {

class PyramidSplit : public kv::Split {
 public:
  explicit PyramidSplit(bool inverted) : inverted_(inverted) {}
  std::string_view name() const override { return inverted_ ? "inverted-pyramid" : "pyramid"; }

  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    const double average = std::max(given.average(), 1.0), window = std::min(kWindow, average / 2);
    const double beside = average - window, min = beside / kSteepness, max = 2 * beside - min;
    const double steps = std::max<double>(static_cast<double>(shares.size()) - 1, 1);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double down = static_cast<double>(inverted_ ? shares.size() - 1 - i : i);
      shares[i] = shares.size() == 1 ? 1 : max - down * (max - min) / steps + window;
    }
  }

 private:
  static constexpr double kWindow = 32, kSteepness = 20;
  bool inverted_;
};

}  // namespace

const kv::Split& pyramid_split() {
  static const PyramidSplit instance(false);
  return instance;
}

const kv::Split& inverted_pyramid_split() {
  static const PyramidSplit instance(true);
  return instance;
}

}  // namespace brim::research
