"""What every path has in common, seen from outside."""

import json
from pathlib import Path

import pytest
from http_scene import QUOTE_BODY, TOKEN, Scene, a_scene

from bithedge.config import Config, Http
from bithedge.domain.errors import InsufficientCapacityError, UnknownQuoteError

JSON = {"Content-Type": "application/json"}


def raw(body: dict[str, object]) -> bytes:
    return json.dumps(body).encode()


async def test_the_process_lives_and_says_whether_it_can_work(scene: Scene) -> None:
    assert (await scene.get("/healthz")).json == {"status": "ok"}
    assert (await scene.get("/readyz")).json == {"ready": True, "reasons": []}

    scene.health.missing = (("oracle_stale", "no price"),)
    told = await scene.get("/readyz")

    assert told.status == 503
    assert told.json == {"ready": False, "reasons": [{"code": "oracle_stale", "message": "no price"}]}


async def test_an_unknown_path_is_not_found_whatever_the_method(scene: Scene) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        told = await scene.ask(method, "/v1/nothing")
        assert (told.status, told.code) == (404, "not_found")
        assert told.headers["Content-Type"] == "application/problem+json"


async def test_another_method_is_refused_with_those_that_are_taken(scene: Scene) -> None:
    told = await scene.ask("PUT", "/v1/policies")

    assert (told.status, told.code) == (405, "method_not_allowed")
    assert told.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_head_is_get_without_its_body(scene: Scene) -> None:
    got = await scene.get("/v1/config")
    told = await scene.ask("HEAD", "/v1/config")

    assert (told.status, told.body) == (200, b"")
    assert told.headers["Content-Length"] == str(len(got.body))
    assert told.headers["ETag"] == got.headers["ETag"]


async def test_options_says_what_a_path_takes(scene: Scene) -> None:
    told = await scene.ask("OPTIONS", "/v1/quotes")

    assert (told.status, told.headers["Allow"]) == (204, "OPTIONS, POST")
    assert "Access-Control-Allow-Methods" not in told.headers


async def test_a_request_keeps_its_id_if_it_is_sound(scene: Scene) -> None:
    kept = await scene.get("/healthz", X_Request_Id="my-own.id_1")
    made = await scene.get("/healthz", X_Request_Id="not sound!")

    assert kept.headers["X-Request-Id"] == "my-own.id_1"
    assert len(made.headers["X-Request-Id"]) == 32


async def test_an_error_names_its_request(scene: Scene) -> None:
    told = await scene.get("/v1/nothing", X_Request_Id="abc")

    assert told.json["request_id"] == told.headers["X-Request-Id"] == "abc"


async def test_a_foreign_host_is_not_served(scene: Scene) -> None:
    told = await scene.get("/healthz", Host="evil.example")

    assert (told.status, told.code) == (421, "unknown_host")
    assert (await scene.get("/healthz", Host="localhost:9")).status == 200
    assert (await scene.get("/healthz", Host="[::1]:9")).status == 200


async def test_pages_of_foreign_origins_may_not_ask(scene: Scene) -> None:
    for origin in ("https://evil.example", "null"):
        told = await scene.get("/v1/config", Origin=origin)
        assert (told.status, told.code) == (403, "forbidden_origin")
        assert "Access-Control-Allow-Origin" not in told.headers


async def test_the_daemons_own_page_and_allowed_ones_may_ask(tmp_path: Path) -> None:
    config = Config(http=Http(allowed_origins=("https://app.example",)))
    async with a_scene(tmp_path, config=config) as scene:
        own = str(scene.client.make_url("")).rstrip("/")
        for origin in (own, "https://app.example"):
            told = await scene.get("/v1/config", Origin=origin)
            assert told.status == 200
            assert told.headers["Access-Control-Allow-Origin"] == origin
            assert "BitHedge-Seq" in told.headers["Access-Control-Expose-Headers"]

        preflight = await scene.ask(
            "OPTIONS",
            "/v1/policies",
            headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"},
        )
        assert preflight.status == 204
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]


