"""Bundles in an inbox: gathered part by part, taken in by a process of their own, told of like manifests.

worker.py    what is dealt with next, and what becomes of it     sets.py      which files make which bundle
process.py   the process, seen from the daemon                   child.py     the process itself
wire.py      what the two say to each other                      taking.py    one bundle taken in
opening.py   its files, opened in the inbox                      outbox.py    what goes back to where it came from
verdict.py   what became of it                                   refusals.py  after what it is tried again

A process, because it keeps both the processor and the memory that a large bundle takes away from the manifests, and can
be ended at any moment: what it does is what `taskstore bundle apply` does, which loses nothing when it is killed.
"""
