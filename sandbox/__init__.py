"""A simulated sales agency, served on this machine as its providers and Claude; its truth is known.

`simulate(Params())` gives the whole timeline; `serve(agency, as_of=…)` answers as the providers would at that
moment, with the trouble that is ordered (`faults=[Fault(…)]`); `truth(agency, as_of)` counts what is then
true; `config_yaml(agency)` is the winnow.yml for it.
"""

from sandbox.anthropic import claude_fault
from sandbox.claude_batches import ClaudeBehaviour, Plan
from sandbox.claude_readers import obedient_reader
from sandbox.config import config_yaml, environment
from sandbox.faults import Fault
from sandbox.model import Agency
from sandbox.params import DEFAULT_EFFECTS, Effect, Params
from sandbox.server import Server, serve
from sandbox.simulate import simulate
from sandbox.truth import Counts, Planted, Truth, truth

__all__ = [
    "DEFAULT_EFFECTS",
    "Agency",
    "ClaudeBehaviour",
    "Counts",
    "Effect",
    "Fault",
    "Params",
    "Plan",
    "Planted",
    "Server",
    "Truth",
    "claude_fault",
    "config_yaml",
    "environment",
    "obedient_reader",
    "serve",
    "simulate",
    "truth",
]
