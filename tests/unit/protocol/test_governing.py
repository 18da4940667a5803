import pytest
from coincurve import PrivateKey as Curve

from bithedge.protocol.deploy_sources import published_parameters
from bithedge.protocol.governing import (
    Act,
    Cancel,
    Execute,
    GovernanceError,
    Pause,
    ProposeKey,
    ProposeParameter,
    ProposeSeat,
    RemoveKey,
    Resume,
    Ruling,
    rule_on,
    state_of,
)
from bithedge.protocol.governing_state import PAUSABLE, SEATS, SIGNING_ROLES, Change, Standing
from bithedge.protocol.governing_words import a_key, at_height, duty_of, meaning_of, pause_of, seat_of

OWNER, GUARDIAN, STRANGER, HEIR = (
    "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
    "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5",
    "ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG",
    "ST2JHG361ZXG51QTKY2NQCVBPPRRE2KZB1HR05NNC",
)
HEIGHT = 5_000
KEY = Curve(b"\x07" * 32).public_key.format()


def a_change(number: int = 1, **facts: object) -> Change:
    given = {
        "action": "parameter",
        "name": "grace",
        "value": 288,
        "key": b"",
        "who": OWNER,
        "ready": HEIGHT,
        "voided": False,
    }
    return Change(id=number, **given | facts)  # type: ignore[arg-type]


def standing(*changes: Change, sealed: bool = True, **parts: dict[str, int]) -> Standing:
    parameters = {name: bounds.value for name, bounds in published_parameters().items()}
    return Standing(
        height=HEIGHT,
        sealed=sealed,
        seats={"owner": OWNER, "guardian": GUARDIAN, "treasury": OWNER, "backend": HEIR},
        parameters=parameters | parts.get("parameters", {}),
        keys={"quote": 2, "voucher": 2, "attestor": 3} | parts.get("keys", {}),
        pauses=dict.fromkeys(PAUSABLE, 0) | parts.get("pauses", {}),
        changes=changes,
    )


def ruled(act: Act, by: str, at: Standing | None = None) -> Ruling:
    return rule_on(act, at or standing(), by)


def refusal(act: Act, by: str, at: Standing | None = None) -> GovernanceError:
    with pytest.raises(GovernanceError) as refused:
        ruled(act, by, at)
    return refused.value


def test_a_proposal_says_when_it_can_be_executed_by_whom_and_who_can_stop_it() -> None:
    assert ruled(ProposeParameter("grace", 288), OWNER).says == (
        "grace goes from 1008 to 288: blocks after expiry before a release needs no price.",
        (
            "It waits for the timelock: it can be executed from height 5144 "
            f"(in 144 blocks, about 24 hours), by the owner {OWNER}."
        ),
        "It lapses 1008 blocks after that, at height 6152.",
        f"Until then the guardian {GUARDIAN} or the owner {OWNER} can void it, by `cancel`.",
    )


def test_before_the_seal_a_proposal_takes_effect_at_once() -> None:
    says = ruled(ProposeKey("attestor", KEY), OWNER, standing(sealed=False)).says

    assert says == (
        f"0x{KEY.hex()} becomes an attestor key: it signs the prices that policies are sold and settled at.",
        "attestor has 3 keys; 1 must sign.",
        "The set-up is not sealed yet: this takes effect at once.",
    )


def test_a_number_above_its_keys_is_told_to_wait_for_them() -> None:
    says = ruled(ProposeParameter("attestor", 5), OWNER).says

    assert says[-1] == "It cannot be executed before attestor has 5 keys."


def test_the_guardian_cannot_void_its_own_replacement_and_it_says_so() -> None:
    says = ruled(ProposeSeat("guardian", HEIR), OWNER).says

    assert says[-1] == f"Until then the owner alone can void it; the guardian {GUARDIAN} cannot."


def test_the_owner_as_the_backend_is_at_once_and_another_waits() -> None:
    off, other = ruled(ProposeSeat("backend", OWNER), OWNER), ruled(ProposeSeat("backend", STRANGER), OWNER)

    assert off.function == other.function == "set-backend-principal"
    assert "at once" in off.says[-1]
    assert "timelock" in other.says[2]


def test_every_name_has_its_words() -> None:
    words = [
        *(seat_of(one) for one in SEATS),
        *(duty_of(one) for one in SIGNING_ROLES),
        *(pause_of(one) for one in PAUSABLE),
        *(meaning_of(one) for one in published_parameters()),
    ]

    assert len(set(words)) == len(words)
    assert [a_key(role) for role in SIGNING_ROLES] == ["a quote key", "a voucher key", "an attestor key"]


@pytest.mark.parametrize(
    ("blocks", "told"),
    [(1, "10 minutes"), (11, "110 minutes"), (12, "2 hours"), (287, "47 hours"), (288, "2 days")],
)
def test_blocks_are_told_as_time(blocks: int, told: str) -> None:
    assert at_height(7, blocks) == f"from height 7 (in {blocks} blocks, about {told})"


