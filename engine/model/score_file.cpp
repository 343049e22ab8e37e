// See score_file.hpp.
#include "engine/model/score_file.hpp"

#include <cmath>
#include <cstring>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::model {
namespace {

constexpr std::int64_t kMaxWidth = std::int64_t{1} << 20, kMaxHeads = std::int64_t{1} << 16;
constexpr std::uint64_t kMaxLayers = std::uint64_t{1} << 16;
/// Of any weight: what is larger could not come from a fit.
constexpr float kMaxWeight = 1e6f;

Error wrong(const io::Gguf& file, std::string_view key, const std::string& expected, const std::string& found) {
  return error(ErrorCode::bad_file, file.path(), ": key ", key, ": expected ", expected, ", found ", found);
}

/// The numbers of an array, copied. `size`: how many there have to be.
template <class Number>
Result<std::vector<Number>> numbers(const io::Gguf& file, std::string_view key, io::ValueType type,
                                    std::optional<std::uint64_t> size, std::uint64_t max) {
  const io::Value* value = file.find(key);
  const io::Array* array = value != nullptr ? value->as_array() : nullptr;
  const char* const of = type == io::ValueType::f32 ? " f32 numbers" : " i32 numbers";
  const std::string expected = size ? sentence(*size, of) : sentence("1 to ", max, of);
  if (array == nullptr || array->element != type) {
    return wrong(file, key, expected, value == nullptr ? "nothing" : io::type_text(*value));
  }
  if (size ? array->count != *size : array->count < 1 || array->count > max) {
    return wrong(file, key, expected, sentence(array->count));
  }
  std::vector<Number> found(static_cast<std::size_t>(array->count));
  if (!found.empty()) std::memcpy(found.data(), array->packed.data(), found.size() * sizeof(Number));
  return found;
}

Result<kv::LearnedScores> read_layers(const io::Gguf& file) {
  kv::LearnedScores scores;
  BRIM_ASSIGN(scores.width, file.integer(kScoresWidthKey, std::nullopt, 1, kMaxWidth));
  BRIM_ASSIGN(const auto heads, numbers<std::int32_t>(file, kScoresHeadsKey, io::ValueType::i32, {}, kMaxLayers));
  BRIM_ASSIGN(const auto r2, numbers<float>(file, kScoresR2Key, io::ValueType::f32, heads.size(), 0));
  std::uint64_t count = 0;  // at most 2^16 layers of 2^16 heads of 2^20 + 1 weights: less than 2^53
  for (const std::int32_t each : heads) {
    if (each < 0 || each > kMaxHeads) {
      return wrong(file, kScoresHeadsKey, sentence("numbers from 0 to ", kMaxHeads), sentence(each));
    }
    count += static_cast<std::uint64_t>(each) * (static_cast<std::uint64_t>(scores.width) + 1);
  }
  BRIM_ASSIGN(const auto weights, numbers<float>(file, kScoresKey, io::ValueType::f32, count, 0));
  for (const float weight : weights) {
    if (!(std::abs(weight) <= kMaxWeight)) {
      return wrong(file, kScoresKey, sentence("numbers of at most ", kMaxWeight), sentence(weight));
    }
  }
  auto next = weights.begin();
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (!(r2[i] <= 1) || !std::isfinite(r2[i])) {
      return wrong(file, kScoresR2Key, "finite numbers of at most 1", sentence(r2[i]));
    }
    const auto own = static_cast<std::ptrdiff_t>(heads[i]) * static_cast<std::ptrdiff_t>(scores.width + 1);
    scores.layers.push_back({heads[i], r2[i], std::vector<float>(next, next + own)});
    next += own;
  }
  scores.hash = kv::score_hash(scores);
  return scores;
}

}  // namespace

void set_scores(io::GgufWriter& writer, const ScoreFile& file) {
  std::vector<std::int32_t> heads;
  std::vector<float> r2, weights;
  for (const kv::LayerScores& layer : file.scores.layers) {
    heads.push_back(layer.heads);
    r2.push_back(layer.r2);
    weights.insert(weights.end(), layer.weights.begin(), layer.weights.end());
  }
  writer.set_u32(kScoresVersionKey, static_cast<std::uint32_t>(kScoresVersion));
  writer.set_string(kScoresFingerprintKey, file.fingerprint);
  writer.set_u32(kScoresWidthKey, static_cast<std::uint32_t>(file.scores.width));
  writer.set_i32s(kScoresHeadsKey, heads);
  writer.set_f32s(kScoresR2Key, r2);
  writer.set_f32s(kScoresKey, weights);
}

Status write_scores(const ScoreFile& file, const std::string& path) {
  io::GgufWriter writer;
  writer.set_string("general.architecture", "brim-kv-scores");
  set_scores(writer, file);
  BRIM_TRY(writer.begin(path));
  return writer.finish();
}

Result<ScoreFile> parse_scores(const io::Gguf& file) {
  if (file.find(kScoresVersionKey) == nullptr) {
    return error(ErrorCode::bad_file, file.path(), " is not a file of scores: it has no key ", kScoresVersionKey);
  }
  BRIM_ASSIGN(const std::int64_t version, file.integer(kScoresVersionKey, std::nullopt, 1, 0xffffffff));
  if (version != kScoresVersion) {
    return error(ErrorCode::unsupported, file.path(), ": key ", kScoresVersionKey, ": expected ", kScoresVersion,
                 ", found ", version, ", which a later Brim has written");
  }
  ScoreFile found;
  BRIM_ASSIGN(found.fingerprint, file.string(kScoresFingerprintKey, std::nullopt));
  BRIM_ASSIGN(found.scores, read_layers(file));
  return found;
}

Status check_scores(const ScoreFile& file, const Config& config, const std::string& fingerprint,
                    const std::string& name) {
  if (file.fingerprint != fingerprint) {
    return error(ErrorCode::bad_file, name, " has scores of another model (", quoted(file.fingerprint),
                 ") than this one (", fingerprint, "); brim calibrate --keep-scores measures them");
  }
  bool same = file.scores.width == config.embedding && file.scores.layers.size() == config.layers.size();
  for (std::size_t i = 0; same && i < config.layers.size(); ++i) {
    const LayerConfig& layer = config.layers[i];
    const bool keeps = layer.mixer != nullptr && layer.mixer->keeps_entries();
    same = file.scores.layers[i].heads == (keeps ? layer.kv_heads : 0);
  }
  if (same) return {};
  return error(ErrorCode::bad_file, name, " has scores for other layers than this model's ", config.layers.size(),
               " of width ", config.embedding, "; brim calibrate --keep-scores measures them");
}

FoundScores carried_scores(const io::Gguf& file, const Config& config, const std::string& fingerprint) {
  if (file.find(kScoresVersionKey) == nullptr && file.find(kScoresKey) == nullptr) return {};
  Result<ScoreFile> found = parse_scores(file);
  Status usable = found ? check_scores(*found, config, fingerprint, file.path()) : Status(found.error());
  if (!usable) return {nullptr, sentence(usable.error().sentence, "; going on without scores")};
  return {std::make_shared<const kv::LearnedScores>(std::move(found->scores)), {}};
}

Result<std::shared_ptr<const kv::LearnedScores>> read_scores(const std::string& path, const Config& config,
                                                             const std::string& fingerprint) {
  BRIM_ASSIGN(const io::Gguf file, io::Gguf::open(path));
  BRIM_ASSIGN(ScoreFile found, parse_scores(file));
  BRIM_TRY(check_scores(found, config, fingerprint, path));
  return std::make_shared<const kv::LearnedScores>(std::move(found.scores));
}

}  // namespace brim::model
