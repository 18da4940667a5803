"""What may be asked of the journal and its read models: functions of a read-only connection, rows typed."""
