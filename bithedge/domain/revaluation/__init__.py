"""The whole book at once: payouts, fair values and volatilities over arrays, equal to the scalar ones."""
