// The file in which `brim calibrate --keep-scores` stores what it learned about a model's entries (kv/learned_scores.hpp),
// and how a session finds it: by its path, or in the model's own metadata. GGUF without tensors, because other programs
// refuse models with tensors that they do not know; versioned, bound to one model by the fingerprint of its file;
// untrusted input.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/io/gguf_writer.hpp"
#include "engine/kv/learned_scores.hpp"
#include "engine/model/config.hpp"

namespace brim::model {

/// Metadata: the weights of all layers one after another (f32), and what is needed to read them. The same keys in a file
/// of scores and in a model that carries them.
inline constexpr std::string_view kScoresKey = "brim.kv.scores";
inline constexpr std::string_view kScoresVersionKey = "brim.kv.scores.version";          ///< u32
inline constexpr std::string_view kScoresFingerprintKey = "brim.kv.scores.fingerprint";  ///< of the model
inline constexpr std::string_view kScoresWidthKey = "brim.kv.scores.width";              ///< u32
inline constexpr std::string_view kScoresHeadsKey = "brim.kv.scores.heads";              ///< i32 per layer
inline constexpr std::string_view kScoresR2Key = "brim.kv.scores.r2";                    ///< f32 per layer
inline constexpr std::int64_t kScoresVersion = 1;

struct ScoreFile {
  kv::LearnedScores scores;
  std::string fingerprint;
};

/// Sets these keys; the fingerprint is that of the model that the scores are for.
void set_scores(io::GgufWriter& writer, const ScoreFile& file);
/// Writes a file of scores, completely or not at all. Errors: those of the writer.
Status write_scores(const ScoreFile& file, const std::string& path);
/// Reads these keys. Errors: bad_file with what was expected and found; unsupported for a later version.
Result<ScoreFile> parse_scores(const io::Gguf& file);
/// Whether these are scores of this model, whose file has this fingerprint. `name` stands for them in sentences. Errors:
/// bad_file.
Status check_scores(const ScoreFile& file, const Config& config, const std::string& fingerprint,
                    const std::string& name);

/// The result of looking for scores that a model carries.
struct FoundScores {
  std::shared_ptr<const kv::LearnedScores> scores;  ///< null: there are no usable ones
  std::string notice;                               ///< why the existing ones cannot be used; else empty
};
FoundScores carried_scores(const io::Gguf& file, const Config& config, const std::string& fingerprint);
/// The scores in the file at `path`. Errors: io; bad_file for one that is not a file of scores of this model.
Result<std::shared_ptr<const kv::LearnedScores>> read_scores(const std::string& path, const Config& config,
                                                             const std::string& fingerprint);

}  // namespace brim::model
