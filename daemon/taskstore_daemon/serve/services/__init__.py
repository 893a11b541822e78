"""Flyte's services over a registry, a module each: a message in, a call of the store, a message out."""
