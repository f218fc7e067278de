"""Error bars by bootstrap: blocks of the volume, or objects, are drawn again and again."""

import numpy as np

OVER = ("blocks", "objects")
CONFIDENCE = 0.95
_AT_ONCE = 4096  # rows of which all draws are made together


def bootstrap(statistic, sums, *, replicates=200, seed=0):
    """Estimate standard errors of what is computed from sums, by drawing what is summed up.

    Parameters
    ----------
    statistic : callable
        Maps (R, K) sums to a dict of (R,) arrays.
    sums : (B, K) array_like of float
        What is summed up, by block or by object.
    replicates : int
        Number of times that as many rows as there are drawn, with replacement.
    seed : int
        Seed of the drawing.

    Returns
    -------
    dict from str to float
        Standard deviation over the replicates of each value; NaN where a replicate has none, or
        there are fewer than two rows.

    References
    ----------
    .. [1] P. Hall, "Resampling a coverage pattern", Stoch. Process. Appl. 20(2), 231-246, 1985.
       doi:10.1016/0304-4149(85)90212-1
    """
    values = draw_values(statistic, sums, replicates=replicates, seed=seed)
    return {name: standard_error(drawn) for name, drawn in values.items()}


def draw_values(statistic, sums, *, replicates=200, seed=0):
    """Compute values of rows that are drawn with replacement, as many as there are.

    Parameters
    ----------
    statistic, sums, replicates, seed
        As for `bootstrap`.

    Returns
    -------
    dict from str to (R,) ndarray of float64
        Values of each draw; NaN where there are none, and everywhere with fewer than two rows.
    """
    sums = np.asarray(sums, float)
    number, rng = len(sums), np.random.default_rng(seed)
    if number < 2:
        names = statistic(np.zeros((replicates, sums.shape[1])))
        return {name: np.full(replicates, np.nan) for name in names}
    if number <= _AT_ONCE:
        drawn = rng.multinomial(number, np.full(number, 1 / number), size=replicates)
        return statistic(drawn @ sums)
    totals = np.empty((replicates, sums.shape[1]))
    for row in totals:
        row[:] = np.bincount(rng.integers(number, size=number), minlength=number) @ sums
    return statistic(totals)


def standard_error(drawn):
    """Give the standard error of a value.

    Parameters
    ----------
    drawn : (R,) ndarray of float64
        Values of the draws.

    Returns
    -------
    float
        Their standard deviation.
    """
    return float(np.std(drawn, ddof=1))


def confidence_interval(drawn, confidence=CONFIDENCE):
    """Give the range that holds the middle of what was drawn.

    Parameters
    ----------
    drawn : (R,) ndarray of float64
        Values of the draws.
    confidence : float
        Share of them in the range, above 0 and below 1.

    Returns
    -------
    low, high : float
        Percentiles; NaN where a draw has no value.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> confidence_interval(np.arange(101.0), 0.9)
    (5.0, 95.0)
    """
    low, high = np.percentile(drawn, (50 * (1 - confidence), 50 * (1 + confidence)))
    return float(low), float(high)


def check_bootstrap(replicates, over, confidence):
    """Check the settings of error bars.

    Parameters
    ----------
    replicates : int
        Number of draws, 0 for none.
    over : str
        What is drawn.
    confidence : float
        Share of the draws in an interval.

    Raises
    ------
    ValueError
        If a setting is none.
    """
    if replicates < 0 or replicates == 1:
        raise ValueError(f"bootstrap of {replicates} draws; give 2 or more, or 0 for no errors")
    if over not in OVER:
        raise ValueError(f"bootstrap over {over!r} is not known; use {' or '.join(OVER)}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give a share between 0 and 1, such as 0.95")
