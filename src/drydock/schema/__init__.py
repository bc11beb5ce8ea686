"""What a database's schema is, and how it differs from another one or from the models.

`inventory` reads it, `difference` compares two, `comparison` holds one against the SQLAlchemy
models that `models` loads, `file` is the committed ``schema.sql``, `expectation` answers one
question, `diagram` and `drawing` make it visible. Everything here takes and returns data: nothing
opens a database by path, prints or changes anything.
"""
