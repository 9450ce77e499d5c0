"""Signing in at the company's OpenID provider: authorization code with PKCE, state and nonce, by Authlib."""

import warnings
from collections.abc import Mapping
from typing import Any

import httpx
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.integrations.base_client.errors import OAuthError
from fastapi import Request, Response
from joserfc.errors import JoseError

from orchestrator.web.access import Role
from topics.configuration import SignIn

BACK = "/sign-in/back"


class NotLetIn(Exception):
    """The provider did not sign anybody in whom we know: `role` is whether only the role was missing."""

    def __init__(self, role: bool) -> None:
        super().__init__("no role" if role else "not signed in")
        self.role = role


class Provider:
    """The provider of the settings; its addresses and keys are asked of it, over the network, when they are needed."""

    def __init__(self, settings: SignIn, address: str) -> None:
        self._settings, self._back = settings, f"{address}{BACK}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it would rather have httpx2; we speak httpx everywhere
            from authlib.integrations.starlette_client import OAuth
        self._client: Any = OAuth().register(
            "provider",
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
        )

    async def begin(self, request: Request) -> Response:
        """To the provider, and back to us.

        Raises:
            NotLetIn: it cannot be reached.
        """
        try:
            answer: Response = await self._client.authorize_redirect(request, self._back)
            return answer
        except (httpx.HTTPError, ValueError, KeyError, RuntimeError):
            raise NotLetIn(role=False) from None

    async def finish(self, request: Request) -> tuple[str, Role]:
        """Who came back, and as what: the first of their roles that is ours, in the order officer, reader, operator.

        Raises:
            NotLetIn: the answer is none of this browser's, not the provider's, or says nothing of a role.
        """
        try:
            token = await self._client.authorize_access_token(request)
            told: Mapping[str, Any] = token["userinfo"]
        except (OAuthError, JoseError, httpx.HTTPError, ValueError, KeyError, TypeError, RuntimeError):
            raise NotLetIn(role=False) from None
        subject, found = told.get("sub"), told.get(self._settings.role_claim)
        if not isinstance(subject, str) or not subject:
            raise NotLetIn(role=False)
        names = {found} if isinstance(found, str) else {one for one in found or () if isinstance(one, str)}
        for role in Role:
            if self._settings.roles.get(role.value) in names:
                return subject[:200], role
        raise NotLetIn(role=True)
