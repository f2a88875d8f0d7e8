"""A simulated sales agency, served on this machine as Apollo, Smartlead and HubSpot; its truth is known.

`simulate(Params())` gives the whole timeline; `serve(agency, as_of=…)` answers as the providers would at that
moment, with the trouble that is ordered (`faults=[Fault(…)]`); `truth(agency, as_of)` counts what is then
true; `config_yaml(agency)` is the winnow.yml for it.
"""

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
    "Counts",
    "Effect",
    "Fault",
    "Params",
    "Planted",
    "Server",
    "Truth",
    "config_yaml",
    "environment",
    "serve",
    "simulate",
    "truth",
]
