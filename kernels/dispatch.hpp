// Builds the kernel table for this machine once: every set of isa.def whose needs the machine has, weakest first.
// BRIM_ISA=<set> in the environment caps it at that set (and the sets it needs).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/cpu.hpp"
#include "kernels/table.hpp"

namespace brim::kernels {

/// The table in use, built at the first call. Thread-safe.
const Table& active();
/// The strongest set in it: "avx512_vnni".
std::string_view active_set();

/// The sets compiled into this build that `machine` can run, weakest first; `cap` as BRIM_ISA has it (empty: no cap).
/// An unknown or impossible cap gives an empty list: check_cap() says why.
std::vector<std::string_view> usable_sets(const Machine& machine, std::string_view cap);
/// An empty string, or one sentence about why `cap` names no set this build and machine can run.
std::string check_cap(const Machine& machine, std::string_view cap);
/// The table with all sets up to and including `set` applied (tests). `set` must be in usable_sets(this_machine(), "").
Table table_for(std::string_view set);
/// One line per kernel: which set it came from, and what that set needs.
std::string explain();

}  // namespace brim::kernels
