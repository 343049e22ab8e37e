// See meter.hpp.
#include "engine/template/jinja/meter.hpp"

#include "engine/template/jinja/failure.hpp"
#include "platform/thread_state.hpp"

namespace brim::templates::jinja {
namespace {
constexpr std::size_t kLimitMebibytes = 512;  // as documented: kMaxLiveBytes and what malloc adds
}  // namespace

Meter::Meter(std::int64_t max_steps, WorkMeter* work) : previous_(current()), work_(work), max_steps_(max_steps) {
  platform::thread_state.rendering = this;
}
Meter::~Meter() { platform::thread_state.rendering = previous_; }
Meter* Meter::current() { return static_cast<Meter*>(platform::thread_state.rendering); }

void Meter::step(std::int64_t count) {
  steps_ += count;
  charge(work_, count);
  if (steps_ > max_steps_) fail("the template does too much work (more than ", max_steps_, " steps)");
}

void Meter::take(std::size_t bytes) {
  if (bytes > kMaxLiveBytes - live_) {
    fail("the template needs too much memory (more than ", kLimitMebibytes, " MiB)");
  }
  live_ += bytes;
}

void Meter::enter() {
  if (depth_ >= kMaxDepth) fail("the template nests too deeply (more than ", kMaxDepth, " levels of evaluation)");
  if (stack_.exceeded()) {
    fail("the template nests too deeply (its evaluation takes more than ", kMaxStackBytes >> 10, " KiB of stack)");
  }
  ++depth_;
}

void Meter::check_stack() const {
  if (stack_.exceeded()) fail("maximum recursion depth exceeded: a value nests too deeply for the stack");
}

void charge_steps(std::int64_t count) {
  if (Meter* const meter = Meter::current(); meter != nullptr) meter->step(count);
}

void charge_text(std::size_t bytes) {
  if (bytes > kMaxTextBytes) fail("the template builds a text of more than ", kMaxTextBytes >> 20, " MiB");
  // Sixty-four bytes are copied or compared in about the time of one step.
  charge_steps(1 + static_cast<std::int64_t>(bytes / 64));
}

void charge_level() {
  if (Meter* const meter = Meter::current(); meter != nullptr) meter->check_stack();
}

Depth::Depth() : meter_(Meter::current()) {
  if (meter_ != nullptr) meter_->enter();
}
Depth::~Depth() {
  if (meter_ != nullptr) meter_->leave();
}

}  // namespace brim::templates::jinja
