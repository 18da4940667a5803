"""Which channel has whom."""

from collections.abc import Collection

from actors.gateway.session import Session, Subscription


class Roster:
    """Subscriptions by the journal's name of their channel; a client may have one channel under two names."""

    def __init__(self) -> None:
        self._channels: dict[str, dict[Subscription, None]] = {}

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def of(self, channel: str) -> Collection[Subscription]:
        """Return a channel's subscriptions, in the order of joining."""
        return self._channels.get(channel, ())

    def join(self, session: Session, *, named: str, channel: str) -> Subscription:
        """Subscribe a client; one that it had under this name ends."""
        before = session.subscriptions.get(named)
        if before is not None:
            self.leave(before)
        subscription = Subscription(session, named=named, channel=channel)
        session.subscriptions[named] = subscription
        self._channels.setdefault(channel, {})[subscription] = None
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """End a subscription."""
        subscription.session.subscriptions.pop(subscription.named, None)
        found = self._channels.get(subscription.channel)
        if found is not None:
            found.pop(subscription, None)
            if not found:
                del self._channels[subscription.channel]

    def rename(self, channel: str, to: str) -> None:
        """Carry a channel's subscriptions over to the name by which the journal now knows it."""
        for subscription in self._channels.pop(channel, {}):
            subscription.channel = to
            subscription.unnumbered = True
            self._channels.setdefault(to, {})[subscription] = None
