"""Unmistakable identities, and the search for them in every byte."""
