// See chunk.hpp.
#include "engine/kv/chunk.hpp"

#include "engine/kv/memory.hpp"

namespace brim::kv {

std::int64_t Chunk::position() const noexcept { return memory_->time_.position; }
std::span<std::byte> Chunk::state(LayerId layer) noexcept { return memory_->state(layer); }
void Chunk::compare_keys(StreamId stream, const KeyRows& rows) noexcept { memory_->compare_keys(stream, rows); }
void Chunk::score(StreamId stream, const ScoreRows& rows) noexcept { memory_->score(stream, rows); }
void Chunk::stage(StreamId stream, const TokenRows& rows) noexcept { memory_->stage(stream, rows); }
void Chunk::show(StreamId stream) noexcept { memory_->show(stream); }
View Chunk::view(StreamId stream) const noexcept { return memory_->view(stream); }
void Chunk::add_attention(StreamId stream, std::span<const float> accumulated, std::int64_t queries) noexcept {
  memory_->add_attention(stream, accumulated, queries);
}
bool Chunk::observes(std::int64_t token) const noexcept { return memory_->observes(token); }
void Chunk::learn(StreamId stream, std::int64_t token, std::span<const float> attention) noexcept {
  memory_->learn(stream, token, attention);
}
void Chunk::observe(StreamId stream, double statistic) noexcept { memory_->quotas_.observe(stream, statistic); }
LookedAt Chunk::looked_at(StreamId stream) const noexcept { return memory_->looked_at(stream); }
void Chunk::keep_look(StreamId stream, const ScoreRows& rows) noexcept { memory_->keep_look(stream, rows); }
void Chunk::commit(StreamId stream) noexcept { memory_->commit(stream); }
void Chunk::end() noexcept { std::exchange(memory_, nullptr)->end_chunk(); }
void Chunk::abandon() noexcept {
  if (memory_ != nullptr) std::exchange(memory_, nullptr)->abandon_chunk();
}

}  // namespace brim::kv
