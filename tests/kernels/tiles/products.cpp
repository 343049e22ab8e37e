// See products.hpp.
#include "tests/kernels/tiles/products.hpp"

#include "kernels/avx512_bf16/lanes.hpp"
#include "kernels/avx512_bf16/tiles.hpp"
#include "tests/kernels/tiles/instructions.hpp"

namespace brim::test {
namespace {

using Imitated = kernels::amx::Tiles<ImitatedInstructions>;

}  // namespace

void fill_imitated_tiles(kernels::Table& table) {
  kernels::fill_gemm_bf16<Imitated, kernels::avx512_bf16::Lanes>(table);
  kernels::fill_gemm_quantised<Imitated, kernels::avx512_bf16::Lanes>(table);
}

void fill_every_vector_product(kernels::Table& table) {
  kernels::fill_gemm_bf16<kernels::avx512_bf16::Tiles, kernels::avx512_bf16::Lanes>(table);
  kernels::fill_gemm_quantised<kernels::avx512_bf16::Tiles, kernels::avx512_bf16::Lanes>(table);
}

std::string tile_faults() {
  std::string found;
  found.swap(ImitatedInstructions::state().faults);
  if (ImitatedInstructions::state().configured) found += "tiles were not released\n";
  return found;
}

long tile_multiplications() {
  const long count = ImitatedInstructions::state().multiplications;
  ImitatedInstructions::state().multiplications = 0;
  return count;
}

Noticed break_tile_rules() {
  using I = ImitatedInstructions;
  using kernels::amx::Configuration;
  Noticed count{0, 0};
  const auto broken = [&](auto act) {
    I::state() = I::State{};
    act();
    ++count.broken;
    count.noticed += I::state().faults.empty() ? 0 : 1;
    I::state() = I::State{};
  };
  const auto configured = [&](auto change, auto act) {
    broken([&] {
      Configuration c;
      change(c);
      I::configure(c);
      act();
    });
  };
  const auto nothing = [](auto&&...) {};
  broken([] { I::zero<0>(); });
  broken([] { I::release(); });
  configured([](Configuration& c) { c.palette = 0; }, nothing);
  configured([](Configuration& c) { c.start_row = 1; }, nothing);
  configured([](Configuration& c) { c.reserved[3] = 1; }, nothing);
  configured([](Configuration& c) { c.rows[8] = 1; }, nothing);
  configured([](Configuration& c) { c.rows[2] = 17; }, nothing);
  configured([](Configuration& c) { c.row_bytes[2] = 68; }, nothing);
  configured([](Configuration& c) { c.rows[7] = 0; }, nothing);
  configured(nothing, [] { I::configure(Configuration{}); });
  configured([](Configuration& c) { c.rows[5] = 0, c.row_bytes[5] = 0; }, [] { I::zero<5>(); });
  configured([](Configuration& c) { c.rows[4] = 15; }, [] { I::multiply<0, 4, 6>(); });
  configured([](Configuration& c) { c.row_bytes[4] = 60; }, [] { I::multiply<0, 4, 6>(); });
  configured([](Configuration& c) { c.row_bytes[6] = 60; }, [] { I::multiply<0, 4, 6>(); });
  configured([](Configuration& c) { c.row_bytes[4] = 62; }, [] { I::multiply<0, 4, 6>(); });
  configured(nothing, [] { I::multiply<4, 4, 6>(); });
  return count;
}

}  // namespace brim::test
