// One training step of a llama on CPU cores: forward, backward, Muon and AdamW for flat arrays of parameters. Called from
// fast_cpu.py through the C functions at the end; gradients are checked there against PyTorch (check_gradients.py).
//
// Threads share nothing but the packed weights: each takes the next micro-batch, runs it through all layers in its own
// buffers and adds to its own gradient, so a core that is busy elsewhere delays no other. Sums are float32, operands bfloat16.
#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "attention.hpp"
#include "layout.hpp"
#include "muon.hpp"

namespace demo {
namespace {

/// Buffers of one thread for micro-batches of up to `rows` tokens.
struct Worker {
  struct Layer {
    std::vector<float> x, middle, scale1, scale2, sums;
    std::vector<Bf16> h1, qkv, mixed, h2, both, act;
  };
  std::vector<Layer> layers;
  std::vector<float> x, scale, dx, dh, logits, gradient;
  std::vector<Bf16> h, dxb, dact, dboth, dmixed, dqkv, dlogits;
  std::vector<Pair> left, right;
  AttentionScratch attention;
  std::vector<float> change;
  Orthogonaliser orthogonaliser;
  double loss = 0;

  static constexpr size_t kLogitRows = 256;

  Worker(const Layout& l, size_t rows)
      : layers(l.layers), x(rows * l.d), scale(rows), dx(rows * l.d), dh(rows * l.d), logits(kLogitRows * l.vocabulary),
        gradient(l.total), h(rows * l.d), dxb(rows * l.d), dact(rows * l.f), dboth(rows * 2 * l.f), dmixed(rows * l.d),
        dqkv(rows * l.qkv), dlogits(kLogitRows * l.vocabulary), left(256 * std::max(l.vocabulary, 2 * l.f)),
        right(256 * std::max(l.d, 2 * l.f)), attention(rows) {
    for (Layer& layer : layers) {
      layer.x.resize(rows * l.d), layer.middle.resize(rows * l.d);
      layer.scale1.resize(rows), layer.scale2.resize(rows), layer.sums.resize(rows * l.heads);
      layer.h1.resize(rows * l.d), layer.qkv.resize(rows * l.qkv), layer.mixed.resize(rows * l.d);
      layer.h2.resize(rows * l.d), layer.both.resize(rows * 2 * l.f), layer.act.resize(rows * l.f);
    }
  }
};

/// The weights as the products want them: panels for the forward pass and for the derivative towards the input.
struct Packed {
  struct Matrix {
    size_t offset, outputs, inputs;
    std::vector<Pair> forward, backward;
  };
  std::vector<Matrix> matrices;  // qkv, o, both, down of each layer, then the embedding
  std::vector<Bf16> narrow_copy;

  explicit Packed(const Layout& l) : narrow_copy(l.total) {
    for (size_t i = 0; i < l.layers; ++i) {
      add(l.at(i).qkv, l.qkv, l.d);
      add(l.at(i).o, l.d, l.d);
      add(l.at(i).both, 2 * l.f, l.d);
      add(l.at(i).down, l.d, l.f);
    }
    add(l.embedding, l.vocabulary, l.d);
  }
  void add(size_t offset, size_t outputs, size_t inputs) {
    matrices.push_back({offset, outputs, inputs, std::vector<Pair>(outputs * inputs / 2), {}});
    matrices.back().backward.resize(outputs * inputs / 2);
  }
  void pack(size_t index, const float* parameters) {
    Matrix& m = matrices[index];
    Bf16* rows = narrow_copy.data() + m.offset;
    narrow_all(parameters + m.offset, m.outputs * m.inputs, rows);
    pack_transposed(rows, m.inputs, m.inputs, m.outputs, m.forward.data());
    pack_rows(rows, m.inputs, m.outputs, m.inputs, m.backward.data());
  }
};

class Trainer {
 public:
  Trainer(const Layout& layout, size_t rows, size_t threads, size_t context, double base)
      : layout_(layout), packed_(layout), rotation_(context, kHead, base) {
    for (size_t i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>(layout, rows));
  }

