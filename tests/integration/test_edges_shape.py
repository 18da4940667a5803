"""What is refused for its shape alone: fields, figures, words, addresses, JSON, sizes, paths."""

import msgspec
import pytest

from tests.integration.client import (
    Client,
    Json,
    a_wish,
    fault_at,
    problem_of,
    usd,
)
from tests.integration.edges import BODIES, MAINNET, OF_SEVERAL_KEYS, SOMEBODY, WRONG_CHECKSUM, refused_raw

BAD_ADDRESSES = [
    pytest.param(WRONG_CHECKSUM, id="checksum"),
    pytest.param(MAINNET, id="other network"),
    pytest.param(OF_SEVERAL_KEYS, id="of several keys"),
    pytest.param(f"{SOMEBODY}.contract", id="contract"),
    pytest.param("", id="empty"),
    pytest.param("ST", id="short"),
    pytest.param(7, id="number"),
]

NOT_WHOLE = [
    b"1.0",
    b"1e3",
    b'"1"',
    b"true",
    b"null",
    b"[]",
    b"0",
    b"-1",
    b"9007199254740992",
    b"1" + b"0" * 40,
]


@pytest.mark.parametrize("path", BODIES)
async def test_an_unknown_field_is_refused_by_its_name(client: Client, path: str) -> None:
    before = await client.books()

    refused = await client.refusal(path, BODIES[path] | {"colour": "red"})

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert "colour" in refused["detail"]
    assert await client.books() == before


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (path, field)
        for path, body in BODIES.items()
        for field in body
        if (path, field) not in {("/v1/quotes", "tier"), ("/v1/transactions", "txid")}
    ],
)
async def test_a_missing_field_is_refused_by_its_name(client: Client, path: str, field: str) -> None:
    body = {name: value for name, value in BODIES[path].items() if name != field}

    refused = await client.refusal(path, body)

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert refused["errors"]


@pytest.mark.parametrize("value", NOT_WHOLE, ids=[text.decode()[:20] for text in NOT_WHOLE])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/quotes", "amount_sats"),
        ("/v1/quotes", "strike_usd_e8"),
        ("/v1/deposits", "amount_sats"),
        ("/v1/devnet/mine", "blocks"),
    ],
)
async def test_a_figure_is_a_whole_number_above_zero(
    client: Client, path: str, field: str, value: bytes
) -> None:
    text = msgspec.json.encode(BODIES[path] | {field: "here"}).replace(b'"here"', value)
    before = await client.books()

    refused = await refused_raw(client, path, text)

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert fault_at(refused, field)
    assert await client.books() == before


@pytest.mark.parametrize("field", ["max_payout_sats", "tenor_blocks", "expiry_height", "floor_usd_e8"])
@pytest.mark.parametrize("value", [-1, 1.5, "1", True, 2**53])
async def test_each_figure_of_a_quote_is_a_whole_number(client: Client, field: str, value: object) -> None:
    pairs = {"floor_usd_e8": "max_payout_sats", "expiry_height": "tenor_blocks"}
    wish = a_wish() | {field: value}
    wish.pop(pairs.get(field, ""), None)

    refused = await client.refusal("/v1/quotes", wish)

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert fault_at(refused, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "straddle"), ("kind", "PUT"), ("tier", "gold"), ("kind", 1), ("tier", "")],
)
async def test_a_word_outside_its_list_is_refused(client: Client, field: str, value: object) -> None:
    refused = await client.refusal("/v1/quotes", a_wish() | {field: value})

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert fault_at(refused, field)


@pytest.mark.parametrize(
    "changes",
    [
        {"floor_usd_e8": usd(40_000)},
        {"expiry_height": 5_000},
        {"max_payout_sats": None},
        {"tenor_blocks": None},
        {"max_payout_sats": None, "floor_usd_e8": usd(40_000), "kind": "call"},
    ],
    ids=["both payouts", "both terms", "no payout", "no term", "floor of a call"],
)
async def test_a_quote_takes_exactly_one_of_each_pair(client: Client, changes: Json) -> None:
    refused = await client.refusal("/v1/quotes", a_wish(**changes))

    assert (refused["status"], refused["code"]) == (400, "validation_failed")


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize(
    ("path", "field"), [("/v1/deposits", "address"), ("/v1/quotes", "owner"), ("/v1/messages", "address")]
)
async def test_whoever_commands_has_an_address_of_one_key_on_this_network(
    client: Client, path: str, field: str, address: object
) -> None:
    refused = await client.refusal(path, BODIES[path] | {field: address})

    assert (refused["status"], refused["code"]) == (400, "validation_failed")


