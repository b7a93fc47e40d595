"""The normal forms records are compared by."""

from __future__ import annotations

import pytest

from crosswalk.features.linking.candidates.keys import company_key, host_key, name_key, phone_key
from crosswalk.features.linking.candidates.names import company_names, first_names, last_names, split_suffix
from unit.core.candidate_frames import texts


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("(212) 555-0147", "+12125550147"),
        ("+1 212 555 0147", "+12125550147"),
        ("1-212-555-0147", "+12125550147"),
        ("212.555.0147 x12", "+12125550147 x12"),
        ("212-555-0147 ext. 12", "+12125550147 x12"),
        ("2125550147 #7", "+12125550147 x7"),
        ("+44 20 7946 0018", "+442079460018"),
        ("555-0147", ""),
        ("none", ""),
        ("", ""),
        ("x12", ""),
    ],
)
def test_phone_numbers(typed: str, key: str) -> None:
    assert phone_key(typed) == key


def test_a_number_without_country_is_of_the_region() -> None:
    assert phone_key("020 7946 0018", "GB") == phone_key("+44 20 7946 0018") == "+442079460018"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("https://www.Acme.example/about?x=1#top", "acme.example"),
        ("acme.example", "acme.example"),
        ("http://user:pw@shop.acme.example:8080/", "acme.example"),
        ("www.acme.co.uk", "acme.co.uk"),
        ("acme.co.uk", "acme.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("https://facebook.com/acme", ""),
        ("https://acme.wixsite.com/home", ""),
        ("http://192.0.2.7/", ""),
        ("localhost", ""),
        ("n/a", ""),
        ("", ""),
    ],
)
def test_websites(typed: str, key: str) -> None:
    assert host_key(typed) == key


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("The Acme Rentals, Inc.", "acme rentals"),
        ("ACME RENTALS LLC", "acme rentals"),
        ("Acme & Sons Co. Ltd.", "acme and sons"),
        ("Smith & Co", "smith"),
        ("Großmann GmbH", "grossmann"),
        ("Peña's Lighting", "penas lighting"),
        ("LLC", "llc"),
        ("The", "the"),
        (" ", ""),
    ],
)
def test_names_of_companies(typed: str, key: str) -> None:
    assert company_key(typed) == key


def test_names_of_people() -> None:
    assert [name_key(one) for one in ("O'Brien-Núñez", " J. R. ", "Łucja", "")] == ["obrien nunez", "j r", "lucja", ""]
    assert [split_suffix(one) for one in ("parker jr", "junior", "jr hale", "parker senior")] == [
        ("parker", "jr"),
        ("junior", ""),
        ("jr hale", ""),
        ("parker", "sr"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "closeness"),
    [
        ("robert", "robert", 100),
        ("ann", "ann m", 97),
        ("bob", "robert", 95),
        ("bob", "rob", 95),
        ("r", "robert", 80),
        ("r", "ann", 0),
        ("terence", "teresa", range(60, 90)),
        ("robert", "wilma", range(60)),
        ("", "robert", -1),
    ],
)
def test_first_names(one: str, other: str, closeness: int | range) -> None:
    found = {int(first_names(texts(a), texts(b))[0]) for a, b in ((one, other), (other, one))}
    assert found <= (set(closeness) if isinstance(closeness, range) else {closeness})
    assert len(found) == 1


def test_last_names_and_companies() -> None:
    assert last_names(texts("parker", "parker hale", "parker"), texts("parker", "hale", "praker")).tolist() == [100, 95, 94]
    assert company_names(texts("acme rentals", "acme rentals", ""), texts("rentals acme", "zebra", "acme")).tolist()[::2] == [94, -1]
