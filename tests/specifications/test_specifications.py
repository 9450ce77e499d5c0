"""The check against a vendor's description, tried on a made-up vendor: what fits passes, and each way to deviate is told."""

import copy
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.testing.kit import ConformanceKit
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.specifications.__main__ import Checked, check, fits, main
from tests.specifications.documents import Document, Unknown
from tests.specifications.judge import deviations


class Kit(ConformanceKit):
    connector = Shoebox
    simulator = ShoeboxSimulator
    settings = {"token": {"env": "KIT_SECRET"}}
    dated = ("invoice",)


def answers(*statuses: str, **schema: Any) -> dict[str, Any]:
    """Answers without a body, and a 200 of that schema."""
    told: dict[str, Any] = {status: {"description": ""} for status in statuses}
    return {"responses": told | ({"200": {"description": "", "content": {"application/json": {"schema": schema}}}} if schema else {})}


def page(row: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"rows": {"type": "array", "items": row}, "next": {"type": ["integer", "null"]}}}


def query(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": {"type": "integer" if name == "page" else "string"}} for name in names]


CUSTOMER = {
    "type": "object",
    "required": ["id", "email"],
    "properties": {**{name: {"type": "string"} for name in ("id", "email", "number", "name")}, "archived": {"type": "boolean"}},
}
SHOEBOX: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://shoebox.example/v1"}],
    "components": {"schemas": {"customer": CUSTOMER}},
    "paths": {
        "/customers": {"get": {"parameters": query("q", "show", "page"), **answers(**page({"$ref": "#/components/schemas/customer"}))}},
        "/customers/{id}": {
            "get": answers("404", **{"$ref": "#/components/schemas/customer"}),
            "delete": answers("204", "404", "422"),
        },
        "/customers/{id}/archive": {"post": answers("204")},
        "/customers/{id}/unarchive": {"post": answers("204")},
        "/customers/{id}/invoices": {
            "get": {"parameters": query("page"), **answers(**page({"properties": {"id": {"type": "string"}, "dated": {"type": "string"}}}))}
        },
        "/customers/{id}/notes": {"get": {"parameters": query("page"), **answers(**page({"properties": {"id": {"type": "string"}}}))}},
        "/invoices/{id}": {"delete": answers("204", "404")},
        "/notes/{id}": {"delete": answers("204", "404")},
    },
}


def checked(tmp_path: Path, document: dict[str, Any]) -> Checked:
    (tmp_path / "shoebox.json").write_text(json.dumps(document))
    return check("shoebox", [Kit], [tmp_path / "shoebox.json"])


def test_a_connector_and_a_simulator_that_do_as_described_deviate_in_nothing(tmp_path: Path) -> None:
    result = checked(tmp_path, SHOEBOX)
    assert [] == result.new
    assert result.calls == result.answers > 30


def altered(path: str, method: str, *keys: str, to: Any = None) -> dict[str, Any]:
    """The document with one thing in it changed, or taken out."""
    document = copy.deepcopy(SHOEBOX)
    place = document["paths"][path][method]
    for key in keys[:-1]:
        place = place[key]
    if to is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = to
    return document


ARCHIVE, INVOICES = "/customers/{id}/archive", "/customers/{id}/invoices"
INVOICE = ("responses", "200", "content", "application/json", "schema", "properties", "rows", "items", "properties")
BODY = {"content": {"application/json": {"schema": {"type": "object", "required": ["why"]}}}, "required": True}
ALTERED = [
    (altered("/customers", "get", "parameters", to=query("q", "show")), "GET /v1/customers: query: page is not described"),
    (altered("/customers", "get", "parameters", to=query("q", "page")), "GET /v1/customers: query: show is not described"),
    (
        altered("/customers", "get", "parameters", to=[*query("q", "show", "page"), {"name": "key", "in": "query", "required": True}]),
        "GET /v1/customers: query: key is required, and not sent",
    ),
    (
        altered("/customers", "get", "parameters", to=[*query("q", "page"), {"name": "show", "in": "query", "schema": {"enum": ["a"]}}]),
        "GET /v1/customers: query: show has a value that is not in the list",
    ),
    (altered(ARCHIVE, "post", "requestBody", to=BODY), f"POST /v1{ARCHIVE}: body: it is required, and not sent"),
    (altered(INVOICES, "get", *INVOICE, "dated"), f"GET /v1{INVOICES}: answer 200: rows[].dated is not described"),
    (
        altered(INVOICES, "get", *INVOICE, "dated", to={"type": "integer"}),
        f"GET /v1{INVOICES}: answer 200: rows[].dated is string and must be integer",
    ),
    (altered("/invoices/{id}", "delete", "responses", "204"), "DELETE /v1/invoices/{id}: answer 204: the status is not described"),
    ({**SHOEBOX, "paths": {**SHOEBOX["paths"], "/notes/{id}": {}}}, "DELETE /v1/notes/{}: the call is not described"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "told"), ALTERED, ids=[told for _, told in ALTERED])
