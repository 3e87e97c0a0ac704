"""Users, teams, tokens, and the audit trail of what people did."""