  /// Losses of `count` sequences of `length` tokens, `together` of them a micro-batch. With `learn` the derivative of
  /// Σ weights·loss is left in the first worker's gradient. losses, best: [count·length], or null. narrowed: [count] or null;
  /// bit i: layer i of the sequence sees its first and latest entries only.
  double run(const float* parameters, const int32_t* tokens, const int32_t* targets, const float* weights,
             const int32_t* narrowed, size_t count, size_t length, size_t together, bool learn, float* losses, int32_t* best) {
    parallel(packed_.matrices.size(), [&](size_t, size_t index) { packed_.pack(index, parameters); });
    for (auto& worker : workers_) {
      worker->loss = 0;
      if (learn) std::fill(worker->gradient.begin(), worker->gradient.end(), 0.0f);
    }
    parallel((count + together - 1) / together, [&](size_t thread, size_t item) {
      const size_t start = item * together * length;
      const size_t rows = std::min(together, count - item * together) * length;
      Worker& worker = *workers_[thread];
      const int32_t* layers = narrowed ? narrowed + item * together : nullptr;
      forward(worker, parameters, tokens + start, layers, rows, length);
      head(worker, parameters, targets + start, weights + start, rows, learn, losses ? losses + start : nullptr,
           best ? best + start : nullptr);
      if (learn) backward(worker, parameters, tokens + start, layers, rows, length);
    });
    double loss = 0;
    for (auto& worker : workers_) loss += worker->loss;
    return loss;
  }

  /// Muon for the layers' matrices, AdamW for embedding and gains, on the gradient of the last run. `decay` is applied to
  /// matrices only. Returns the gradient's norm before clipping.
  double update(float* parameters, float* first, float* second, float rate, float beta1, float beta2, float decay, float clip,
                int64_t steps) {
    constexpr size_t kSpan = 1 << 16;
    const size_t parts = (layout_.total + kSpan - 1) / kSpan;
    std::vector<double> squares(parts);
    float* gradient = workers_[0]->gradient.data();
    parallel(parts, [&](size_t, size_t part) {
      const size_t end = std::min(layout_.total, (part + 1) * kSpan);
      for (size_t worker = 1; worker < workers_.size(); ++worker) {
        const float* other = workers_[worker]->gradient.data();
        for (size_t i = part * kSpan; i < end; ++i) gradient[i] += other[i];
      }
      double sum = 0;
      for (size_t i = part * kSpan; i < end; ++i) sum += static_cast<double>(gradient[i]) * gradient[i];
      squares[part] = sum;
    });
    double sum = 0;
    for (double value : squares) sum += value;
    const double norm = std::sqrt(sum);
    if (!std::isfinite(norm)) return norm;
    const float factor = norm > clip ? static_cast<float>(clip / norm) : 1.0f;
    const auto count = static_cast<double>(steps);
    const float size = static_cast<float>(rate * std::sqrt(1 - std::pow(beta2, count)) / (1 - std::pow(beta1, count)));
    const auto floor = static_cast<float>(1e-8 * std::sqrt(1 - std::pow(beta2, count)));
    const auto adam = [&](size_t start, size_t end, float kept) {
      for (size_t i = start; i < end; ++i) {
        const float g = gradient[i] * factor;
        first[i] = beta1 * first[i] + (1 - beta1) * g;
        second[i] = beta2 * second[i] + (1 - beta2) * g * g;
        parameters[i] = parameters[i] * kept - size * first[i] / (std::sqrt(second[i]) + floor);
      }
    };
    const std::vector<Layout::Matrix> matrices = layout_.matrices();
    const float keep = 1.0f - rate * decay;
    parallel(matrices.size() + 1, [&](size_t thread, size_t item) {
      if (item == matrices.size()) {
        adam(0, layout_.vocabulary * layout_.d, keep);
        for (size_t i = 0; i < layout_.layers; ++i) {
          adam(layout_.at(i).gain1, layout_.at(i).gain1 + layout_.d, 1.0f);
          adam(layout_.at(i).gain2, layout_.at(i).gain2 + layout_.d, 1.0f);
        }
        adam(layout_.gain, layout_.total, 1.0f);
        return;
      }
      const Layout::Matrix& m = matrices[item];
      std::vector<float>& change = workers_[thread]->change;
      change.resize(m.outputs * m.inputs);
      constexpr float kMomentum = 0.95f;
      for (size_t i = 0; i < change.size(); ++i) {
        const float g = gradient[m.offset + i] * factor;
        first[m.offset + i] = kMomentum * first[m.offset + i] + (1 - kMomentum) * g;
        change[i] = (1 - kMomentum) * g + kMomentum * first[m.offset + i];
      }
      workers_[thread]->orthogonaliser.run(change, m.outputs, m.inputs);
      const float by = rate * 0.2f * std::sqrt(static_cast<float>(std::max(m.outputs, m.inputs)));
      for (size_t i = 0; i < change.size(); ++i) {
        parameters[m.offset + i] = parameters[m.offset + i] * keep - by * change[i];
      }
    });
    return norm;
  }

  const float* gradient() {
    float* sum = workers_[0]->gradient.data();
    for (size_t worker = 1; worker < workers_.size(); ++worker) {
      for (size_t i = 0; i < layout_.total; ++i) sum[i] += workers_[worker]->gradient[i];
    }
    return sum;
  }

