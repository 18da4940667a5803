"""Prices: sources, aggregation, candles, attestations."""
