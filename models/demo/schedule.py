"""How training goes on with the number of tokens seen: sequence lengths, batch sizes, learning rate.

Only tokens and probes count, never time, so a paused or slowed run goes the same way. Lengths grow in stages; a stage
ends after its tokens, or earlier when recall is mastered. The last one mixes long sequences with shorter ones and
lasts until the plan's end. The rate is constant after a warm-up and falls linearly over the plan's last part, so a
plan can be made longer from any checkpoint before that.
"""
import random
from dataclasses import dataclass

# (tokens of the stage in millions, {sequence length: share of the batches})
STAGES = [
    (8.0, {256: 1.0}),
    (3.0, {512: 0.8, 256: 0.2}),
    (4.0, {1024: 0.7, 512: 0.15, 256: 0.15}),
    (6.0, {2048: 0.6, 1024: 0.2, 512: 0.1, 256: 0.1}),
    (float("inf"), {4096: 0.45, 2048: 0.2, 1024: 0.15, 512: 0.1, 256: 0.1}),
]
MASTERED = 0.95


@dataclass(frozen=True)
class Plan:
    tokens: float = 60e6  # in all
    rate: float = 2e-3
    warm: float = 0.8e6  # tokens of rising rate
    fall: float = 0.2  # share of the plan in which the rate falls to a twentieth

    stage_factor: float = 1.0  # of the stages' tokens
    batch: float = 1.0  # of the batches' sequences

    def over(self, stage: int, seen_in_stage: int, recall: float) -> bool:
        """Whether the next stage begins; `recall` is the last probe's mean."""
        millions = self.stage_factor * STAGES[stage][0]
        return seen_in_stage >= millions * 1e6 or (recall >= MASTERED and stage + 1 < len(STAGES))

    @staticmethod
    def length(stage: int, step: int, seed: int) -> int:
        lengths = STAGES[stage][1]
        return random.Random(f"{seed}/length/{step}").choices(list(lengths), list(lengths.values()))[0]

    def count(self, length: int) -> int:
        """Sequences of a batch: 4,096 tokens of the short ones, 8,192, and 16,384 of the longest."""
        return max(4, int(self.batch * (4096 if length <= 512 else 8192)) // length)

    def rate_at(self, seen: int) -> float:
        start = (1 - self.fall) * self.tokens
        down = min(1.0, max(0.0, (seen - start) / (self.tokens - start)))
        return self.rate * min(1.0, (seen + 8192) / self.warm) * (1 - 0.95 * down)


LARGE_PLAN = Plan(tokens=600e6, rate=1.5e-3, warm=15e6, stage_factor=15.0, batch=64.0)  # 262,144 to 524,288 tokens a step
