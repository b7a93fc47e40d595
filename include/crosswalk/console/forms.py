"""Forms that act are ours alone: each carries a token signed for this user and this browser, good for half a day.

The browser holds a random cookie no script and no other site can read (HttpOnly, SameSite=Strict); the token in the form is signed
with Airflow's secret over the user and that cookie. A form made elsewhere has neither.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, Request, Response, status
from fastapi.datastructures import FormData
from itsdangerous import BadSignature, URLSafeTimedSerializer

from crosswalk.console.airflow import host

FIELD = "token"
COOKIE = "crosswalk_form"
SECONDS = 12 * 60 * 60


def issue(request: Request, user: BaseUser) -> tuple[str, str]:
    """Return the cookie of this browser, a new one when it has none, and a token for the forms of one page."""
    cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    return cookie, _serializer(request).dumps([user.get_id(), cookie])


def remember(request: Request, response: Response, cookie: str) -> None:
    """Give the browser its cookie."""
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, cookie, max_age=SECONDS, path=request.scope["root_path"], secure=secure, httponly=True, samesite="strict")


async def require_token(request: Request, user: GetUserDep) -> None:
    """Refuse a form that is not ours, not this user's, or too old: 403."""
    form = await request.form()
    try:
        signed = _serializer(request).loads(str(form.get(FIELD, "")), max_age=SECONDS)
    except BadSignature:
        signed = None
    if signed != [user.get_id(), request.cookies.get(COOKIE)]:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "The form is too old, or was not made by this page: open the page again")


async def read_form(request: Request) -> FormData:
    """Read a form, so that what is done with it need not wait in the loop all requests share."""
    return await request.form()


def _serializer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(host(request).state.secret_key, salt="crosswalk.console.form")


Form = Annotated[FormData, Depends(read_form)]
