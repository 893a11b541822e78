"""Flyte's protobuf messages and taskstore's documents, each as the other. Needs the optional extra `taskstore[flyte]`.

The only package of the library that knows protobuf (an import contract holds the others to that).
"""
