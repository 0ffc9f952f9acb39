"""Fingerprints: short digests of JSON values, by which an artifact says what it was made from."""

import hashlib
import json


def digest(value: object) -> str:
    """16 hex digits over a JSON value, keys sorted."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).hexdigest()