@pytest.mark.parametrize("address", [WRONG_CHECKSUM, MAINNET, "nobody"])
@pytest.mark.parametrize("path", ["/v1/accounts/{}", "/v1/providers/{}", "/v1/policies?owner={}"])
async def test_an_address_that_is_none_is_refused_where_it_is_read(
    client: Client, path: str, address: str
) -> None:
    refused = await client.refusal_to_get(path.format(address))

    assert (refused["status"], refused["code"]) == (400, "validation_failed")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'"put"',
        b"null",
        b'{"kind":"put","kind":"put"}',
        b'{"amount_sats":NaN}',
        b'{"amount_sats":Infinity}',
        b'{"kind":"\xff"}',
        b'{"a":' * 17 + b"1" + b"}" * 17,
        b'{"kind":"put"} x',
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "text",
        "null",
        "twice",
        "NaN",
        "Infinity",
        "no UTF-8",
        "17 levels",
        "more after it",
    ],
)
async def test_what_is_no_json_object_is_refused(client: Client, text: bytes) -> None:
    refused = await refused_raw(client, "/v1/quotes", text)

    assert refused["status"] == 400
    assert refused["code"] == ("validation_failed" if text == b"" else "malformed_json")


async def test_a_body_of_another_type_is_refused(client: Client) -> None:
    answer = await client.ask("POST", "/v1/quotes", body=a_wish(), headers={"Content-Type": "text/plain"})

    assert (answer.status, problem_of(answer)["code"]) == (415, "unsupported_media_type")


async def test_a_body_above_its_limit_is_refused(client: Client) -> None:
    limit = (await client.config())["limits"]["body_bytes"]

    refused = await refused_raw(client, "/v1/quotes", b'{"kind":"' + b"x" * limit + b'"}')

    assert (refused["status"], refused["code"]) == (413, "body_too_large")


async def test_an_address_line_above_its_limit_is_refused(client: Client) -> None:
    refused = await client.refusal_to_get("/v1/policies?owner=" + "x" * 4_096)

    assert (refused["status"], refused["code"]) == (414, "uri_too_long")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", "/v1/policies", 405, "method_not_allowed"),
        ("PUT", "/v1/quotes", 405, "method_not_allowed"),
        ("GET", "/v1/quotes", 405, "method_not_allowed"),
        ("POST", "/v1/pool", 405, "method_not_allowed"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v2/pool", 404, "not_found"),
        ("GET", "/v1/tiers/gold", 404, "not_found"),
        ("GET", "/v1/withdrawals/w_" + "0" * 32, 404, "not_found"),
        ("GET", "/v1/operations/o_" + "0" * 32, 404, "not_found"),
        ("GET", "/v1/transactions/0x" + "0" * 64, 404, "not_found"),
        ("GET", "/v1/quotes/q_" + "0" * 32, 404, "unknown_quote"),
        ("GET", "/v1/admin/status", 401, "unauthorised"),
    ],
)
async def test_a_path_that_is_not_there_says_so(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.ask(method, path)

    problem = problem_of(answer)
    assert (problem["status"], problem["code"]) == (status, code)
    if status == 405:
        assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]


async def test_a_foreign_host_and_a_foreign_page_are_refused(client: Client) -> None:
    host = await client.ask("GET", "/v1/pool", headers={"Host": "evil.example"})
    origin = await client.ask("GET", "/v1/pool", headers={"Origin": "https://evil.example"})

    assert (host.status, problem_of(host)["code"]) == (421, "unknown_host")
    assert (origin.status, problem_of(origin)["code"]) == (403, "forbidden_origin")
    assert "Access-Control-Allow-Origin" not in origin.headers


async def test_a_head_request_gives_the_headers_alone(client: Client) -> None:
    got, asked = await client.ask("GET", "/v1/config"), await client.ask("HEAD", "/v1/config")

    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["ETag"] == got.headers["ETag"]


async def test_a_sound_request_id_is_kept(client: Client) -> None:
    answer = await client.ask("GET", "/v1/nothing", headers={"X-Request-Id": "my-own-request.7"})

    assert answer.headers["X-Request-Id"] == problem_of(answer)["request_id"] == "my-own-request.7"
