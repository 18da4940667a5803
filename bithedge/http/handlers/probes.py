"""Whether the process lives, and whether it can work."""

from bithedge.http.answers import HealthzAnswer, ReadyAnswer, ReasonView
from bithedge.http.calls import Call, Nothing, Reply, json_reply

_READY, _NOT_READY = 200, 503


async def healthz(_: Call[Nothing, Nothing]) -> Reply:
    """Answer, which is all that is asked."""
    return json_reply(HealthzAnswer())


async def readyz(call: Call[Nothing, Nothing]) -> Reply:
    """Say what is missing, if anything is; the one answer of 503 that is no problem document."""
    reasons = tuple(ReasonView(code=code, message=message) for code, message in call.system.health.reasons())
    answer = ReadyAnswer(ready=not reasons, reasons=reasons)
    return json_reply(answer, status=_NOT_READY if reasons else _READY)
