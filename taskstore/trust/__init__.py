"""Who made something: SSH signatures, and the keys that a store trusts."""

from taskstore.trust.signature import SUFFIX, Signer, Trust, sign

__all__ = ["SUFFIX", "Signer", "Trust", "sign"]
