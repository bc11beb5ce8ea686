"""One module for each area of Budget Buddy, each with a `router`."""
