"""This machine's Google credentials as a key: found by google-auth, fetched off the loop, kept until they expire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Container
from typing import Any

import httpx2

from veo_nb import errors
from veo_nb.api import body
from veo_nb.api.auth import origin
from veo_nb.api.errors import SIGN_IN
from veo_nb.credentials.keys import Secret

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_SECONDS = 60.0
"""A submit waits for its token no longer than this, and has not been sent then."""
KEPT = 8
"""So many tokens are known again; each is good for an hour."""


class GoogleAccount:
    """Application Default Credentials; nothing is read or imported before the first token is needed."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._tokens: list[Secret] = []
        self._lock = asyncio.Lock()

    def __repr__(self) -> str:
        return "GoogleAccount()"

    @property
    def tokens(self) -> tuple[Secret, ...]:
        """The newest tokens, those it has forgotten too: a server may quote one in the answer that refuses it."""
        return tuple(self._tokens)

    async def freshen(self) -> None:
        """Have a token that is good for some minutes yet.

        Raises:
            AuthenticationError: google-auth is missing, or finds nothing, or Google refuses what it found.
            TransportError: Google can't be reached for a token.
        """
        async with self._lock:
            if self._credentials is not None and self._credentials.valid:
                return
            # Not kept where it fails: who signs in again is to be heard without another start.
            credentials, self._credentials = self._credentials, None
            try:
                async with asyncio.timeout(TOKEN_SECONDS):
                    self._credentials = await asyncio.to_thread(_fetched, credentials)
                self._tokens = [*self._tokens[1 - KEPT :], Secret(self._credentials.token or "")]
            except TimeoutError:
                raise errors.TransportError(
                    "Google's token service can't be reached: it took too long.",
                    hint="Look at your connection and proxy.",
                ) from None
            except RuntimeError as error:
                # At the end of the process no thread can be had any more. Nothing has been sent then.
                raise errors.TransportError(f"No token can be fetched: {error}.", hint="") from None

    def forget(self) -> None:
        """Look for credentials anew next time: the service did not take these."""
        self._credentials = None

    def sign(self, headers: httpx2.Headers) -> None:
        """Write the token, and the project that is charged for the call where the credentials name one."""
        self._credentials.apply(headers)


class Bearer(httpx2.Auth):
    """Writes the token of an account into requests to these origins, and into no other."""

    def __init__(self, account: GoogleAccount, origins: Container[str]) -> None:
        self.account = account
        self.origins = origins

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """The request, with a fresh token where it may go; what fails here fails before anything is sent."""
        if origin(request.url) in self.origins:
            await self.account.freshen()
            self.account.sign(request.headers)
        yield request


def _fetched(credentials: Any) -> Any:
    """Credentials with a token; those given, or what this machine has."""
    try:
        import google.auth
        import requests
        from google.auth import exceptions
        from google.auth.transport.requests import Request
    except ImportError:
        raise errors.AuthenticationError(
            "This machine's Google credentials can't be read: google-auth is not installed.",
            hint='Run `pip install "veo-nb[vertex]"`, or set VERTEX_API_KEY.',
        ) from None
    try:
        if credentials is None:
            credentials, _ = google.auth.default(scopes=[SCOPE])
        with requests.Session() as session:
            credentials.refresh(Request(session))
    except exceptions.DefaultCredentialsError as error:
        said = body.words(str(error))
        missing = "were not found" in said
        raise errors.AuthenticationError(
            "No Google credentials were found on this machine."
            if missing
            else f"This machine's Google credentials can't be read: {said}",
            hint=f"{SIGN_IN}{'; or set VERTEX_API_KEY' if missing else ''}.",
        ) from None
    except exceptions.TransportError as error:
        raise _no_way(error) from None
    except exceptions.GoogleAuthError as error:
        if getattr(error, "retryable", False):
            raise _no_way(error) from None
        # Its second argument is the whole answer, which nobody wants to read.
        said = body.words(str(error.args[0] if error.args else error))
        raise errors.AuthenticationError(
            f"Google refused this machine's credentials: {said}", hint=f"{SIGN_IN}."
        ) from None
    except Exception as error:  # noqa: BLE001  a key file may hold anything; and nothing has been sent yet
        raise errors.AuthenticationError(
            f"This machine's Google credentials can't be used: {body.words(str(error)) or type(error).__name__}",
            hint=f"{SIGN_IN}.",
        ) from None
    return credentials


def _no_way(error: Exception) -> errors.TransportError:
    said = body.words(str(error.args[0] if error.args else error)) or type(error).__name__
    return errors.TransportError(
        f"Google's token service can't be reached: {said}", hint="Look at your connection and proxy."
    )
