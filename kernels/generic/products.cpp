// Matrix products for every format: each piece of a row is unpacked to floats and multiplied in double, in eight
// running sums; value c goes to sum c mod 8. Also the plain preparation of activations, which defines the contents of
// the 8-bit kinds.
#include <cmath>
#include <cstring>

#include "kernels/generic/fill.hpp"
#include "quant/half.hpp"
#include "quant/panel.hpp"
#include "quant/row.hpp"

namespace brim::kernels::generic {
namespace {

constexpr std::int64_t kPiece = 256;  ///< values unpacked at once: a multiple of every block length
constexpr int kLanes = 8;
constexpr std::int64_t kTokenTile = 8;

/// One row of weights, packed as in a file or within a panel.
struct Row {
  quant::Format format;
  const std::byte* at;  ///< of the row, or of the panel
  int in_panel;         ///< which of a panel's rows it is; −1: as in a file

  /// `count` weights from column `first` on.
  void unpack(std::int64_t first, std::int64_t count, float* values) const noexcept {
    if (in_panel < 0) {
      quant::unpack_row(format, at + quant::row_bytes(format, first), values, count);
    } else {
      quant::unpack_panel_row(format, at + quant::panel_bytes(format, first), in_panel, values, count);
    }
  }
};

/// `tokens` products of one row.
void multiply_row(const Row& row, std::int64_t cols, const std::byte* activations, std::size_t activation_stride,
                  std::int64_t tokens, float* out, std::int64_t out_stride) noexcept {
  float piece[kPiece];
  for (std::int64_t token = 0; token < tokens; token += kTokenTile) {
    const std::int64_t tile = tokens - token < kTokenTile ? tokens - token : kTokenTile;
    double sums[kTokenTile][kLanes] = {};
    for (std::int64_t c = 0; c < cols; c += kPiece) {
      const std::int64_t count = cols - c < kPiece ? cols - c : kPiece;
      row.unpack(c, count, piece);
      for (std::int64_t t = 0; t < tile; ++t) {
        const std::byte* x = activations + static_cast<std::size_t>(token + t) * activation_stride;
        float values[kPiece];
        std::memcpy(values, x + static_cast<std::size_t>(c) * 4, static_cast<std::size_t>(count) * 4);
        const std::int64_t whole = count / kLanes * kLanes;
        for (std::int64_t i = 0; i < whole; i += kLanes) {
          for (int l = 0; l < kLanes; ++l) {
            sums[t][l] += static_cast<double>(piece[i + l]) * static_cast<double>(values[i + l]);
          }
        }
        for (std::int64_t i = whole; i < count; ++i) {
          sums[t][i - whole] += static_cast<double>(piece[i]) * static_cast<double>(values[i]);
        }
      }
    }
    for (std::int64_t t = 0; t < tile; ++t) {
      double sum = 0;
      for (int l = 0; l < kLanes; ++l) sum += sums[t][l];
      out[(token + t) * out_stride] = static_cast<float>(sum);
    }
  }
}

// One body for all formats: unpacking takes its time per 256 values whatever way the format is passed.

void product_of(quant::Format format, const Product& p) noexcept {
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const std::byte* packed = p.weights + static_cast<std::size_t>(row) * p.row_bytes;
    multiply_row({format, packed, -1}, p.cols, p.activations, p.activation_stride, p.tokens, p.out + row, p.out_stride);
  }
}

void panel_product_of(quant::Format format, const PanelProduct& p) noexcept {
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const std::byte* panel = p.panels + static_cast<std::size_t>(row / quant::kPanelRows) * p.panel_bytes;
    multiply_row({format, panel, static_cast<int>(row % quant::kPanelRows)}, p.cols, p.activations, p.activation_stride,
                 p.tokens, p.out + row, p.out_stride);
  }
}

template <quant::Format kFormat>
void product(const Product& p) noexcept {
  product_of(kFormat, p);
}

template <quant::Format kFormat>
void panel_product(const PanelProduct& p) noexcept {
  panel_product_of(kFormat, p);
}

template <quant::Format kFormat>
void unpack(const std::byte* row, float* values, std::int64_t cols) noexcept {
  quant::unpack_row(kFormat, row, values, cols);
}

void prepare_f32(const float* values, std::int64_t cols, std::byte* out) noexcept {
  std::memcpy(out, values, static_cast<std::size_t>(cols) * sizeof(float));
}

/// Quantises `count` ≤ `room` values under one scale and sets the rest to zero; see Q8Blocks32 for the rules.
float quantise(const float* values, std::int64_t count, int room, std::int8_t* quants) noexcept {
  float largest = 0;
  bool finite = true;
  for (std::int64_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(values[i]);
    finite = finite && magnitude < INFINITY;
    largest = magnitude > largest ? magnitude : largest;
  }
  const bool any = finite && largest >= 1e-36f;
  const float inverse = any ? 127.0f / largest : 0.0f;
  for (int i = 0; i < room; ++i) {
    quants[i] = any && i < count ? static_cast<std::int8_t>(std::nearbyint(values[i] * inverse)) : std::int8_t{0};
  }
  return finite ? any ? largest / 127.0f : 0.0f : NAN;
}

