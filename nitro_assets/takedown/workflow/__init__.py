"""A request's way from quarantine to report: its state, approvals, recovery, and the report."""
