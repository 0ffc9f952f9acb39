"""Ed25519 keys as files: one for the ledger, one for each approver. The private half never leaves its owner's file."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from nitro_assets.identity import SecretError


class Signer:
    """Signs with the private key in a file (PKCS8 PEM)."""

    def __init__(self, path: Path) -> None:
        """Read the key. Raises `SecretError` where the file is missing, open to others, or holds no Ed25519 key."""
        try:
            mode, data = path.stat().st_mode, path.read_bytes()
        except OSError as error:
            raise SecretError(f"{path}: this key can't be read ({error.strerror}); restore it.") from error
        if mode & 0o077:
            raise SecretError(f"{path}: others may read it (mode {mode & 0o777:o}); allowed is 600. `chmod 600` it.")
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError) as error:
            raise SecretError(f"{path}: found no unencrypted PEM key; needed is an Ed25519 private key.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SecretError(f"{path}: found {type(key).__name__}; needed is an Ed25519 private key.")
        self._key = key

    @classmethod
    def of(cls, path: Path) -> "Signer":
        """The signer of a file that is made (mode 600) when it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        try:
            if not path.exists():
                os.link(draft, path)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return cls(path)

    @property
    def public(self) -> str:
        """The public key: 64 hex digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, purpose: str, text: str) -> str:
        """128 hex digits over `text`, for one purpose only."""
        return self._key.sign(_message(purpose, text)).hex()


def is_signed(public: str, purpose: str, text: str, signature: str) -> bool:
    """Whether `signature` is the public key's over `text`, for this purpose."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), _message(purpose, text))
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(purpose: str, text: str) -> bytes:
    """A signature for one purpose must be worthless for any other."""
    return f"nitro {purpose}\0{text}".encode()