async def test_an_address_or_headers_that_are_too_long_are_refused(scene: Scene) -> None:
    long = await scene.get("/v1/policies?cursor=" + "a" * 4_100)
    heavy = await scene.get("/healthz", **{f"X_{number}": "a" * 4_000 for number in range(5)})

    assert (long.status, long.code) == (414, "uri_too_long")
    assert (heavy.status, heavy.code) == (431, "headers_too_large")


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"{", JSON, "malformed_json"),
        (raw(QUOTE_BODY), {"Content-Type": "text/plain"}, "unsupported_media_type"),
        (raw(QUOTE_BODY), JSON | {"Content-Encoding": "gzip"}, "unsupported_media_type"),
        (b'{"a":"' + b"x" * 65_536 + b'"}', JSON, "body_too_large"),
        (b"", {}, "validation_failed"),
    ],
)
async def test_a_body_of_another_kind_is_refused(
    scene: Scene, body: bytes, headers: dict[str, str], code: str
) -> None:
    told = await scene.ask("POST", "/v1/quotes", data=body, headers=headers)

    assert told.code == code
    assert scene.pool.heard == []


async def test_a_body_without_a_length_is_cut_off_at_the_limit(scene: Scene) -> None:
    async def endless() -> object:
        for _ in range(100):
            yield b" " * 10_000

    told = await scene.ask("POST", "/v1/quotes", data=endless(), headers=JSON)

    assert (told.status, told.code) == (413, "body_too_large")


async def test_a_quote_is_answered_with_its_place(scene: Scene) -> None:
    told = await scene.post("/v1/quotes", QUOTE_BODY)

    assert told.status == 201
    assert told.headers["Location"] == f"/v1/quotes/{told.json['quote_id']}"
    assert told.json["premium"]["total_sats"] == 124


async def test_a_refusal_of_an_actor_reaches_the_client(scene: Scene) -> None:
    def refuse(_: object) -> object:
        raise InsufficientCapacityError("full", field="max_payout_sats", limit=5, actual=9)

    scene.pool.plays["PriceQuote"] = refuse
    told = await scene.post("/v1/quotes", QUOTE_BODY)

    assert (told.status, told.code) == (422, "insufficient_capacity")
    assert told.json["errors"][0]["limit"] == 5


async def test_a_fault_of_ours_is_a_500_that_tells_nothing(scene: Scene) -> None:
    def fail(_: object) -> object:
        raise ZeroDivisionError("secret")

    scene.pool.plays["PriceQuote"] = fail
    told = await scene.post("/v1/quotes", QUOTE_BODY)

    assert (told.status, told.code) == (500, "internal_error")
    assert b"secret" not in told.body


async def test_an_address_of_another_network_is_refused_by_its_field(scene: Scene) -> None:
    mainnet = "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7"
    told = await scene.post("/v1/quotes", QUOTE_BODY | {"owner": mainnet})

    assert (told.status, told.code) == (400, "validation_failed")
    assert told.json["errors"][0]["field"] == "owner"
    assert "another network" in told.json["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"floor_usd_e8": 1},
        {"expiry_height": 5_000},
        {"max_payout_sats": None, "floor_usd_e8": 3_000_000_000_000, "kind": "call"},
    ],
)
async def test_a_quote_gives_one_of_each_pair(scene: Scene, change: dict[str, object]) -> None:
    body = {name: value for name, value in (QUOTE_BODY | change).items() if value is not None}
    told = await scene.post("/v1/quotes", body)

    assert (told.status, told.code) == (400, "validation_failed")


async def test_what_the_client_has_is_not_sent_again(scene: Scene) -> None:
    first = await scene.get("/v1/config")
    tag = first.headers["ETag"]

    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = await scene.get("/v1/config", If_None_Match=known)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert (await scene.get("/v1/config", If_None_Match='"x"')).status == 200


async def test_a_reading_says_up_to_which_event_it_is_true(scene: Scene) -> None:
    told = await scene.get("/v1/policies")

    assert told.headers["BitHedge-Seq"] == "0"
    assert told.headers["Cache-Control"] == "no-cache"
    assert told.json == {"items": [], "next_cursor": None}


