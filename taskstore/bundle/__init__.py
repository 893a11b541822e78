"""Bundles: a store's facts and blobs in a file, to be carried to another store."""
