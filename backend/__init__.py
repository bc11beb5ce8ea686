"""Budget Buddy: a household's money, on one SQLite file; the application that Drydock migrates."""
