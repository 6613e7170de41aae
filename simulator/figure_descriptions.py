"""What each figure is, in words, for those who cannot see it: the kind of chart, its axes, its lines and areas.

A description holds no result: the figure's title and footer do, and stand beside it in the file. Nothing here loads a
drawing library.
"""

_STRETCHED = "the time since the start, with more room for the first months"
_DESCRIPTIONS = {
    "hazardous": (
        "Line chart of the number of hazardous mines, vertical, over the time since the start, horizontal, with one"
        " line for each scenario: the mean of the simulated worlds. The shaded band around a line holds 5 to 95 % "
        "of the worlds. Where an even scale hides the first months or a small remainder, a second chart below shows"
        " the same lines on logarithmic scales. Dotted vertical lines stand 30 and 120 days after the last laying, "
        "the dates of the treaty."
    ),
    "states": (
        "Stacked area charts, one for each scenario, of the share of the mines laid in percent, vertical, over "
        f"{_STRETCHED}, horizontal. From below, the areas are the mines that are hazardous, those that lie inert and"
        " must still be cleared, those that are gone, and those not yet laid. Areas are means."
    ),
    "harm": (
        "Two line charts below each other over the time since the start, horizontal: accidents per year, and "
        "casualties since the start. There is one line for each scenario, the mean of the simulated worlds; the "
        "shaded band around it holds 5 to 95 % of the worlds. Each line's end is labelled with its scenario and its"
        " last number."
    ),
    "fan": (
        "Fan charts, one for each scenario on shared axes, of the casualties since the start, vertical, over the "
        "time since the start, horizontal. The bold line is the median of the simulated worlds, the dark band holds"
        " the middle half of them, the light band 90 %. Thin lines are the first few worlds. The numbers at the "
        "right edge are the percentiles at the end."
    ),
    "difference": (
        "Two line charts below each other over the time since the start, horizontal: the difference of each "
        "scenario to the reference in hazardous mines, and in casualties since the start, vertical. Lines are means"
        " of differences within the same simulated world, bands hold 5 to 95 % of the worlds. The dotted line at "
        "zero is the reference; below it there are fewer than in the reference."
    ),
    "dots": (
        "Quantile dot plots: every dot is the same share of the simulated worlds, stacked over a horizontal axis. "
        "Where a time until a threshold differs among worlds, there is a plot of it for each scenario, with the "
        "worlds in which it does not come within the horizon in a block of their own on the right. Where scenarios "
        "are compared, there is a plot for each other scenario of the casualties that it averts against the "
        "reference in the same world; below zero there are more casualties."
    ),
    "timeline": (
        f"Bar chart of periods over {_STRETCHED}, horizontal, with a strip for each scenario. Rows show when mines "
        "are laid, when self-destruct devices act, when the batteries of the mines left run out, when mines age "
        "out, when clearance teams work and when people return, as far as the scenario has them; each row is "
        "labelled with its days. Bars of devices reach from 5 to 95 % of their lives, thin lines on to 99.9 %; an "
        "arrow says that a period goes on beyond the time shown. Dotted vertical lines stand 30 and 120 days after "
        "the last laying."
    ),
    "maps": (
        "Maps of the region, a row for each scenario and a column for each of a few days. Coarse blocks are "
        "coloured by the accidents expected per year and square kilometre, darker where more are expected; hatched "
        "blocks are released. Dots are settlements, their area in proportion to their people. Above each map stands"
        " the expected number of accidents per year in all of it. No item has a place."
    ),
    "uncertain": (
        "Two line charts below each other over the time since the start, horizontal: hazardous mines, and "
        "casualties since the start. There is one line for each scenario, the mean over all parameter sets. The "
        "dark shading holds 5 to 95 % of the expected values and shows what is not known; the light one holds 5 to "
        "95 % of single worlds and shows knowledge and chance together."
    ),
    "family": (
        f"Two line charts below each other over {_STRETCHED}, horizontal: hazardous mines, and casualties since the "
        "start. Each line is the mean for one value of the varied number, from dark for the first value to lighter "
        "for the last, and is labelled with its value."
    ),
    "metric": (
        "Line chart of a metric, vertical, over the varied number, horizontal: the mean at each value with its 90 %"
        " interval, and a light band for 5 to 95 % of the simulated worlds. Where there is a reference, its line is"
        " drawn too, and a second chart below shows the difference or the ratio to it; thin vertical lines mark "
        "where both break even."
    ),
    "heatmap": (
        "Heat map over two varied numbers, one along each axis: the colour of a cell is the mean of a metric, or "
        "its difference or ratio to the reference, as the colour bar on the right says. Dots are the computed "
        "points. Against a reference the bold line is where both break even, thin dashed lines its 90 % interval, "
        "and each side says which scenario is safer there; without a reference lines join equal values."
    ),
    "indices": (
        "Bar chart with two bars for each uncertain input, the largest first: the share in percent of the variance "
        "of a metric that is due to the input by itself, filled, and with its interactions, hatched. Thin lines are"
        " 90 % intervals; shares and intervals stand in numbers beside the bars. The grade of each input's evidence"
        " stands below its name."
    ),
    "tornado": (
        "Tornado chart with a row for each uncertain input, the widest first: bars reach from the value of a metric"
        " at the reference, a vertical line, to its values with this input alone at its 5 % and at its 95 % value. "
        "The input's values stand at the ends of the bars, its evidence grade below its name."
    ),
    "attribution": (
        "Waterfall chart from the reference's value of a metric in the first row to the other scenario's in the "
        "last. Each row between is a bar for one change of settings: how much it adds to the metric or takes from "
        "it, averaged over all orders of making the changes, with its interval as a thin line. What changes and by "
        "how much stands beside each bar."
    ),
    "record": (
        "Line chart of the reported casualties of each period, vertical, over the years, horizontal. Dots are the "
        "record, diamonds the periods that were not fitted, triangles upper bounds. The line is the median of what the "
        "fitted scenario expects to be reported, the dark band holds half of it and the light one 90 %. Where periods "
        "were left to predict, a dotted vertical line stands at the end of what was fitted, and beyond it dashed lines "
        "are two forecasts that know nothing of mines: the last value, and a trend of equal shares a year."
    ),
    "profiles": (
        "Small charts, one for each fitted number: the log-likelihood below its highest value, vertical, over the "
        "values of the number, horizontal, with all other numbers at their best. A dot marks the best value; the thick "
        "bar on the dotted line is the interval."
    ),
    "survival": (
        "Two line charts below each other over the age of a device, horizontal: the share still working in percent, "
        "above on an even scale and below on a logarithmic one. The black steps are the tests by themselves, with thin "
        "steps for their interval; lines with bands are the fitted laws and what the tests leave open of them. Dotted "
        "vertical lines stand at the end of the last test and at the age that the title names."
    ),
    "breakeven": (
        "Line chart of the difference of a metric between a scenario and its reference, vertical, over one number "
        "of the scenario, horizontal. The line is the mean, the band around it the interval of the mean. Below the "
        "horizontal line at zero the scenario is safer. Dots on that line are the break-even values, thick bars "
        "their intervals."
    ),
}


def described() -> tuple[str, ...]:
    """Return the stems of all figures that have a description."""
    return tuple(_DESCRIPTIONS)


def description(stem: str) -> str:
    """Say what the figure with a stem, the name of its file without ending, shows. Raises ValueError for others."""
    if stem not in _DESCRIPTIONS:
        raise ValueError(f"no figure is called {stem!r}")
    return _DESCRIPTIONS[stem]
