"""Deterministic simulation: the real daemon on virtual time, a simulated chain and disk, seeded faults."""
