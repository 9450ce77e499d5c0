"""Telling the officer by mail and by webhook what waits for them: no personal data, at least once, in no one's way."""
