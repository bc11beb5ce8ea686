import pytest

from drydock.service.command import described, program, same, shown, title

START = ("python", "-m", "uvicorn", "backend.api.main:app", "--port", "8000")


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        (("python", "-m", "uvicorn", "a:b"), "uvicorn", ("a:b",)),
        (("/v/bin/python3.11", "-B", "-X", "dev", "-m", "uvicorn", "a:b"), "uvicorn", ("a:b",)),
        (("/v/bin/python", "/v/bin/uvicorn", "a:b"), "uvicorn", ("a:b",)),
        (("uvicorn", "a:b"), "uvicorn", ("a:b",)),
        (("uv", "run", "--quiet", "uvicorn", "a:b"), "uvicorn", ("a:b",)),
        (("poetry", "run", "python", "-m", "uvicorn", "a:b"), "uvicorn", ("a:b",)),
        (("python", "-c", "from multiprocessing.spawn import spawn_main", "a:b"), "", ()),
        (("python",), "python", ()),
        (("vim", "uvicorn"), "vim", ("uvicorn",)),
        ((), "", ()),
    ],
)
def test_program_sees_through_interpreters_and_runners(line, name, rest):
    """However the same program was typed, it has one name."""
    assert program(line) == (name, rest)


@pytest.mark.parametrize(
    "line",
    [
        ("/v/bin/python", "/v/bin/uvicorn", "backend.api.main:app", "--reload"),
        ("python3", "-m", "uvicorn", "--workers", "2", "backend.api.main:app"),
        ("uv", "run", "uvicorn", "backend.api.main:app"),
    ],
)
def test_same_program_and_application_is_the_backend(line):
    """Options and interpreters may differ; the program and the application may not."""
    assert same(line, START)


@pytest.mark.parametrize(
    "line",
    [
        ("vim", "uvicorn", "backend.api.main:app"),
        ("tmux", "new-session", "python", "-m", "uvicorn", "backend.api.main:app"),
        ("bash", "-c", "python -m uvicorn backend.api.main:app --port 8000"),
        ("grep", "-r", "uvicorn backend.api.main:app"),
        ("python", "-m", "uvicorn", "other.main:app", "--port", "8000"),
        ("python", "-m", "http.server", "8000"),
        ("python", "-m", "gunicorn", "backend.api.main:app"),
        (),
    ],
)
def test_f41_a_mention_of_the_backend_is_not_the_backend(line):
    """An editor, a shell, another project: none of them is ever taken for the backend."""
    assert not same(line, START)


def test_without_an_application_every_plain_argument_counts():
    """``manage.py runserver`` is not ``manage.py shell``."""
    start = ("python", "manage.py", "runserver")
    assert same(("/v/bin/python", "manage.py", "runserver", "--noreload"), start)
    assert not same(("python", "manage.py", "shell"), start)


def test_inline_code_is_never_the_backend():
    """``python -c`` has no name that could be compared."""
    assert not same(("python", "-c", "serve()"), ("python", "-c", "serve()"))


def test_match_replaces_the_comparison():
    """A wrapper script can be named by a text of what it turns into."""
    assert same(("node", "/srv/my app/server.js"), ("./run.sh",), match="my app/server.js")
    assert not same(("./run.sh",), ("./run.sh",), match="server.js")


def test_described_names_program_pid_and_command():
    """The line that answers: who is it."""
    line = ("python", "-m", "uvicorn", "a:b")
    assert described(4121, line) == "uvicorn (pid 4121): python -m uvicorn a:b"
    assert "cannot be inspected" in described(None, ())
    assert described(7, ()) == "pid 7 (its command cannot be read)"


def test_shown_hides_secrets_and_escapes_and_is_one_line():
    """A command line is data from elsewhere, and is shown to people."""
    line = ("app", "--api-key", "hunter2", "postgres://me:pw1@host/db", "a\x1b]0;evil\x07b\nc" * 90)
    text = shown(line)
    assert "hunter2" not in text
    assert "pw1" not in text
    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) <= 120


def test_title_of_inline_code_is_the_interpreter():
    """There is always a name to print."""
    assert title(("/usr/bin/python3", "-c", "x")) == "python3"
    assert title(()) == "a process"
