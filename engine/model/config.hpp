// What kind of transformer a model is, as plain data: the numbers from its metadata and the few switches in which the
// supported architectures differ. It drives the single decoder; one file per architecture fills it (architectures/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/kv/ids.hpp"
#include "engine/kv/plan.hpp"

namespace brim::model {

/// Which values of a head a rotation pairs.
enum class RopePairs { interleaved /* x[2i], x[2i+1] */, halves /* x[i], x[i + n/2] */ };

enum class RopeScaling { none, linear, yarn, longrope };

/// How positions become angles. The frequencies themselves: engine/model/rope.hpp.
struct RopeConfig {
  RopePairs pairs = RopePairs::interleaved;
  int dimensions = 0;         ///< rotated values of each head, from `first` on; even, within the head
  int window_dimensions = 0;  ///< the same on layers with a window; 0: as many
  int first = 0;              ///< the first rotated value of a head
  double base = 10000.0;
  double window_base = 10000.0;       ///< base on layers with a window, where the architecture has one
  bool separate_window_base = false;  ///< layers with a window use window_base and no scaling
  RopeScaling scaling = RopeScaling::none;
  bool needs_factors = false;  ///< the scaling is a divisor per frequency, in the file's tensors (llama3, longrope)
  double factor = 1.0;         ///< linear and yarn: positions are divided by it
  std::int64_t original_context = 0;
  double attention_factor = 1.0;  ///< multiplies cosines and sines
  double yarn_beta_fast = 32.0, yarn_beta_slow = 1.0, yarn_extrapolation = 1.0;
  double yarn_log_multiplier = 0.0;  ///< not 0: divides what YaRN multiplies cosines and sines by (rope.hpp)

  int dimensions_of(bool windowed) const { return windowed && window_dimensions > 0 ? window_dimensions : dimensions; }
  /// Cosines of one position, of either kind of layer, take this many places.
  int max_pairs() const { return (dimensions > window_dimensions ? dimensions : window_dimensions) / 2; }
};

enum class Activation {
  silu,          ///< only with a gate
  gelu,          ///< in its tanh form
  relu_squared,  ///< max(0, x)²
  clamped_silu   ///< only with a gate: kernels::Table::clamped_swiglu
};
/// Normalisation of queries and keys before rotation.
enum class QueryKeyNorm { none, per_head, whole_row };

enum class NormKind { rms, layer /* subtracts the mean, and may have a bias */ };

/// What a layer normalises, besides queries and keys, and how.
struct NormConfig {
  NormKind kind = NormKind::rms;
  bool before = true;   ///< the input of mixer and feed-forward
  bool inside = false;  ///< what their last matrix is multiplied with ("sub norms")
  bool after = false;   ///< what they add to the residual stream
  /// The tensor for the input of the feed-forward; empty: it is that of the mixer.
  std::string_view feed_forward = "ffn_norm";
  std::string_view output = "output_norm";  ///< the tensor for the stream behind the last layer
};

/// What the feed-forward of a layer sees: the residual stream after the mixer, or, as the mixer does, before it.
enum class Residual { sequential, parallel };

/// Attention's temperature (Llama 4): queries are multiplied by 1 + scale · ln(1 + floor(position / period)).
struct QueryTemperature {
  double scale = 0.0;  ///< 0: none
  std::int64_t period = 1;
};

/// The steps after a layer's mixer.
enum class FeedForward {
  none,
  gated,             ///< down · (activation(gate · x) × (up · x))
  plain,             ///< down · activation(up · x)
  experts,           ///< the gated ones that a router chooses
  dense_and_experts  ///< a gated one and those that a router chooses, of the same stream, each with norms of its own
};

/// How a router's outputs become the weights of experts.
enum class RouterScore {
  softmax,           ///< over all experts
  sigmoid,           ///< of each expert
  softmax_of_chosen  ///< over those that are chosen, by the outputs themselves
};

class Mixer;
const Mixer& attention_mixer();

/// The kind of a layer (layers/), and its sizes.
struct LayerConfig {
  const Mixer* mixer = &attention_mixer();  ///< what it does between tokens; null: nothing
  FeedForward kind = FeedForward::gated;
  int heads = 0;
  int kv_heads = 0;
  int key_size = 0;  ///< values per head of queries and keys
  int value_size = 0;
  std::int64_t feed_forward_width = 0;  ///< of all kinds but `experts`
  std::int64_t window = 0;              ///< 0: attends to all entries
  bool rope = true;
  /// An earlier layer whose entries it attends to; it has none, and neither keys nor values, of its own.
  std::optional<kv::LayerId> entries_of{};

