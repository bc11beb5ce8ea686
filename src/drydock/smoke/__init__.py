"""The smoke test: does the application answer, on the database that was just published.

`check` holds the data, `openapi` adds what the application itself offers, `verdict` judges one
answer, `trial` runs the rounds. It sends what the settings say and reads; it changes nothing of
its own accord, and starts nothing.
"""