 private:
  template <class Work>
  void parallel(size_t items, const Work& work) {
    std::atomic<size_t> next{0};
    const auto loop = [&](size_t thread) {
      _mm_setcsr(_mm_getcsr() | 0x8040);  // denormal numbers count as zero
      for (size_t item = next++; item < items; item = next++) work(thread, item);
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < workers_.size(); ++i) threads.emplace_back(loop, i);
    loop(0);
    for (auto& thread : threads) thread.join();
  }

  const Packed::Matrix& matrix(size_t layer, size_t which) const { return packed_.matrices[layer * 4 + which]; }
  const Packed::Matrix& embedding() const { return packed_.matrices.back(); }
  AttentionShape heads() const { return {layout_.heads, layout_.kv_heads}; }

  void forward(Worker& w, const float* parameters, const int32_t* tokens, const int32_t* narrowed, size_t rows, size_t length) {
    const Layout& l = layout_;
    for (size_t row = 0; row < rows; ++row) {
      const auto token = static_cast<size_t>(tokens[row]);
      std::copy_n(parameters + l.embedding + token * l.d, l.d, w.layers[0].x.data() + row * l.d);
    }
    for (size_t i = 0; i < l.layers; ++i) {
      Worker::Layer& a = w.layers[i];
      const Layout::Layer at = l.at(i);
      normalise(a.x.data(), parameters + at.gain1, rows, l.d, a.h1.data(), a.scale1.data());
      multiply(rows_of(a.h1.data(), l.d), rows, matrix(i, 0).forward.data(), l.d / 2, l.qkv, StoreBf16{a.qkv.data(), l.qkv});
      rotate(a.qkv.data(), rows, l.qkv, l.heads + l.kv_heads, kHead, length, rotation_, 1);
      for (size_t start = 0; start < rows; start += length) {
        const bool few = narrowed && (narrowed[start / length] >> i & 1) != 0;
        attend(heads(), a.qkv.data() + start * l.qkv, length, few, w.attention, a.mixed.data() + start * l.d,
               a.sums.data() + start * l.heads);
      }
      multiply(rows_of(a.mixed.data(), l.d), rows, matrix(i, 1).forward.data(), l.d / 2, l.d,
               Residual{a.x.data(), a.middle.data(), l.d});
      normalise(a.middle.data(), parameters + at.gain2, rows, l.d, a.h2.data(), a.scale2.data());
      multiply(rows_of(a.h2.data(), l.d), rows, matrix(i, 2).forward.data(), l.d / 2, 2 * l.f,
               StoreBf16{a.both.data(), 2 * l.f});
      gate(a.both.data(), rows, l.f, a.act.data());
      float* next = i + 1 < l.layers ? w.layers[i + 1].x.data() : w.x.data();
      multiply(rows_of(a.act.data(), l.f), rows, matrix(i, 3).forward.data(), l.f / 2, l.d,
               Residual{a.middle.data(), next, l.d});
    }
    normalise(w.x.data(), parameters + l.gain, rows, l.d, w.h.data(), w.scale.data());
  }

  /// Losses, and with `learn` the derivative towards the last hidden state (dh) and the embedding as output matrix.
  void head(Worker& w, const float*, const int32_t* targets, const float* weights, size_t rows, bool learn, float* losses,
            int32_t* best) {
    const Layout& l = layout_;
    for (size_t start = 0; start < rows; start += Worker::kLogitRows) {
      const size_t count = std::min(Worker::kLogitRows, rows - start);
      const Bf16* h = w.h.data() + start * l.d;
      multiply(rows_of(h, l.d), count, embedding().forward.data(), l.d / 2, l.vocabulary,
               StoreFloat{w.logits.data(), l.vocabulary});
      for (size_t i = 0; i < count; ++i) {
        const size_t row = start + i;
        int top = 0;
        const float loss = cross_entropy(w.logits.data() + i * l.vocabulary, l.vocabulary, targets[row], weights[row],
                                         learn ? w.dlogits.data() + i * l.vocabulary : nullptr, &top);
        w.loss += static_cast<double>(loss) * weights[row];
        if (losses != nullptr) losses[row] = loss;
        if (best != nullptr) best[row] = top;
      }
      if (!learn) continue;
      multiply(rows_of(w.dlogits.data(), l.vocabulary), count, embedding().backward.data(), l.vocabulary / 2, l.d,
               StoreFloat{w.dh.data() + start * l.d, l.d});
      add_outer(w.dlogits.data(), l.vocabulary, h, l.d, count, w.left.data(), w.right.data(), w.gradient.data() + l.embedding);
    }
  }

