// AVX-512 with VNNI (Ice Lake, Zen 4 and later): 8-bit products by vpdpbusd, those of keys in levels too;
// everything else comes from avx512.
#include "kernels/avx512_vnni/attention.hpp"
#include "kernels/avx512_vnni/products.hpp"

namespace brim::kernels::avx512_vnni {

void fill(Table& table);

void fill(Table& table) {
  fill_attention(table);
  fill_panels(table);
  table.int8_operations = int8_operations;
  using quant::Format;
  const auto product = [&](Format format, Activation activation, void (*function)(const Product&) noexcept) {
    table.activation[static_cast<int>(format)] = activation;
    table.product[static_cast<int>(format)] = function;
  };
  product(Format::q4_0, Activation::q8_32, product_q4_0);
  product(Format::q4_1, Activation::q8_32, product_q4_1);
  product(Format::q5_0, Activation::q8_32, product_q5_0);
  product(Format::q5_1, Activation::q8_32, product_q5_1);
  product(Format::q8_0, Activation::q8_32, product_q8_0);
  product(Format::iq4_nl, Activation::q8_32, product_iq4_nl);
  product(Format::q2_k, Activation::q8_256, product_q2_k);
  product(Format::q3_k, Activation::q8_256, product_q3_k);
  product(Format::q4_k, Activation::q8_256, product_q4_k);
  product(Format::q5_k, Activation::q8_256, product_q5_k);
  product(Format::q6_k, Activation::q8_256, product_q6_k);
  product(Format::iq4_xs, Activation::q8_256, product_iq4_xs);
}

}  // namespace brim::kernels::avx512_vnni
