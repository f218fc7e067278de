"""What is asked for of a split, and the blocks that it ends in."""

from dataclasses import dataclass

SPLITS = ("training", "validation", "test")
METHODS = ("sample", "block", "slice", "group")
COVERS = ("drop", "shift")


@dataclass(frozen=True)
class Sample:
    """One pair of a volume and its truth, as far as the split is concerned."""

    name: str
    depth: int


@dataclass(frozen=True)
class Block:
    """Slices ``start`` to ``stop`` of one sample, all in one split."""

    sample: int
    split: str
    start: int
    stop: int


@dataclass(frozen=True)
class SplitSettings:
    """How samples are split.

    Parameters
    ----------
    method : {"sample", "block", "slice", "group"}
        Whole samples, each sample cut in z into training | validation | test, every slice drawn
        by itself, or groups of neighbouring slices.
    fractions : tuple of three float
        Shares of the slices for training, validation and test; they add up to 1.
    test_samples : tuple of int
        Indices of the samples kept for the test; chosen by the fractions if empty.
    guard : int or None
        Slices left out between two blocks of one sample. None leaves out 16, or as
        many fewer as the sample has slices to spare.
    patch_depth : int
        Slices of a patch: no block is shorter.
    cover : {"drop", "shift"}
        Whether blocks are whole numbers of patches ("drop") or of slices ("shift").
    seed : int
        Decides between assignments that meet the fractions equally well, and draws slices.
    validation_samples : tuple of int, optional
        Indices of the samples kept for the validation; chosen by the fractions if empty.
    slices : tuple of three int, optional
        Slices for training, validation and test, when they are drawn one by one; by the fractions
        if not given, which are to be `shares_of` these otherwise.
    group : int, optional
        Slices of a group in a split by group; as many as a patch has if not given.
    groups : tuple of three int, optional
        Numbers of groups, as `slices` of slices.
    fold : (int, int), optional
        Which fold of how many: the fractions are to be `shares_of_folds` then.
    """

    method: str
    fractions: tuple
    test_samples: tuple
    guard: int | None
    patch_depth: int
    cover: str
    seed: int
    validation_samples: tuple = ()
    slices: tuple | None = None
    group: int | None = None
    groups: tuple | None = None
    fold: tuple | None = None

    def __post_init__(self):
        _check_choice("split", self.method, METHODS)
        self._check_fold()
        _check_choice("cover", self.cover, COVERS)
        shares = self.fractions
        if len(shares) != 3 or min(shares) < 0 or not abs(sum(shares) - 1) <= 1e-6:
            raise ValueError(
                f"fractions {shares} must be three shares of training, validation and test, "
                "each 0 or more, that add up to 1"
            )
        if self.guard is not None and self.guard < 0:
            raise ValueError(f"guard {self.guard} must be 0 or more slices")
        for split, named in self.named_samples.items():
            if named and self.method != "sample":
                raise ValueError(
                    f"{split} samples can only be named when splitting by sample, not by "
                    f"{self.method}"
                )
            if named and shares[SPLITS.index(split)] == 0:
                raise ValueError(
                    f"{split} samples are named, but the fraction of the {split} is 0; set it"
                )
        self._check_slices()

    @property
    def named_samples(self):
        """Indices of the samples that are fixed, for validation and for test."""
        return {"validation": self.validation_samples, "test": self.test_samples}

    @property
    def shares(self):
        """Share of each split that is to get slices, in their order."""
        pairs = zip(SPLITS, self.fractions, strict=True)
        return {split: share for split, share in pairs if share > 0}

    @property
    def unit(self):
        """Slices that are drawn together in a split by slice or by group."""
        return (self.group or self.patch_depth) if self.method == "group" else 1

    @property
    def units(self):
        """Numbers of slices or groups that were asked for, None for fractions."""
        return self.groups if self.method == "group" else self.slices

    def _check_slices(self):
        for text, given, method in (
            (f"numbers of slices {self.slices}", self.slices, "slice"),
            (f"numbers of groups {self.groups}", self.groups, "group"),
            (f"groups of {self.group} slices", self.group, "group"),
        ):
            if given is not None and self.method != method:
                raise ValueError(
                    f"{text} can only be given when splitting by {method}, not by {self.method}"
                )
        if self.method not in ("slice", "group"):
            return
        if self.method == "slice" and self.patch_depth != 1:
            raise ValueError(
                f"a split by slice is for patches of 1 slice, not of {self.patch_depth}; use a "
                "patch such as 1,64,64 or slice, or split by group or block"
            )
        if self.unit < self.patch_depth:
            raise ValueError(
                f"a group of {self.unit} slices is less than a patch of {self.patch_depth}; use "
                "larger groups or a smaller patch"
            )
        if self.guard is not None:
            raise ValueError(
                f"guard {self.guard}: no slices can lie between {self.method}s that are drawn one "
                "by one; split by block, or leave the guard out"
            )

    def _check_fold(self):
        if self.fold is None:
            return
        if self.method not in ("sample", "block"):
            raise ValueError(
                f"folds are of whole samples or of blocks, not by {self.method}: split by one of "
                "these"
            )
        if any(self.named_samples.values()):
            raise ValueError("samples cannot be named for a split of folds; leave them out")
        if self.method == "sample" and self.guard is not None:
            raise ValueError(
                f"guard {self.guard}: no slices lie between whole samples; leave the guard out"
            )


def shares_of_folds(fold):
    """Shares of the splits in a fold.

    Parameters
    ----------
    fold : (int, int)
        Which fold, from 1, of how many.

    Returns
    -------
    tuple of three float
        Of training, validation and test.

    Raises
    ------
    ValueError
        If they are not two whole numbers, there are fewer than 3 folds, or no such fold.

    Examples
    --------
    >>> shares_of_folds((1, 5))
    (0.6, 0.2, 0.2)
    """
    numbers = tuple(fold) if isinstance(fold, tuple | list) else (fold,)
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 2 or not whole or numbers[1] < 3 or not 1 <= numbers[0] <= numbers[1]:
        raise ValueError(
            f"fold {'/'.join(map(str, numbers))} must be one of 3 folds or more, such as 1/5: one "
            "is the test, the next one the validation, the others the training"
        )
    folds = numbers[1]
    return shares_of((folds - 2, 1, 1))


def shares_of(slices, what="slices"):
    """Shares that numbers of slices amount to.

    Parameters
    ----------
    slices : sequence of three int
        Slices for training, validation and test.
    what : str, optional
        What the error calls them.

    Returns
    -------
    tuple of three float
        Their shares, which add up to 1.

    Raises
    ------
    ValueError
        If they are not three whole numbers of 0 or more, with one above 0.

    Examples
    --------
    >>> shares_of((6, 2, 2))
    (0.6, 0.2, 0.2)
    """
    numbers = tuple(slices)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)
    if len(numbers) != 3 or not whole or not any(numbers):
        raise ValueError(
            f"{what} {numbers} must be three numbers of {what} for training, validation and test, "
            "each 0 or more, not all 0"
        )
    return tuple(n / sum(numbers) for n in numbers)


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} {value!r} is not known; use one of {', '.join(choices)}")
