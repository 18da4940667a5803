"""The document describes what is dispatched, because both are made from one table."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from bithedge.http.openapi import document
from bithedge.http.problems import CODES
from bithedge.http.table import ROUTES


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return json.loads(document(ROUTES, version="0.1.0"))


def operations(openapi: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in openapi["paths"].values() for operation in methods.values()]


def test_the_document_is_valid_openapi(openapi: dict[str, Any]) -> None:
    assert openapi["openapi"] == "3.1.0"

    validate(openapi)


def test_every_route_is_in_it_under_a_name_of_its_own(openapi: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(openapi)]

    assert len(names) == len(ROUTES)
    assert len(set(names)) == len(names)


def test_every_reference_leads_to_a_component(openapi: dict[str, Any]) -> None:
    prefix = '"#/components/schemas/'
    text = json.dumps(openapi)
    named = {part.partition('"')[0] for part in text.split(prefix)[1:]}

    assert named == set(openapi["components"]["schemas"])
    assert {"Policy", "Quote", "Pool", "Provider", "Config", "List_Policy"} <= named


def test_requests_are_closed_and_say_their_limits(openapi: dict[str, Any]) -> None:
    body = openapi["components"]["schemas"]["QuoteBody"]

    assert body["additionalProperties"] is False
    assert body["properties"]["strike_usd_e8"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9_000_000_000_000_000,
    }


def test_a_message_is_one_of_the_five_actions(openapi: dict[str, Any]) -> None:
    schema = openapi["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert len(schema["oneOf"]) == 5
    assert schema["discriminator"]["propertyName"] == "action"


def test_each_refusal_stands_under_its_status(openapi: dict[str, Any]) -> None:
    for operation in operations(openapi):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
                codes = response["description"].split(", ")
                assert {CODES[code][0] for code in codes} == {int(status)}


def test_commands_want_a_key_where_the_interface_says_so(openapi: dict[str, Any]) -> None:
    required = {route.path for route in ROUTES if route.method == "POST" and route.key == "required"}

    assert required == {
        "/v1/policies",
        "/v1/policies/{id}/activation",
        "/v1/policies/{id}/settlement",
        "/v1/policies/{id}/auto-exercise",
        "/v1/withdrawals",
        "/v1/providers/{address}/exit",
    }
    for path in required:
        parameters = openapi["paths"][path]["post"]["parameters"]
        assert any(one["name"] == "Idempotency-Key" and one["required"] for one in parameters)


def test_lists_of_words_are_written_with_commas(openapi: dict[str, Any]) -> None:
    parameters = openapi["paths"]["/v1/policies"]["get"]["parameters"]
    status = next(one for one in parameters if one["name"] == "status")

    assert (status["style"], status["explode"]) == ("form", False)
    assert "settled" in status["schema"]["items"]["enum"]