  bool keeps_entries() const;
};

/// Sizes of layers that keep a state of fixed size in place of entries (short convolutions, linear attention, state
/// spaces). Heads of values share heads of keys and queries, as in attention with several query heads for a KV head.
struct RecurrentConfig {
  int taps = 0;  ///< tokens that a causal convolution sees, the newest one included
  int heads = 0;
  int key_heads = 0;  ///< a divisor of `heads`
  int key_size = 0;   ///< values of a key, which are the rows of a head's state
  int value_size = 0;
  bool neighbours_share =
      true;                  ///< `heads` / `key_heads` neighbouring heads share one of keys; else every key_heads-th
  bool fused_input = false;  ///< ssm_in holds the rows of q, k, v and z of each key head one after another

  std::int64_t inner() const { return std::int64_t{heads} * value_size; }
  std::int64_t keys() const { return std::int64_t{key_heads} * key_size; }
  /// What the convolution goes over: queries, keys and values.
  std::int64_t channels() const { return inner() + 2 * keys(); }
  int key_head(int head) const { return neighbours_share ? head / (heads / key_heads) : head % key_heads; }
};

/// Sizes of latent attention (layers/latent_attention.cpp). A layer's key_size and value_size are those of what is
/// kept, and RopeConfig::first is the size of a latent vector.
struct LatentConfig {
  std::int64_t query_size = 0;  ///< of the vector that queries are projected from; 0: from the stream itself
  int plain_size = 0;           ///< values of a head's query that are not rotated
  int value_size = 0;           ///< of a head
};

struct Config {
  std::string architecture;
  std::string name;            ///< general.name, may be empty
  std::int64_t context = 0;    ///< trained positions
  std::int64_t embedding = 0;  ///< width of the residual stream
  std::int64_t vocabulary = 0;
  std::vector<LayerConfig> layers;
  const LayerConfig& layer(kv::LayerId id) const { return layers[kv::index_of(id)]; }
  /// Of the largest head of any layer; 0 without attention.
  int max_key_size() const;
  int max_value_size() const;
  NormConfig norms;
  float norm_epsilon = 1e-5f;
  Residual residual = Residual::sequential;
  RopeConfig rope;
  QueryTemperature query_temperature;

  Activation activation = Activation::silu;
  QueryKeyNorm query_key_norm = QueryKeyNorm::none;
  bool query_gate = false;  ///< attn_q holds, head by head, a query and a gate: its sigmoid multiplies the output
  bool value_norm = false;  ///< values are RMS-normalised head by head, without factors
  bool keys_without_values = false;  ///< without attn_v, values are the keys as they are before norm and rotation
  bool fused_qkv = false;            ///< attn_qkv holds the rows of q, k and v
  bool fused_gate_up = false;        ///< ffn_up holds the rows of gate and up
  bool attention_sinks = false;      ///< each head has a learned logit without a value (attend.hpp)
  bool output_bias = false;          ///< logits have a bias
  float embedding_scale = 1.0f;      ///< multiplies token embeddings
  float residual_scale = 1.0f;       ///< multiplies what attention and feed-forward add to the stream
  float attention_scale = 0.0f;      ///< multiplies q·k
  float logit_scale = 1.0f;          ///< multiplies logits
  float attention_soft_cap = 0.0f;   ///< 0: none
  float logit_soft_cap = 0.0f;

  RecurrentConfig recurrent;
  LatentConfig latent;

  int experts = 0;  ///< 0: dense
  int experts_used = 0;
  std::int64_t expert_feed_forward = 0;
  RouterScore router_score = RouterScore::softmax;
  bool expert_weights_normalised = true;  ///< the chosen experts' weights are divided by their sum
  float expert_weights_scale = 1.0f;      ///< multiplies them after that
  bool gated_experts = true;              ///< false: each is down · activation(up · x), the shared ones too
  int expert_groups = 1;                  ///< of neighbouring experts: those are chosen from the best groups alone,
  int expert_groups_used = 1;             ///< which are this many
  std::int64_t shared_expert_feed_forward = 0;  ///< width of experts that every token uses, together; 0: none

  std::int64_t layer_embedding = 0;  ///< width of embeddings that each layer has of its own (layer_input.hpp); 0: none
  bool layer_scales = false;         ///< a layer's output may be multiplied by a factor in the file

  std::int64_t next_token_layers = 0;     ///< blocks after `layers` that predict further tokens (nextn, MTP): not used
  std::vector<std::string> unknown_keys;  ///< of the architecture, in the file and not read; for a warning

  bool has_experts() const { return experts > 0; }
};

/// Reads and checks the configuration. Errors: unsupported with the list of known architectures for an unknown one;
/// bad_file naming file, key, expected and found.
Result<Config> read_config(const io::Gguf& file);

/// "llama, qwen2, …"
std::string architecture_names();

/// The cache's view of a model: KV heads, sizes and windows per layer, for a context of this many positions.
kv::Shape kv_shape(const Config& config, std::int64_t context, kernels::KvTypes types);

}  // namespace brim::model
