"""Vendors in memory: each says in its head which document it follows, and what is only believed."""
