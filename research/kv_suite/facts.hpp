// Facts to put into a text and to ask for: after RULER (arXiv 2404.06654) a value of a key, several values of a key,
// variables that take over each other's value, and pairs. Names come from the text itself, numbers from a seed. Two
// kinds are worded unlike anything that Brim's demo models were trained on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

struct Fact {
  std::string kind;
  std::vector<std::string> needles;  ///< sentences for the text, in this order
  std::string question;              ///< as a user asks
  std::string beginning;             ///< of the answer: for models that only continue a text
  std::vector<std::string> answers;
};

/// The kinds of facts, in the order in which they take turns.
inline constexpr std::string_view kFactKinds[] = {"code", "belongs", "dial", "codes", "beside", "variables"};
/// Whether facts of this kind are stated and asked for in words that no demo model was trained on.
bool is_held_out(std::string_view kind);

/// Words of 4 to 9 letters in `text`, in lower case, each once, sorted; at most about 5,000.
std::vector<std::string> long_words(const std::string& text);

/// Makes the facts of one text: no two share a name or a number. Not thread-safe.
class FactMaker {
 public:
  /// `words`: at least 40 (kMinWords); it must outlive this object.
  FactMaker(const std::vector<std::string>& words, std::uint64_t seed) : words_(words), state_(seed) {}
  /// The next fact; at most ten of one maker.
  Fact make(std::string_view kind);

 private:
  std::string number();
  std::string name();

  const std::vector<std::string>& words_;
  std::uint64_t state_;
  std::vector<std::string> taken_;
};

inline constexpr std::size_t kMinWords = 40;

}  // namespace brim::apps
