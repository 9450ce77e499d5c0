"""The model of a case and its search: what can be said to `decide`, by whom, in which order, and what must stay true of it."""
