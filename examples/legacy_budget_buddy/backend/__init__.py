"""Budget Buddy, as it was before Drydock."""
