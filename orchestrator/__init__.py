"""State per case, the ledger, and the certificate."""