def test_each_way_to_deviate_is_told_without_a_value(document: dict[str, Any], told: str, tmp_path: Path) -> None:
    assert [told] == checked(tmp_path, document).new


def test_what_a_simulator_leaves_out_is_known_and_a_connector_cannot_rely_on_it(tmp_path: Path) -> None:
    document = copy.deepcopy(SHOEBOX)
    document["components"]["schemas"]["customer"]["required"].append("phone")
    result = checked(tmp_path, document)
    assert "GET /v1/customers/{id}: answer 200: the whole lacks 'phone'" in result.found
    assert [] == result.new


def test_a_reason_whose_deviation_is_gone_is_told() -> None:
    result = Checked("x", (), found={"GET /a: answer 410: b"}, known=("GET *: answer 410: b", "GET *: answer 411: *"))
    assert ([], ["GET *: answer 411: *"]) == (result.new, result.stale)


@pytest.mark.parametrize(("known", "fit"), [("a[]: b", True), ("a*b", True), ("a", False), ("*c", False)])
def test_a_star_stands_for_anything_and_brackets_for_themselves(known: str, fit: bool) -> None:
    assert fit is fits(known, "a[]: b")


SWAGGER = {
    "swagger": "2.0",
    "basePath": "/v3",
    "definitions": {"Row": {"type": "object", "properties": {"name": {"type": "string", "x-nullable": True}}}},
    "paths": {
        "/rows/{id}": {
            "put": {
                "parameters": [{"name": "row", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Row"}}],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Row"}}},
            }
        }
    },
}
ROW = {"$ref": "Row"}
PUT = {"httpMethod": "PUT", "flatPath": "v3/rows/{rowsId}", "path": "v3/{+name}", "request": ROW, "response": ROW}
DISCOVERY = {
    "kind": "discovery#restDescription",
    "servicePath": "",
    "schemas": {"Row": {"id": "Row", "type": "object", "properties": {"name": {"type": "string"}, "any": {"type": "any"}}}},
    "resources": {"rows": {"methods": {"put": PUT}}},
}


def called(document: dict[str, Any], sent: Any, got: Any) -> list[str]:
    request = httpx.Request("PUT", "https://vendor.test/v3/rows/7", json=sent)
    return list(deviations(Document(document), request, httpx.Response(200, json=got)))


@pytest.mark.parametrize("document", [SWAGGER, DISCOVERY], ids=["swagger 2", "discovery"])
def test_the_older_formats_are_read_too(document: dict[str, Any]) -> None:
    (told,) = called(document, {"name": "a"}, {"name": 7})
    assert ": answer 200: name is integer and must be" in told
    assert [] == called(document, {"name": "a"}, {"name": "b"})
    assert "body: nmae is not described" in called(document, {"nmae": "a"}, {})[0]


def test_a_field_that_may_be_null_may_be_null() -> None:
    assert [] == called(SWAGGER, {"name": None}, {"name": None})


def test_a_file_that_describes_no_api_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jira.json").write_text('{"an": "object"}')
    with pytest.raises(Unknown, match="is no OpenAPI"):
        Document.read(tmp_path / "jira.json")


def test_a_folder_without_files_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "There is no .json or .yaml file in FOLDER." in capsys.readouterr().err
