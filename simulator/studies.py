"""Studies that compute many worlds, by the name of their verb. Each is loaded when it is asked for."""

from simulator.study import Answer, Bench, Request


def perform(request: Request, bench: Bench) -> Answer:
    """Do what is asked. Raises InputError for what cannot be asked, before anything is computed."""
    match request.verb:
        case "sweep":
            from simulator.sweep_study import swept as performed
        case "sensitivity":
            from simulator.sensitivity_study import weighed as performed
        case "breakeven":
            from simulator.breakeven_study import broken_even as performed
        case "attribute":
            from simulator.attribution_study import attributed as performed
        case "calibrate":
            from simulator.calibration_study import calibrated as performed
        case _:
            raise ValueError(f"no such study: {request.verb}")
    return performed(request, bench)
