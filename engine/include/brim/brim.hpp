// Brim for C++20: a header over brim.h and document.h. Handles become objects that free themselves, statuses become brim::Exception, the
// pieces of an answer become a range. Where a function has no description here, brim.h describes the C function that it
// calls, which has the same name: Session::append() calls brim_session_append().
//
//   const brim::Model model = brim::Model::load("model.gguf");
//   brim::Session session(model, {{"kv.budget", "64MiB"}});
//   for (std::string_view text : session.reply("Hello!")) std::cout << text << std::flush;
#pragma once

#include <brim/brim.h>

#include <brim/model.hpp>
#include <brim/session.hpp>

namespace brim {

/// Measures the machine's peak rates with `threads` threads; takes about half a second.
inline brim_machine measure_machine(int threads) {
  brim_machine machine{};
  machine.size = sizeof machine;
  detail::check(brim_measure_machine(threads, &machine));
  return machine;
}

}  // namespace brim
