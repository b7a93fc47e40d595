"""A vendor is a folder: laid into a copy of the package it is served, controlled, broken and shown, with no other file edited."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import crosswalk.sandbox
from sandbox.callers import Control

SYSTEM = """
import threading
from dataclasses import dataclass, field

from crosswalk.sandbox.idempotency import Answers
from crosswalk.sandbox.limits import Gate
from crosswalk.sandbox.messages import json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Action, KeyedSystem


@dataclass
class Shop:
    name: str
    api_key: str
    orders: list = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    gate: Gate = field(default_factory=Gate)
    lock: object = field(default_factory=threading.RLock)

    def copy(self, later):
        return Shop(self.name, self.api_key, list(self.orders), self.answers.copy(later), self.gate.copy(later))


def _order(shop, request, parts):
    shop.orders.append(request.json())
    return json_reply({"orders": len(shop.orders)}, 201)


def _routes():
    routes = Routes()
    routes.add("GET", "/tillshop/v1/{shop}/orders", Action("read orders", read=lambda shop, *_: {"orders": shop.orders}, paged=True))
    routes.add("POST", "/tillshop/v1/{shop}/orders", Action("place order", write=_order))
    return routes


class Tillshop(KeyedSystem):
    name = "tillshop"
    customer = "shop"
    routes = _routes()
"""
VENDOR = """
from crosswalk.sandbox.bodies import texts
from crosswalk.sandbox.messages import json_reply
from crosswalk.sandbox.tillshop.system import Shop, Tillshop
from crosswalk.sandbox.vendor import Access, Login, Vendor


def _open(system, body):
    given = texts(body, shop=None, api_key="sandbox-key")
    system.customers[given["shop"]] = Shop(given["shop"], given["api_key"])
    return system.customers[given["shop"]]


VENDOR = Vendor(
    title="Tillshop & Co",
    system=Tillshop,
    customers="shops",
    open=_open,
    show=lambda system, shop: {"orders": len(shop.orders)},
    routes=lambda add, system: add("GET", "/orders", lambda shop, request, parts: json_reply(shop.orders)),
    defaults=lambda start: [{"shop": "corner"}],
    columns=("orders",),
    faults=("till_jam",),
    access=Access(body=lambda name, secret: {"shop": name, "api_key": secret}, login=lambda shop: Login(shop.name, "/tillshop")),
)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a copy of the sandbox with one more folder in it."""
    include = tmp_path_factory.mktemp("copy")
    package = Path(crosswalk.sandbox.__file__).parents[1]
    for room in ("sandbox", "errors"):
        shutil.copytree(package / room, include / "crosswalk" / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(package / "__init__.py", include / "crosswalk" / "__init__.py")
    folder = include / "crosswalk" / "sandbox" / "tillshop"
    folder.mkdir()
    for name, text in {"__init__.py": "", "system.py": SYSTEM, "vendor.py": VENDOR}.items():
        (folder / name).write_text(text, encoding="utf-8")
    serve = "from crosswalk.sandbox.server import serve; serve(port=0, contacts=3, groups=1, ready=lambda url: print(url, flush=True))"
    environment = {**os.environ, "PYTHONPATH": str(include)}
    with subprocess.Popen([sys.executable, "-c", serve], env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        yield child.stdout.readline().strip()
        child.terminate()


@pytest.fixture
def orders(url: str) -> str:
    return f"{url}/tillshop/v1/corner/orders"


HEADERS = {"Authorization": "Bearer sandbox-key", "Idempotency-Key": "one"}


def test_it_is_served_and_takes_keys(url: str, orders: str) -> None:
    Control(url).call("POST", "/reset", {})
    assert requests.get(orders, timeout=10).status_code == 401
    first, again = (requests.post(orders, json={"what": "tea"}, headers=HEADERS, timeout=10) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, {"orders": 1})
    assert requests.get(orders, headers=HEADERS, timeout=10).json() == {"orders": [{"what": "tea"}]}


def test_the_control_api_opens_lists_counts_and_restores_it(url: str, orders: str) -> None:
    control = Control(url)
    control.call("POST", "/reset", {})
    assert control.call("POST", "/tillshop/shops", {"shop": "kiosk", "api_key": "k"}).status_code == 201
    opened = control.call("POST", "/customers", {"system": "tillshop", "customer": "stall", "secret": "s"}).json()
    assert opened == {"customer": "stall", "path": "/tillshop", "user": "", "extra": {}}
    assert control.get()["tillshop"]["shops"] == {name: {"orders": 0} for name in ("corner", "kiosk", "stall")}
    number = control.call("POST", "/checkpoints").json()["checkpoint"]
    requests.post(orders, json={"what": "tea"}, headers=HEADERS, timeout=10)
    assert control.get("/tillshop/shops/corner/orders") == [{"what": "tea"}]
    assert control.get("/requests", system="tillshop")["counters"]["tillshop"]["by_owner"]["corner"]["writes"] == 1
    control.call("POST", f"/checkpoints/{number}/restore")
    assert control.get("/tillshop/shops/corner/orders") == []
    assert control.call("DELETE", "/tillshop/shops/kiosk").json() == {"deleted": 1}


def test_faults_and_settings_know_it(url: str, orders: str) -> None:
    control = Control(url)
    control.call("POST", "/reset", {})
    control.fault(system="tillshop", kind="status", status=502, shop="corner", match="read orders")
    assert [requests.get(orders, headers=HEADERS, timeout=10).status_code for _ in range(2)] == [502, 200]
    control.fault(system="tillshop", kind="till_jam", every=1000)
    assert control.call("POST", "/faults", {"system": "fmg", "kind": "till_jam"}).status_code == 422
    assert control.call("PATCH", "/settings", {"tillshop_requests_per_second": 1}).json()["tillshop_requests_per_second"] == 1
    answers = [requests.get(orders, headers=HEADERS, timeout=10) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200, 429}
    control.call("POST", "/faults", {"system": "tillshop", "kind": "expired"})
    time.sleep(1)
    assert requests.get(orders, headers=HEADERS, timeout=10).status_code == 401


def test_the_page_shows_it(url: str) -> None:
    page = requests.get(f"{url}/_sandbox/", headers={"Accept": "text/html"}, timeout=10).text
    assert "<h2>Tillshop &amp; Co</h2>" in page
    assert "<th>shop</th><th>orders</th>" in page