void prepare_q8_32(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for (std::int64_t c = 0; c < cols; c += 256, out += sizeof(Q8Blocks32)) {
    Q8Blocks32 group;
    for (int b = 0; b < 8; ++b) {
      const std::int64_t rest = cols - c - b * 32;
      std::int8_t quants[32];
      group.scales[b] = quantise(values + c + (rest > 0 ? b * 32 : 0),
                                 rest < 0    ? 0
                                 : rest < 32 ? rest
                                             : 32,
                                 32, quants);
      group.sums[b] = 0;
      for (int i = 0; i < 32; ++i) {
        group.sums[b] += quants[i];
        group.quants[q8_32_index(b, i)] = quants[i];
      }
    }
    std::memcpy(out, &group, sizeof group);
  }
}

void prepare_q8_256(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for (std::int64_t c = 0; c < cols; c += 256, out += sizeof(Q8Block256)) {
    Q8Block256 block{};
    block.scale = quantise(values + c, cols - c < 256 ? cols - c : 256, 256, block.quants);
    for (int s = 0; s < 16; ++s) {
      int sum = 0;
      for (int i = 0; i < 16; ++i) sum += block.quants[s * 16 + i];
      block.sums[s] = static_cast<std::int16_t>(sum);
    }
    std::memcpy(out, &block, sizeof block);
  }
}

template <bool kWords>
void prepare_q16(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for (std::int64_t c = 0; c < cols; c += 32, out += sizeof(Q16Block)) {
    const std::int64_t count = cols - c < 32 ? cols - c : 32;
    float largest = 0;
    bool finite = true;
    for (std::int64_t i = 0; i < count; ++i) {
      const float magnitude = std::fabs(values[c + i]);
      finite = finite && magnitude < INFINITY;
      largest = magnitude > largest ? magnitude : largest;
    }
    Q16Block block{};
    if (finite && largest >= 1e-36f) {
      const float inverse = 32512.0f / largest;
      block.scale = largest / 32512.0f;
      for (std::int64_t i = 0; i < count; ++i) {
        const int quant = static_cast<int>(std::nearbyint(values[c + i] * inverse));
        const int high = (quant + 128) >> 8, low = quant - 256 * high;
        const int whole = 256 * high + (low < -127 ? -127 : low);
        block.sums[i / 16] += whole;
        if (kWords) {
          const auto word = static_cast<std::int16_t>(whole);
          std::memcpy(reinterpret_cast<std::byte*>(&block) + kQ16Quants + 2 * i, &word, 2);
        } else {
          block.high[i] = static_cast<std::int8_t>(high);
          block.low[i] = static_cast<std::int8_t>(whole - 256 * high);
        }
      }
    } else if (!finite) {
      block.scale = NAN;
    }
    for (int half = 0; half < 2; ++half) block.weighted_sums[half] = block.scale * static_cast<float>(block.sums[half]);
    block.sum = block.sums[0] + block.sums[1];
    block.weighted_sum = block.scale * static_cast<float>(block.sum);
    std::memcpy(out, &block, sizeof block);
  }
}

void prepare_bf16(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for (std::int64_t c = 0; c < (cols + 31) / 32 * 32; ++c) {
    const std::uint16_t bits = c < cols ? quant::f32_to_bf16(values[c]) : std::uint16_t{0};
    std::memcpy(out + 2 * c, &bits, sizeof bits);
  }
}

}  // namespace

void fill_products(Table& table) {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes)                                           \
  table.activation[static_cast<int>(quant::Format::identifier)] = Activation::f32;                             \
  table.product[static_cast<int>(quant::Format::identifier)] = product<quant::Format::identifier>;             \
  table.panels_pay[static_cast<int>(quant::Format::identifier)] = false;                                       \
  table.panel_activation[static_cast<int>(quant::Format::identifier)] = Activation::f32;                       \
  table.panel_product[static_cast<int>(quant::Format::identifier)] = panel_product<quant::Format::identifier>; \
  table.panel_gemm[static_cast<int>(quant::Format::identifier)] = nullptr;                                     \
  table.unpack[static_cast<int>(quant::Format::identifier)] = unpack<quant::Format::identifier>;
#include "quant/formats.def"
#undef FORMAT
  table.prepare[static_cast<int>(Activation::f32)] = prepare_f32;
  table.prepare[static_cast<int>(Activation::q8_32)] = prepare_q8_32;
  table.prepare[static_cast<int>(Activation::q8_256)] = prepare_q8_256;
  table.prepare[static_cast<int>(Activation::q16_32)] = prepare_q16<false>;
  table.prepare[static_cast<int>(Activation::q16_words)] = prepare_q16<true>;
  table.prepare[static_cast<int>(Activation::bf16)] = prepare_bf16;
}

}  // namespace brim::kernels::generic
