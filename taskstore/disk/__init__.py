"""The only place that knows how to make bytes durable and how to lock: fsync, syncfs, link, rename, flock.

Every function here that changes the disk is durable when it returns, or raises StorageError and has changed nothing
that counts. A failed fsync is never tried again: the kernel may have dropped the bytes and call the next one a success
(the "fsyncgate" of PostgreSQL, 2018), so what was being written is removed and counts as not written.
Nothing follows a link that stands in the last part of a path.
"""
