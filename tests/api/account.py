"""A Google account to sign in with: a real service account's key file whose token server is on this machine."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.api.service import Step, answer

TOKEN = "ya29.token-0123456789-ABCDEFGH"


@functools.cache
def private_key() -> str:
    """An RSA key as a key file holds it; made once, since it takes a tenth of a second."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def write_key_file(path: Path, token_server: str, **changes: Any) -> Path:
    """The file that GOOGLE_APPLICATION_CREDENTIALS names."""
    content = {
        "type": "service_account",
        "project_id": "the-accounts-own",
        "private_key_id": "1",
        "private_key": private_key(),
        "client_email": "veo@my-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{token_server}/token",
        **changes,
    }
    path.write_text(json.dumps(content), "utf-8")
    return path


def token(value: str = TOKEN, lasts: int = 3600) -> Step:
    """The token server's answer; `lasts` in seconds."""
    return answer(
        200,
        {"access_token": value, "expires_in": lasts, "token_type": "Bearer"},
        content_type="application/json",
    )
