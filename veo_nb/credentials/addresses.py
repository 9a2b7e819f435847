"""Which addresses a key may be sent to: over https, or on this machine and in its own network."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from veo_nb import catalog
from veo_nb.errors import InvalidRequest


def base_address(value: Any) -> str:
    """One base for all three calls, without a slash at its end; empty for the provider's own.

    Raises:
        InvalidRequest: it is no http(s) address, holds a password, or would send the key in the clear.
    """
    text = str(value).strip().rstrip("/")
    if not text:
        return ""
    if "@" in text:
        # Not quoted: what stands before the sign is a password.
        raise InvalidRequest(
            "base_url can't hold a user name or a password.", hint="Give the address alone.", field="base_url"
        )
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 else None
        if "[" in text:
            # Only from Python 3.11.4 on does urlsplit look into the brackets.
            ipaddress.ip_address(host or "")
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[?#\\\s]", text):
        raise InvalidRequest(
            f"{catalog.shown(value)} is no base address.",
            hint="Give one like https://gateway.example.com.",
            field="base_url",
        )
    if parts.scheme == "http" and not is_private(host):
        raise InvalidRequest(
            f"base_url would send the key to {host} in the clear.",
            hint="Use https://; http:// is for this machine and its own network.",
            field="base_url",
        )
    return text


def is_private(host: str) -> bool:
    """Whether a host is this machine or in its own network, as far as its name or address tells."""
    name = host.lower().rstrip(".").strip("[]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        last = name.rpartition(".")[2]
        # Resolvers take 127.1, 0x7f.1 and 2130706433 for addresses; a name without a dot is a neighbour's.
        return (
            re.fullmatch(r"\d+|0x[0-9a-f]*", last) is not None
            or "." not in name
            or last in ("localhost", "local", "localdomain", "internal", "lan", "home", "arpa")
        )
    return not address.is_global or address.is_multicast
