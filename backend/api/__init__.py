"""Budget Buddy's HTTP API."""
