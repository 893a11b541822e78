"""Bundles: a store's facts and blobs in a file, to be carried to another store. `specs/bundle-format.md` describes it.

operations.py   whole operations: make, sign, check who signed, receipts
create.py       what goes into a bundle           split.py      into one file or numbered parts
writer.py       the file, as it is written        reader.py     the file, as it is read by who trusts nothing
layout.py       its documents                     facts.py      its records of facts
tar.py          the tar around it                 packs.py      many records in one layer
progress.py     how far an operation is
parts.py        parts, read as one file           receipt.py    what a store has of others
verify.py       all of it, checked                survey.py     beside the store that it came to
examine.py      what the store would take         apply.py      taken in
donor.py        what a damaged store is mended from
"""

from taskstore.bundle.apply import Applied, apply
from taskstore.bundle.donor import BundleDonor
from taskstore.bundle.examine import Examined, examine
from taskstore.bundle.operations import Made, check_signature, make_bundle, take_receipt
from taskstore.bundle.reader import Bundle, opened, require_one
from taskstore.bundle.receipt import Receipt, decode_receipt, encode_receipt
from taskstore.plan.survey import Conflict, OnConflict

__all__ = [
    "Applied",
    "Bundle",
    "BundleDonor",
    "Conflict",
    "Examined",
    "Made",
    "OnConflict",
    "Receipt",
    "apply",
    "check_signature",
    "decode_receipt",
    "encode_receipt",
    "examine",
    "make_bundle",
    "opened",
    "require_one",
    "take_receipt",
]