async def test_an_empty_list_is_a_table_of_its_head(scene: Scene) -> None:
    told = await scene.get("/v1/policies", Accept="text/csv")

    assert told.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert told.body.startswith(b"policy_id,quote_id,kind,")
    assert told.body.count(b"\r\n") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/policies?colour=red",
        "/v1/policies?limit=0",
        "/v1/policies?limit=1&limit=2",
        "/v1/policies?cursor=abc",
        "/v1/policies?from=yesterday-at-the-latest",
        "/v1/policies?owner=me",
        "/v1/config?x=1",
        "/v1/oracle/history?interval=2m",
        "/v1/tiers/balanced/availability",
    ],
)
async def test_a_query_that_is_not_taken_is_refused(scene: Scene, path: str) -> None:
    told = await scene.get(path)

    assert (told.status, told.code) == (400, "validation_failed")
    assert told.json["errors"][0]["field"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/policies/999", "unknown_policy"),
        ("/v1/policies/q_" + "0" * 32 + "/events", "unknown_policy"),
        ("/v1/policies/" + "9" * 400, "unknown_policy"),
        ("/v1/withdrawals/w_00", "not_found"),
        ("/v1/operations/o_00", "not_found"),
        ("/v1/transactions/0x00", "not_found"),
        ("/v1/transactions/" + "0" * 64, "not_found"),
        ("/v1/tiers/golden", "not_found"),
        ("/v1/oracle/attestation?height=7", "not_found"),
        ("/v1/devnet/accounts", "not_found"),
    ],
)
async def test_what_is_not_there_is_not_found(scene: Scene, path: str, code: str) -> None:
    told = await scene.get(path)

    assert (told.status, told.code) == (404, code)


async def test_an_unknown_quote_is_not_found(scene: Scene) -> None:
    def unknown(_: object) -> object:
        raise UnknownQuoteError("no such quote")

    scene.pool.plays["FindQuote"] = unknown

    assert (await scene.get("/v1/quotes/q_00")).code == "unknown_quote"


async def test_a_client_that_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    config = Config(http=Http(rate_per_s=1, rate_burst=3))
    async with a_scene(tmp_path, config=config) as scene:
        told = [await scene.get("/v1/config") for _ in range(4)]

        assert [one.status for one in told] == [200, 200, 200, 429]
        assert told[3].code == "rate_limited"
        assert told[3].headers["Retry-After"] == "1"
        assert (await scene.get("/healthz")).status == 200  # a bucket of its own

        scene.clock.ms += 1_000
        assert (await scene.get("/v1/config")).status == 200


async def test_commands_have_a_bucket_of_their_own(tmp_path: Path) -> None:
    config = Config(http=Http(commit_per_s=1, commit_burst=1))
    async with a_scene(tmp_path, config=config) as scene:
        told = [await scene.post("/v1/transactions", {"tx": "0x00"}) for _ in range(2)]

        assert [one.status for one in told] == [400, 429]
        assert (await scene.post("/v1/quotes", QUOTE_BODY)).status == 201


async def test_the_shape_is_judged_before_the_rate(tmp_path: Path) -> None:
    config = Config(http=Http(rate_per_s=1, rate_burst=1))
    async with a_scene(tmp_path, config=config) as scene:
        await scene.get("/v1/config")

        assert (await scene.post("/v1/quotes", {})).status == 400
        assert (await scene.post("/v1/quotes", QUOTE_BODY)).status == 429


async def test_the_operators_paths_want_the_token(scene: Scene) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        told = await scene.ask("GET", "/v1/admin/status", headers=headers)
        assert (told.status, told.code) == (401, "unauthorised")
        assert told.headers["WWW-Authenticate"] == "Bearer"


async def test_the_document_and_its_pages_are_served_from_here(scene: Scene) -> None:
    document = await scene.get("/openapi.json")
    assert document.json["openapi"] == "3.1.0"

    errors = await scene.get("/docs/errors")
    assert b'id="price_moved"' in errors.body
    assert errors.headers["Content-Type"] == "text/html; charset=utf-8"

    pages = await scene.get("/docs")
    assert b"/v1/policies/{id}/activation" in pages.body
    assert b"<script" not in pages.body


async def test_the_dashboard_may_connect_to_our_stream_alone(scene: Scene) -> None:
    told = await scene.get("/")

    assert told.status == 200
    assert "connect-src 'self' ws://127.0.0.1:8481;" in told.headers["Content-Security-Policy"]


async def test_files_outside_the_dashboard_cannot_be_named(scene: Scene) -> None:
    for path in ("/assets/..%2f..%2fapp.py", "/assets/none.js", "/../app.py", "/none.svg"):
        assert (await scene.get(path)).status == 404


async def test_every_answer_forbids_guessing_its_type(scene: Scene) -> None:
    for path in ("/healthz", "/v1/nothing", "/docs"):
        headers = (await scene.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] == "BitHedge"