  void backward(Worker& w, const float* parameters, const int32_t* tokens, const int32_t* narrowed, size_t rows, size_t length) {
    const Layout& l = layout_;
    float* gradient = w.gradient.data();
    Pair* left = w.left.data();
    Pair* right = w.right.data();
    std::fill_n(w.dx.begin(), rows * l.d, 0.0f);
    normalise_back(w.dh.data(), w.x.data(), w.scale.data(), parameters + l.gain, rows, l.d, w.dx.data(), gradient + l.gain);
    for (size_t i = l.layers; i-- > 0;) {
      Worker::Layer& a = w.layers[i];
      const Layout::Layer at = l.at(i);
      narrow_all(w.dx.data(), rows * l.d, w.dxb.data());
      multiply(rows_of(w.dxb.data(), l.d), rows, matrix(i, 3).backward.data(), l.d / 2, l.f, StoreBf16{w.dact.data(), l.f});
      add_outer(w.dxb.data(), l.d, a.act.data(), l.f, rows, left, right, gradient + at.down);
      gate_back(a.both.data(), w.dact.data(), rows, l.f, w.dboth.data());
      multiply(rows_of(w.dboth.data(), 2 * l.f), rows, matrix(i, 2).backward.data(), l.f, l.d, StoreFloat{w.dh.data(), l.d});
      add_outer(w.dboth.data(), 2 * l.f, a.h2.data(), l.d, rows, left, right, gradient + at.both);
      normalise_back(w.dh.data(), a.middle.data(), a.scale2.data(), parameters + at.gain2, rows, l.d, w.dx.data(),
                     gradient + at.gain2);
      narrow_all(w.dx.data(), rows * l.d, w.dxb.data());
      multiply(rows_of(w.dxb.data(), l.d), rows, matrix(i, 1).backward.data(), l.d / 2, l.d, StoreBf16{w.dmixed.data(), l.d});
      add_outer(w.dxb.data(), l.d, a.mixed.data(), l.d, rows, left, right, gradient + at.o);
      for (size_t start = 0; start < rows; start += length) {
        const bool few = narrowed && (narrowed[start / length] >> i & 1) != 0;
        attend_back(heads(), a.qkv.data() + start * l.qkv, a.mixed.data() + start * l.d, w.dmixed.data() + start * l.d,
                    a.sums.data() + start * l.heads, length, few, w.attention, w.dqkv.data() + start * l.qkv);
      }
      rotate(w.dqkv.data(), rows, l.qkv, l.heads + l.kv_heads, kHead, length, rotation_, -1);
      multiply(rows_of(w.dqkv.data(), l.qkv), rows, matrix(i, 0).backward.data(), l.qkv / 2, l.d, StoreFloat{w.dh.data(), l.d});
      add_outer(w.dqkv.data(), l.qkv, a.h1.data(), l.d, rows, left, right, gradient + at.qkv);
      normalise_back(w.dh.data(), a.x.data(), a.scale1.data(), parameters + at.gain1, rows, l.d, w.dx.data(),
                     gradient + at.gain1);
    }
    for (size_t row = 0; row < rows; ++row) {
      float* to = gradient + l.embedding + static_cast<size_t>(tokens[row]) * l.d;
      for (size_t j = 0; j < l.d; ++j) to[j] += w.dx[row * l.d + j];
    }
  }

  Layout layout_;
  Packed packed_;
  Rotation rotation_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace
}  // namespace demo

extern "C" {

void* demo_create(int layers, int d, int heads, int kv_heads, int f, int vocabulary, int rows, int threads, int context,
                  double base) {
  const auto size = [](int value) { return static_cast<size_t>(value); };
  const demo::Layout layout(size(layers), size(d), size(heads), size(kv_heads), size(f), size(vocabulary));
  return new demo::Trainer(layout, size(rows), size(threads), size(context), base);
}

void demo_destroy(void* trainer) { delete static_cast<demo::Trainer*>(trainer); }

double demo_run(void* trainer, const float* parameters, const int32_t* tokens, const int32_t* targets, const float* weights,
                const int32_t* narrowed, int count, int length, int together, int learn, float* losses, int32_t* best) {
  return static_cast<demo::Trainer*>(trainer)->run(parameters, tokens, targets, weights, narrowed, static_cast<size_t>(count),
                                                   static_cast<size_t>(length), static_cast<size_t>(together), learn != 0,
                                                   losses, best);
}

double demo_update(void* trainer, float* parameters, float* first, float* second, float rate, float beta1, float beta2,
                   float decay, float clip, int64_t steps) {
  return static_cast<demo::Trainer*>(trainer)->update(parameters, first, second, rate, beta1, beta2, decay, clip,
                                                      steps);
}

const float* demo_gradient(void* trainer) { return static_cast<demo::Trainer*>(trainer)->gradient(); }
}
