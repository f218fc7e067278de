"""Tracks: what becomes of each object from step to step."""

from dataclasses import dataclass

import numpy as np

EVENTS = ("first", "kept", "appeared", "merged", "split")
FATES = ("last", "kept", "vanished", "merged", "split")


@dataclass(frozen=True)
class Steps:
    """Tracks of the objects of all steps; each list has an entry per step.

    Attributes
    ----------
    tracks : list of (N,) ndarray of int64
        Number of the track that each object is in, from 1 on.
    events : list of (N,) ndarray of str
        How each object came to be, one of `EVENTS`: ``first`` in the first step, ``kept`` from the
        step before, ``appeared``, ``merged`` of several, or a part of one that was ``split``.
    fates : list of (N,) ndarray of str
        What becomes of it in the next step, one of `FATES`.
    parents : list of (N,) ndarray of str
        Tracks that an object was merged of or split from, such as ``"3+7"``; else empty.
    """

    tracks: list
    events: list
    fates: list
    parents: list


def follow(numbers, links):
    """Follow objects from step to step.

    A track goes on while one object becomes one object. Of objects that merge, and of one that is
    split, the tracks end, and new ones begin.

    Parameters
    ----------
    numbers : sequence of int
        Objects of each step.
    links : sequence of (M, 2) ndarray of int64
        For each step but the first, rows before and after that are linked.

    Returns
    -------
    Steps
        Tracks, events, fates and parents.
    """
    following = numbers[0] + 1
    tracks = [np.arange(1, following)]
    events, parents = [_words(numbers[0], "first")], [_words(numbers[0], "")]
    fates = []
    for number, pairs in zip(numbers[1:], links, strict=True):
        before, after = pairs.T
        sources = np.bincount(after, minlength=number)
        targets = np.bincount(before, minlength=len(tracks[-1]))
        single = (sources[after] == 1) & (targets[before] == 1)
        event, fate = _words(number, "appeared"), _words(len(targets), "vanished")
        event[after[targets[before] > 1]] = fate[before[targets[before] > 1]] = "split"
        event[after[sources[after] > 1]] = fate[before[sources[after] > 1]] = "merged"
        event[after[single]] = fate[before[single]] = "kept"
        own = np.zeros(number, np.int64)
        own[after[single]] = tracks[-1][before[single]]
        new = np.flatnonzero(own == 0)
        own[new] = following + np.arange(len(new))
        following += len(new)
        parents.append(_parents(number, pairs[~single], tracks[-1]))
        tracks.append(own)
        events.append(event)
        fates.append(fate)
    fates.append(_words(numbers[-1], "last"))
    return Steps(tracks, events, fates, parents)


def _words(number, word):
    """Make an array of a word that has room for others."""
    return np.full(number, word, dtype="U8")


def _parents(number, pairs, tracks):
    """Name the tracks that objects come from."""
    names = [[] for _ in range(number)]
    for before, after in pairs:
        names[after].append(int(tracks[before]))
    return np.array(["+".join(map(str, sorted(own))) for own in names], dtype=np.str_)
