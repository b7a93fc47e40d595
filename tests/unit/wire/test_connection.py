"""What a client gets of its connection: the fields connection.toml declares, checked, with their defaults; never shown."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.core.connection_form import form_names, load_form
from crosswalk.errors import ConfigurationError
from crosswalk.wire.connection import connection_settings

GOOD: dict[str, Any] = {"login": "jroe", "password": "kVq4-Zt81-rest", "office": "DEMO01"}


def test_a_blank_field_means_its_default() -> None:
    settings = connection_settings("smartoffice", "https://x.test", **GOOD, page_size=None, paging="")
    assert (settings["page_size"], settings["paging"], settings.name) == (1000, "search", "smartoffice")
    assert (settings.requests_per_second, settings.allow_private_network, settings.allowed_hosts) == (20, False, ())
    hosts = connection_settings("smartoffice", **GOOD, allowed_hosts="a.test, b.test")
    assert hosts.allowed_hosts == ("a.test", "b.test")


@pytest.mark.parametrize("system", form_names())
def test_the_rate_is_the_systems_own_and_the_form_says_so(system: str) -> None:
    field = load_form(system).fields.get("requests_per_second")
    assert field is None or field.description.endswith(f"Default {field.default}.")


def test_every_problem_is_named_and_no_value() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("smartoffice", login="", password="", page_size=0, ofice="s3cret-word", office="a\nb")
    codes = [one.code for one in caught.value.problems]
    assert codes == ["CONN_EXTRA", "CONN_EXTRA", "CONN_LOGIN_MISSING", "CONN_SECRET_MISSING", "CONN_BAD_CHARACTER"]
    assert "s3cret-word" not in str(caught.value)


@pytest.mark.requirement("SAFE-9")
def test_no_secret_is_shown() -> None:
    about = {"login": "us", "password": "s3cret-word", "api_key": "s3cret-key", "firm": "EM-1", "signin_url": "https://x.test"}
    shown = repr(connection_settings("emoney", "https://x.test", **about))
    assert "s3cret" not in shown
