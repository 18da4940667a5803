"""The WebSocket gateway: snapshot, then deltas; who missed something resumes."""
