// See dispatch.hpp. The list is isa.def; cmake/IsaKernels.cmake defines BRIM_HAS_ISA_<name>=1 for each of its sets that
// this build contains.
#include "kernels/dispatch.hpp"

#include <cstdlib>
#include <cstring>

#include "kernels/self_check.hpp"

namespace brim::kernels {

#define ISA(identifier, family, needs, flags) \
  namespace identifier {                      \
  void fill(Table& table);                    \
  }
#include "kernels/isa.def"
#undef ISA

namespace {

using Fill = void (*)(Table&);

struct Set {
  std::string_view name;
  std::uint64_t needs;
  Fill fill;  ///< null: not part of this build
};

// BRIM_FILL(name) is &name::fill when BRIM_HAS_ISA_<name> is defined as 1, else a null pointer: only then does the
// symbol exist. The comma that BRIM_COMMA_1 adds moves the choice into second place.
#define BRIM_COMMA_1 ,
#define BRIM_SECOND(first, second, ...) second
#define BRIM_CHOOSE(probe, fill) BRIM_SECOND(probe fill, nullptr, )
#define BRIM_PROBE_(flag) BRIM_COMMA_##flag
#define BRIM_PROBE(flag) BRIM_PROBE_(flag)
#define BRIM_FILL(identifier) BRIM_CHOOSE(BRIM_PROBE(BRIM_HAS_ISA_##identifier), &identifier::fill)

constexpr Set kSets[] = {
#define ISA(identifier, family, needs, flags) {#identifier, static_cast<std::uint64_t>(needs), BRIM_FILL(identifier)},
#include "kernels/isa.def"
#undef ISA
};

const Set* find_set(std::string_view name) {
  for (const Set& set : kSets) {
    if (set.name == name) return &set;
  }
  return nullptr;
}

std::string built_sets() {
  std::string text;
  for (const Set& set : kSets) {
    if (set.fill == nullptr) continue;
    if (!text.empty()) text += ", ";
    text += set.name;
  }
  return text;
}

/// Calls visit(name, bytes of the entry, size) for every kernel of the table, in the order of its declaration.
template <class Visit>
void for_each_kernel(const Table& table, Visit&& visit) {
  const auto call = [&](const std::string& name, const auto& entry) { visit(name, &entry, sizeof entry); };
  static constexpr const char* kActivationNames[kActivationCount] = {"f32",    "q8_32",     "q8_256",
                                                                     "q16_32", "q16_words", "bf16"};
  for (int f = 0; f < quant::kFormatCount; ++f) {
    const std::string name(quant::info(static_cast<quant::Format>(f)).name);
    call("product " + name, table.product[f]);
    call("panel product " + name, table.panel_product[f]);
    call("panel gemm " + name, table.panel_gemm[f]);
    call("unpack " + name, table.unpack[f]);
  }
  for (int a = 0; a < kActivationCount; ++a) call(std::string("prepare ") + kActivationNames[a], table.prepare[a]);
  for (int k = 0; k < kKvTypeCount; ++k) {
    const std::string name(kv_type_name(static_cast<KvType>(k)));
    for (int v = 0; v < kKvTypeCount; ++v) {
      const KvTypes types(static_cast<KvType>(k), static_cast<KvType>(v));
      call("attend " + std::string(kv_types_name(types)), table.attend[k][v]);
    }
    call("accumulated_attention " + name, table.accumulated_attention[k]);
    call("pack_kv " + name, table.pack_kv[k]);
    call("unpack_kv " + name, table.unpack_kv[k]);
  }
  call("merge_attention", table.merge_attention);
  call("rms_norm", table.rms_norm);
  call("layer_norm", table.layer_norm);
  call("l2_norm", table.l2_norm);
  call("softmax", table.softmax);
  call("soft_cap", table.soft_cap);
  call("silu_multiply", table.silu_multiply);
  call("gelu_multiply", table.gelu_multiply);
  call("clamped_swiglu", table.clamped_swiglu);
  call("gelu", table.gelu);
  call("relu_squared", table.relu_squared);
  call("sigmoid", table.sigmoid);
  call("multiply_by", table.multiply_by);
  call("add_scaled", table.add_scaled);
  call("scale", table.scale);
  call("rope_neox", table.rope_neox);
  call("rope_interleaved", table.rope_interleaved);
  call("causal_convolution", table.causal_convolution);
  call("delta_rule", table.delta_rule);
  call("scan", table.scan);
  call("delta_rule_block", table.delta_rule_block);
  call("scan_block", table.scan_block);
  call("int8_operations", table.int8_operations);
}

struct Active {
  std::vector<std::string_view> sets;
  Table table;
};

Table overlay(const std::vector<std::string_view>& sets, std::string_view last) {
  Table table{};
  for (std::string_view name : sets) {
    find_set(name)->fill(table);
    if (name == last) break;
  }
  return table;
}

/// An impossible cap must not disable the kernels: the best ones of the machine are used, and the code that loads a
/// model reports the message of check_cap(). A set whose tiles do not compute the known product is left out.
const Active& active_state() {
  static const Active state = [] {
    const char* cap = std::getenv("BRIM_ISA");
    Active made;
    std::vector<std::string_view> usable = usable_sets(this_machine(), cap ? cap : "");
    if (usable.empty()) usable = usable_sets(this_machine(), "");
    made.table = Table{};
    for (std::string_view name : usable) {
      Table next = made.table;
      find_set(name)->fill(next);
      if (!gemm_is_right(next)) continue;
      made.table = next;
      made.sets.push_back(name);
    }
    return made;
  }();
  return state;
}

}  // namespace

const Table& active() { return active_state().table; }

std::string_view active_set() { return active_state().sets.back(); }

std::vector<std::string_view> usable_sets(const Machine& machine, std::string_view cap) {
  if (!check_cap(machine, cap).empty()) return {};
  const std::uint64_t allowed = cap.empty() ? ~std::uint64_t{0} : find_set(cap)->needs;
  std::vector<std::string_view> names;
  for (const Set& set : kSets) {
    if (set.fill != nullptr && (set.needs & ~(machine.features & allowed)) == 0) names.push_back(set.name);
  }
  return names;
}

std::string check_cap(const Machine& machine, std::string_view cap) {
  if (cap.empty()) return {};
  const std::string text = "BRIM_ISA=" + std::string(cap);
  const Set* set = find_set(cap);
  if (set == nullptr) return text + " names no instruction set; this build has " + built_sets();
  if (set->fill == nullptr) return text + " is not part of this build, which has " + built_sets();
  const std::uint64_t lacking = set->needs & ~machine.features;
  if (lacking == 0) return {};
  return text + " needs " + feature_text(lacking) + ", which this machine (" + machine.name + ") does not have";
}

Table table_for(std::string_view set) { return overlay(usable_sets(this_machine(), ""), set); }

std::string explain() {
  const Active& state = active_state();
  Table built{};
  std::vector<std::string_view> winners;
  for (std::string_view name : state.sets) {
    const Table before = built;
    find_set(name)->fill(built);
    std::vector<const void*> old;
    for_each_kernel(before, [&](const std::string&, const void* entry, std::size_t) { old.push_back(entry); });
    winners.resize(old.size());
    std::size_t index = 0;
    for_each_kernel(built, [&](const std::string&, const void* entry, std::size_t size) {
      if (std::memcmp(entry, old[index], size) != 0) winners[index] = name;
      ++index;
    });
  }
  std::string text;
  std::size_t index = 0;
  for_each_kernel(built, [&](const std::string& name, const void*, std::size_t) {
    const std::string_view winner = winners[index++];
    if (winner.empty()) return;  // no set has this gemm
    const std::string needs = feature_text(find_set(winner)->needs);
    text += name + ": " + std::string(winner) + (needs.empty() ? "" : " (needs " + needs + ")") + "\n";
  });
  return text;
}

}  // namespace brim::kernels
