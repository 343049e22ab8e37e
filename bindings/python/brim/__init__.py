"""Language models on CPUs inside a KV-memory budget.

A Model is loaded once and may be used by many threads; a Session is one conversation with its own memory and belongs to
one thread at a time, except Session.cancel(). Every failure is a brim.Error with one sentence.
"""
from ._errors import Cancelled, Error
from ._model import Model, ModelInfo, Plan, isa, plan, version
from ._option_table import MODEL_OPTIONS, SESSION_OPTIONS
from ._scheduler import Event, Logprob, Scheduler, SchedulerStats, Seat
from ._session import DocumentStats, LayerStats, Piece, Session, Stats
from ._together import next_pieces

__all__ = [
    "Cancelled",
    "DocumentStats",
    "Error",
    "Event",
    "LayerStats",
    "Logprob",
    "MODEL_OPTIONS",
    "Model",
    "ModelInfo",
    "Piece",
    "Plan",
    "SESSION_OPTIONS",
    "Scheduler",
    "SchedulerStats",
    "Seat",
    "Session",
    "Stats",
    "isa",
    "next_pieces",
    "plan",
    "version",
]
