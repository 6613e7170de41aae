"""Studies that compute many worlds, by the name of their verb."""

from simulator.attribution_study import attributed
from simulator.breakeven_study import broken_even
from simulator.calibration_study import calibrated
from simulator.sensitivity_study import weighed
from simulator.study import Answer, Bench, Request
from simulator.sweep_study import swept


def perform(request: Request, bench: Bench) -> Answer:
    """Do what is asked. Raises InputError for what cannot be asked, before anything is computed."""
    match request.verb:
        case "sweep":
            return swept(request, bench)
        case "sensitivity":
            return weighed(request, bench)
        case "breakeven":
            return broken_even(request, bench)
        case "attribute":
            return attributed(request, bench)
        case "calibrate":
            return calibrated(request, bench)
    raise ValueError(f"no such study: {request.verb}")
