"""Keeping a store whole: `fsck` finds what is wrong, `repair` mends it from another copy, `gc` removes leftovers.

problem.py     what can be wrong, and the command that mends it
fsck.py        the check, in phases that can be stopped and taken up again (position.py)
chain.py       the journal        blobs.py      the blobs       index.py   the index against the journal
exposure.py    owners and modes   listing.py    what lies where   needs.py   who needs a damaged blob
repair.py      fetching from a donor (donor.py), entries only where they fit the chain (fitting.py)
gc.py          removing what no entry names (names.py)
"""

from taskstore.check.chain import Expectation
from taskstore.check.donor import Donor, StoreDonor
from taskstore.check.fsck import Fsck
from taskstore.check.gc import GcReport, gc
from taskstore.check.position import Phase
from taskstore.check.problem import Kind, Problem
from taskstore.check.repair import RepairReport, repair
from taskstore.check.report import Checked, FsckReport

__all__ = [
    "Checked",
    "Donor",
    "Expectation",
    "Fsck",
    "FsckReport",
    "GcReport",
    "Kind",
    "Phase",
    "Problem",
    "RepairReport",
    "StoreDonor",
    "gc",
    "repair",
]