@pytest.mark.parametrize(
    ("act", "by", "code"),
    [
        (ProposeParameter("grace", 288), GUARDIAN, "NOT_OWNER"),
        (ProposeParameter("grace", 143), OWNER, "BOUNDS"),
        (ProposeParameter("colour", 1), STRANGER, "UNKNOWN_NAME"),
        (ProposeKey("quote", KEY), STRANGER, "NOT_OWNER"),
        (ProposeKey("owner", KEY), OWNER, "UNKNOWN_NAME"),
        (ProposeKey("quote", b"\x05" + KEY[1:]), OWNER, "BOUNDS"),
        (ProposeKey("quote", KEY[:32]), OWNER, "BOUNDS"),
        (ProposeSeat("pool", HEIR), OWNER, "UNKNOWN_NAME"),
        (ProposeSeat("owner", HEIR), HEIR, "NOT_OWNER"),
        (Cancel(), STRANGER, "NOT_GUARDIAN"),
        (RemoveKey("quote", KEY, registered=True), STRANGER, "NOT_GUARDIAN"),
        (RemoveKey("quote", KEY, registered=False), OWNER, "UNKNOWN_NAME"),
        (Pause("sales", 1), OWNER, "NOT_GUARDIAN"),
        (Pause("colour", 1), GUARDIAN, "UNKNOWN_NAME"),
        (Pause("sales", 0), GUARDIAN, "BOUNDS"),
        (Pause("sales", 181), GUARDIAN, "BOUNDS"),
        (Resume("sales"), STRANGER, "NOT_GUARDIAN"),
        (Resume("sales"), OWNER, "UNKNOWN_NAME"),
        (Execute(1), OWNER, "UNKNOWN_CHANGE"),
    ],
)
def test_what_the_registry_refuses_is_refused_with_its_error(act: Act, by: str, code: str) -> None:
    assert refusal(act, by).code == code


@pytest.mark.parametrize(
    ("change", "by", "code", "why"),
    [
        (a_change(ready=HEIGHT + 1), OWNER, "TIMELOCK", "from height 5001 (in 1 blocks, about 10 minutes)"),
        (a_change(ready=HEIGHT - 1_009), OWNER, "CHANGE_LAPSED", "good until height 4999"),
        (a_change(voided=True), OWNER, "UNKNOWN_CHANGE", "It was voided"),
        (a_change(), STRANGER, "NOT_OWNER", f"Only {OWNER} may execute it"),
        (a_change(name="attestor", value=4), OWNER, "KEYS_LEFT", "attestor has 3 keys, 4 would have to sign"),
        (a_change(action="principal", name="owner", who=HEIR), OWNER, "NOT_OWNER", f"Only {HEIR} may"),
    ],
)
def test_a_change_that_cannot_be_executed_says_why(change: Change, by: str, code: str, why: str) -> None:
    refused = refusal(Execute(1), by, standing(change))

    assert refused.code == code
    assert why in str(refused)


@pytest.mark.parametrize(
    ("change", "by", "says"),
    [
        (a_change(), OWNER, "grace becomes 288"),
        (a_change(ready=HEIGHT - 1_008), OWNER, "grace becomes 288"),
        (a_change(action="signer", name="quote", key=KEY), OWNER, f"0x{KEY.hex()} becomes a quote key"),
        (a_change(action="principal", name="owner", who=HEIR), HEIR, f"{HEIR} becomes the owner"),
    ],
)
def test_a_change_that_is_ready_can_be_executed(change: Change, by: str, says: str) -> None:
    ruling = ruled(Execute(1), by, standing(change))

    assert ruling.function == "execute-change"
    assert ruling.says[0].startswith(says)


def test_the_last_keys_that_pay_people_stay_and_the_last_quote_key_may_go() -> None:
    at = standing(keys={"quote": 1, "voucher": 1})

    assert refusal(RemoveKey("voucher", KEY, registered=True), GUARDIAN, at).code == "KEYS_LEFT"
    assert ruled(RemoveKey("quote", KEY, registered=True), GUARDIAN, at).says[-1] == (
        "Too few are left: nothing can be sold until another is registered, which takes the timelock."
    )


def test_a_pause_of_money_owed_rests_and_one_of_sales_does_not() -> None:
    resting = dict.fromkeys(PAUSABLE, HEIGHT - 1007)
    rested = dict.fromkeys(PAUSABLE, HEIGHT - 1008)

    assert refusal(Pause("settlements", 1), GUARDIAN, standing(pauses=resting)).code == "PAUSE_LIMIT"
    assert ruled(Pause("settlements", 1), GUARDIAN, standing(pauses=rested)).function == "pause"
    assert ruled(Pause("sales", 1), GUARDIAN, standing(pauses=resting)).function == "pause"


def test_a_resume_says_when_the_pause_would_have_ended() -> None:
    says = ruled(Resume("sales"), OWNER, standing(pauses={"sales": HEIGHT + 3})).says

    assert says[0].endswith("by itself the pause would end at height 5003 (in 3 blocks, about 30 minutes).")


def test_a_cancel_names_what_it_voids_and_what_it_spares() -> None:
    at = standing(
        a_change(1), a_change(2, voided=True), a_change(3, action="principal", name="guardian", who=HEIR)
    )

    assert ruled(Cancel(), GUARDIAN, at).says[:2] == (
        "Voids every proposal so far, at once: 1 (grace becomes 288).",
        f"The guardian cannot void what names its successor: 3 ({HEIR} becomes the guardian) stays.",
    )
    assert "3 (" in ruled(Cancel(), OWNER, at).says[0]


def test_a_changes_state_is_told() -> None:
    assert state_of(a_change(), HEIGHT) == "ready, good until height 6008"
    assert state_of(a_change(ready=HEIGHT + 1), HEIGHT).startswith("ready from height 5001")
    assert state_of(a_change(ready=1), HEIGHT) == "lapsed at height 1009"
    assert state_of(a_change(voided=True), HEIGHT) == "voided"
