"""The detectors: each reads sufficient statistics from answers and writes findings.

A detector is a module with `detect(connection, config, run_at) -> DetectorResult`; `DETECTORS` names them in
the order in which a night runs them.
"""

DETECTORS = ("who",)
