"""Budget Buddy's database: the models it is meant to match, and the sessions on it."""
