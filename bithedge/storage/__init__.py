"""The journal and the read models, on SQLite."""
