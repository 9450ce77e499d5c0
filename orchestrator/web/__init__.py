"""The officer's pages, server-rendered: they read the ledger, and act by events alone (ADR 18)."""
