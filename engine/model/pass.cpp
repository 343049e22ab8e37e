// See pass.hpp.
#include "engine/model/pass.hpp"

#include "kernels/multiply.hpp"
#include "kernels/threads.hpp"

namespace brim::model {

void apply(const Pass& pass, const float* x, std::initializer_list<Projection> projections) noexcept {
  kernels::Target targets[kernels::kMaxTargets];
  std::size_t count = 0;
  for (const Projection& projection : projections) {
    targets[count++] = {&projection.linear.weight, projection.out, projection.linear.weight.rows};
  }
  const std::int64_t cols = projections.begin()->linear.weight.cols;
  kernels::multiply(pass.runtime, {x, cols, pass.tokens, cols, pass.cancel, pass.roles}, {targets, count},
                    pass.work.product.data());
  const kernels::Table& table = pass.runtime.table;
  for (const auto& [linear, out] : projections) {
    const std::int64_t rows = linear.weight.rows;
    if (linear.scale != 1.0f) table.scale(out, pass.tokens * rows, linear.scale);
    if (linear.bias.empty()) continue;
    for (std::int64_t t = 0; t < pass.tokens; ++t) table.add_scaled(out + t * rows, linear.bias.data(), rows, 1.0f);
  }
}

void apply(const Pass& pass, const quant::Matrix& weight, const float* x, float* out) noexcept {
  kernels::multiply(pass.runtime, weight, x, weight.cols, pass.tokens, out, weight.rows, pass.work.product.data(),
                    pass.cancel, pass.roles);
}

void normalise_row(const kernels::Table& table, const Config& config, const Norm& norm, const float* x,
                   float* out) noexcept {
  const auto width = static_cast<std::int64_t>(norm.weight.size());
  if (config.norms.kind == NormKind::layer) {
    const float* bias = norm.bias.empty() ? nullptr : norm.bias.data();
    table.layer_norm(x, norm.weight.data(), bias, width, config.norm_epsilon, out);
  } else {
    table.rms_norm(x, norm.weight.data(), width, config.norm_epsilon, out);
  }
}

void normalise(const Pass& pass, const float* x, const Norm& norm, float* out) noexcept {
  const auto width = static_cast<std::int64_t>(norm.weight.size());
  kernels::for_chunks(pass.runtime.threads, pass.tokens, [&](std::int64_t t, int) noexcept {
    normalise_row(pass.runtime.table, pass.config, norm, x + t * width, out + t * width);
  });
}

const float* normalised(const Pass& tile, const float* rows, const Norm& norm) noexcept {
  if (norm.empty()) return rows;
  normalise(tile, rows, norm, tile.work.normed.data());
  return tile.work.normed.data();
}

void keep_layer_input(const Pass& pass) noexcept {
  if (pass.config.residual != Residual::parallel) return;
  const std::int64_t width = pass.config.embedding;
  float* kept = pass.work.layer_input.data() + pass.first * width;
  kernels::for_chunks(pass.runtime.threads, pass.tokens, [&](std::int64_t t, int) noexcept {
    std::copy_n(pass.stream() + t * width, width, kept + t * width);
  });
}

void add_branch(const Pass& pass, const Norm& post_norm) noexcept {
  const kernels::Table& table = pass.runtime.table;
  const std::int64_t width = pass.config.embedding;
  float* branch = pass.work.branch.data();
  float* stream = pass.stream();
  if (!post_norm.empty()) normalise(pass, branch, post_norm, branch);
  kernels::for_chunks(pass.runtime.threads, pass.tokens, [&](std::int64_t t, int) noexcept {
    table.add_scaled(stream + t * width, branch + t * width, width, pass.config.residual_scale);
  });
}

}  // namespace brim::model
