// Builds the kernel table for this machine once: every set of isa.def whose required features the machine has, weakest
// first. BRIM_ISA=<set> in the environment caps the table at that set (and the sets that it needs).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/cpu.hpp"
#include "kernels/table.hpp"

namespace brim::kernels {

/// The table in use, built at the first call. Thread-safe.
const Table& active();
/// The strongest set in the table: "avx512_vnni".
std::string_view active_set();

/// The sets compiled into this build that `machine` can run, weakest first; `cap` is the value of BRIM_ISA (empty: no
/// cap). An unknown or impossible cap gives an empty list: check_cap() gives the reason.
std::vector<std::string_view> usable_sets(const Machine& machine, std::string_view cap);
/// An empty string, or one sentence that explains why `cap` does not name a set that this build and machine can run.
std::string check_cap(const Machine& machine, std::string_view cap);
/// The table with all sets up to and including `set` applied (tests). `set` must be in usable_sets(this_machine(), "").
Table table_for(std::string_view set);
/// One line per kernel: the set that it came from, and the features that this set needs.
std::string explain();

}  // namespace brim::kernels
