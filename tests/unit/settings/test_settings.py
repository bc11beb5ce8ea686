"""Settings are data: whatever is not known, or not of its kind, is told with the way to mend it."""

from __future__ import annotations

import pytest

from drydock import settings
from drydock.errors import ExitCode
from drydock.setting import BACKEND, GENERAL, SettingsError


@pytest.fixture
def write(tmp_path):
    def write(text, name="drydock.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def refused(root, overrides=None):
    with pytest.raises(SettingsError) as caught:
        settings.load(root, overrides)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.what.endswith("nothing was touched")
    return caught.value


def test_paths_are_absolute_and_defaults_fill_the_rest(write):
    """Only the database has to be said."""
    root = write('database = "data/å b.db"')
    found = settings.load(root)
    assert found.database == root / "data" / "å b.db"
    assert found.migrations == root / "migrations"
    assert (found.keep, found.timeout, found.schema, found.has_backend) == (10, 5.0, None, False)
    assert found.sources == {"database": str(root / "drydock.toml")}


def test_a_tilde_is_the_users_home(write, monkeypatch):
    """Nobody means a folder of that name."""
    monkeypatch.setenv("HOME", "/home/åsa")
    found = settings.load(write('database = "~/app.db"\nbackups = "~/b"\n'))
    assert [str(found.database), str(found.backups)] == ["/home/åsa/app.db", "/home/åsa/b"]


@pytest.mark.parametrize("url", ["sqlite:///app.db", "sqlite+pysqlite:////data/app.db"])
def test_a_url_is_no_path(write, url):
    """SQLAlchemy's, which everybody has at hand."""
    error = refused(write(f'database = "{url}"'))
    assert f"database must be a path, not the URL '{url}'" in error.what
    assert error.hint == 'write: database = "app.db"'


@pytest.mark.parametrize("text", ["keep = 0", "[smoke]\npasses = 0"])
def test_a_number_that_makes_no_sense_is_told(write, text):
    """Rather than taken for another one."""
    assert "must be at least" in refused(write(f'database = "app.db"\n{text}')).what


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("timeout = -1", "timeout must be from 0 to 1,000,000, not -1"),
        ("timeout = nan", "timeout must be a number, not nan"),
        ("timeout = inf", "timeout must be a number, not inf"),
        (f"timeout = 1{'0' * 400}", "timeout must be a number, not 1000"),
        ("time_limit = 1e300", "time_limit must be from 0 to 1,000,000, not 1e+300"),
        ("ignore = ['a', 7]", "ignore[2] must be a text, not 7"),
        ("queries = [['SELECT 1']]", "queries[1] must be a text, not ['SELECT 1']"),
        ("[backend]\nport = 99999", "backend.port must be from 0 to 65,535, not 99999"),
        ("[backend]\nstart = ['uvicorn', 8000]", "backend.start[2] must be a text, not 8000"),
        ("[backend]\nstop = [true]", "backend.stop[1] must be a text, not True"),
        ("[backend]\nenv = {A = ['x']}", "backend.env.A must be a text, not ['x']"),
        ("[smoke]\nexclude = [1.5]", "smoke.exclude[1] must be a text, not 1.5"),
        ("[smoke]\nallow_hosts = [{}]", "smoke.allow_hosts[1] must be a text, not {}"),
        (
            "[smoke]\nchecks = [{path = '/', status = 99999}]",
            "smoke.checks[1].status must be from 100 to 599, not 99999",
        ),
        (
            "[smoke]\nchecks = [{path = '/', seconds = -1}]",
            "smoke.checks[1].seconds must be from 0 to 1,000,000, not -1",
        ),
        (
            "[smoke]\nchecks = [{path = '/', headers = {Accept = 1}}]",
            "smoke.checks[1].headers.Accept must be a text, not 1",
        ),
        ("[smoke]\nchecks = [{path = 7}]", "smoke.checks[1].path must be a text, not 7"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_before_anything_uses_it(write, text, problem):
    """A number among the words of a command, a port that there is not, a time that never ends."""
    error = refused(write(f'database = "app.db"\n{text}'))
    assert problem in error.problem
    assert error.hint


def test_what_can_be_meant_is_taken(write):
    """The bounds themselves, a number in the environment, any value in an answer's JSON."""
    found = settings.load(
        write(
            'database = "a.db"\ntimeout = 0\n[backend]\nport = 65535\nenv = {PORT = 8000}\n'
            "[smoke]\nchecks = [{path = '/', status = 599, json = {a = [1, {b = 2}]}}]\n"
        )
    )
    assert (found.timeout, found.backend["port"], found.backend["env"]) == (
        0,
        65535,
        {"PORT": 8000},
    )
    assert found.smoke["checks"][0]["json"] == {"a": [1, {"b": 2}]}


def test_what_to_write_where_nothing_is_set_is_toml(write):
    """On lines of their own, without a head that the file has already."""
    import tomllib

    told, _, text = refused(write("")).hint.partition("\n")
    assert (told, tomllib.loads(text)) == ("add to it:", {"database": "app.db"})
    (write("") / "drydock.toml").unlink()
    told, _, text = refused(write("[tool.drydock]\nkeep = 3\n", "pyproject.toml")).hint.partition(
        "\n"
    )
    assert (told, tomllib.loads(text)) == ("add to it:", {"database": "app.db"})
    told, _, text = refused(write("", "pyproject.toml")).hint.partition("\n")
    assert told == "add to pyproject.toml:"
    assert tomllib.loads(text) == {"tool": {"drydock": {"database": "app.db"}}}


def test_the_nearest_project_above_is_meant(write, tmp_path):
    """A pyproject.toml without settings of ours is passed by."""
    write('[tool.drydock]\ndatabase = "app.db"\nkeep = 3\n', "pyproject.toml")
    below = tmp_path / "package" / "deep"
    below.mkdir(parents=True)
    (tmp_path / "package" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    found = settings.load(below)
    assert (found.root, found.keep) == (tmp_path, 3)


def test_what_invoke_was_given_stands_above_the_file(write):
    """Texts are what environment variables can hold; None is not set."""
    root = write('database = "a.db"\nkeep = 3\n[backend]\nport = 1\nstart = ["x"]')
    found = settings.load(
        root,
        {
            "keep": "7",
            "timeout": "0.5",
            "network_files": "true",
            "ignore": "one 'two three'",
            "migrations": None,
            "backend": {"port": "8001", "start": "python -m 'a b'", "host": None},
        },
    )
    assert (found.keep, found.timeout, found.network_files) == (7, 0.5, True)
    assert found.ignore == ("one", "two three")
    assert found.backend["port"] == 8001
    assert found.backend["start"] == ["python", "-m", "a b"]
    assert found.backend["host"] == "127.0.0.1"
    assert found.has_backend
    assert found.sources["backend.port"] == "Invoke's configuration"


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("", "no database is set", "database ="),
        ('databse = "a.db"', "there is no setting 'databse'", "did you mean 'database'?"),
        ("[backend]\nprot = 1", "there is no setting 'backend.prot'", "'backend.port'"),
        ("[smoke]\nchekcs = []", "there is no setting 'smoke.chekcs'", "'smoke.checks'"),
        ("zzzzqq = 1", "there is no setting 'zzzzqq'", "docs/settings.md"),
        ("keep = '3x'", "keep must be a whole number, not '3x'", "keep: "),
        ("keep = true", "keep must be a whole number, not True", "keep: "),
        ("keep = 1.5", "keep must be a whole number, not 1.5", "keep: "),
        ("timeout = 'soon'", "timeout must be a number", "timeout: "),
        ("network_files = 'maybe'", "network_files must be true or false", "network_files: "),
        ("database = 7", "database must be a text, not 7", "database: "),
        ("backend = 'x'", "backend must be a table", "write: [backend]"),
        ("[backend]\nenv = 'x'", "backend.env must be a table", "backend.env: "),
        ("[smoke]\nchecks = ['/x']", "smoke.checks[1] has no path", "path"),
        (
            "[smoke]\nchecks = [{path = '/'}, {path = '/', statsu = 1}]",
            "smoke.checks[2] has no 'statsu'",
            "'status'",
        ),
        (
            "[smoke]\nchecks = [{path = '/', status = 'x'}]",
            "smoke.checks[1].status must be a whole number",
            "the HTTP status expected".removeprefix("the HTTP "),
        ),
        ("database = ", "not TOML", "mend "),
    ],
)
def test_a_mistake_is_told_with_the_file_and_the_way_to_mend_it(write, text, problem, hint):
    """Never ignored: a mistyped setting would be the default's."""
    root = write(text)
    error = refused(root)
    assert problem in error.problem
    assert hint in error.hint
    assert str(root / "drydock.toml") in error.what


@pytest.mark.parametrize("backend", ["", "[backend]\nstart = ['x']\n"])
def test_a_check_that_could_never_be_sent_is_told(write, backend):
    """Passed over, it would count as one that passed."""
    checks = "checks = [{path = 'http://127.0.0.1:1/x'}, {path = '/health'}]\n"
    error = refused(write(f"database = 'a.db'\n{backend}[smoke]\n{checks}"))
    assert "smoke.checks[2] asks for /health, and no address is set" in error.problem
    assert "base_url" in error.hint
    told = f"{backend or '[backend]'}\nport = 1\n[smoke]\n{checks}"
    assert settings.load(write(f"database = 'a.db'\n{told}")).smoke["checks"]
    based = f"{backend}[smoke]\nbase_url = 'http://127.0.0.1:1'\n{checks}"
    assert settings.load(write(f"database = 'a.db'\n{based}")).smoke["checks"]


def test_settings_that_are_no_table_are_told(write):
    """Not a fault of Drydock's."""
    error = refused(write("[tool]\ndrydock = 5\n", "pyproject.toml"))
    assert "must be a table" in error.problem
    error = refused(write("[tool.drydock]\nbackend = 5\n", "pyproject.toml"))
    assert error.hint == "write: [tool.drydock.backend]"


def test_every_name_that_invoke_may_set_is_known_to_it():
    """Otherwise its variables would be ignored."""
    names = settings.unset()
    assert set(names) == {*GENERAL, "backend", "smoke"}
    assert set(names["backend"]) == set(BACKEND)
    assert {*names["backend"].values()} == {None}


def test_the_state_is_kept_beside_the_real_database(tmp_path):
    """On its file system, so that publish can be a rename."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.db").touch()
    (tmp_path / "link.db").symlink_to("real/a.db")
    wanted = tmp_path.resolve() / "real" / ".drydock" / "a.db"
    assert settings.state_folder(tmp_path / "link.db") == wanted
