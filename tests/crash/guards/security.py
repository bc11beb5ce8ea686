"""S1 to S7: the lines of the security list, in their order.

S1 backups are private; S2 no shell; S3 migrations and names lead nowhere else; S4 HTTP is held in
bounds; S5 nothing secret, no escapes on a screen; S6 no code from a schema; S7 settings are data.
"""

from __future__ import annotations

from tests.crash.guards.guard import Guard

BACKUP = "tests/unit/backup/test_backup_taking.py"
CATALOGUE = "tests/unit/backup/test_backup_catalogue.py"
FILE = "tests/unit/migration/test_migration.py"
REQUEST = "tests/unit/service/test_service_request.py"
TRIAL = "tests/unit/smoke/test_smoke_trial.py"
EXCERPT = "tests/unit/service/test_service_excerpt.py"
TEXT = "tests/unit/terminal/test_terminal_text.py"
SCREEN = "tests/unit/terminal/test_terminal_screen.py"
OPENING = "tests/unit/connection/test_connection.py"
SETTINGS = "tests/unit/settings/test_settings.py"
SECURITY = "tests/crash/test_security.py"

GUARDS = (
    Guard(
        "S1",
        "a backup's file is readable by its owner alone",
        "files.py",
        "os.O_CLOEXEC, 0o600))",
        "os.O_CLOEXEC, 0o644))",
        (BACKUP, "-k", "nobody_else"),
    ),
    Guard(
        "S1",
        "its folder too",
        "record.py",
        "            folder.mkdir(mode=0o700)\n",
        "            folder.mkdir()\n",
        (BACKUP, "-k", "nobody_else"),
    ),
    Guard(
        "S1",
        "and the folder of backups",
        "files.py",
        "            folder.mkdir(mode=0o700, exist_ok=True)\n",
        "            folder.mkdir(exist_ok=True)\n",
        (BACKUP, "-k", "nobody_else"),
    ),
    Guard(
        "S1",
        "and its parents",
        "files.py",
        "    for folder in (*reversed(path.parents), path):\n",
        "    path.mkdir(mode=0o700, parents=True, exist_ok=True)\n    for folder in ():\n",
        (SECURITY, "-k", "s1"),
    ),
    Guard(
        "S1",
        "records and manifests are private",
        "files.py",
        "            os.fchmod(file.fileno(), mode)\n",
        "            os.fchmod(file.fileno(), 0o644)\n",
        (SECURITY, "-k", "s1"),
    ),
    Guard(
        "S2",
        "the backend's command is an argument list",
        "service/start.py",
        "                settings.start,\n                cwd",
        "                ' '.join(settings.start),\n                shell=True,\n"
        "                cwd",
        (SECURITY, "-k", "s2"),
    ),
    Guard(
        "S2",
        "so is the command that stops it",
        "service/stop.py",
        "            argv,\n            cwd",
        "            ' '.join(argv),\n            shell=True,\n            cwd",
        (SECURITY, "-k", "s2"),
    ),
    Guard(
        "S3",
        "a migration is no symbolic link",
        "source.py",
        "    if path.is_symlink():\n",
        "    if False:\n",
        (FILE, "-k", "symbolic_link"),
    ),
    Guard(
        "S3",
        "a new migration's name has no path",
        "commands/new.py",
        "    if not _NAME.fullmatch(clean):\n",
        "    if False:\n",
        (SECURITY, "-k", "s3"),
    ),
    Guard(
        "S3",
        "a manifest leads nowhere else",
        "backup/catalogue.py",
        "        and Path(manifest.file).name == manifest.file\n",
        "",
        (CATALOGUE, "-k", "lead_out"),
    ),
    Guard(
        "S3",
        "a backup is no symbolic link",
        "backup/catalogue.py",
        "file.is_file() and not file.is_symlink() and",
        "file.is_file() and",
        (CATALOGUE, "-k", "cut_or_linked"),
    ),
    Guard(
        "S3",
        "the name of a run leads nowhere else",
        "record.py",
        '    if not name or "/" in name or not',
        "    if not name or not",
        ("tests/unit/record/test_record.py", "-k", "leads_nowhere"),
    ),
    Guard(
        "S4",
        "headers reach no other host by a redirect",
        "service/request.py",
        "        if _origin(target) != _origin(url):\n",
        "        if False:\n",
        (REQUEST, "-k", "another_host"),
    ),
    Guard(
        "S4",
        "http and https only",
        "smoke/trial.py",
        '    if parts.scheme not in ("http", "https"):\n',
        "    if False:\n",
        (TRIAL, "-k", "may_not_be_sent"),
    ),
    Guard(
        "S4",
        "this machine alone",
        "smoke/trial.py",
        "    if request.is_loopback(url) or parts.hostname in allowed:\n",
        "    if True:\n",
        (TRIAL, "-k", "may_not_be_sent"),
    ),
    Guard(
        "S4",
        "a host that looks like this machine is not",
        "service/request.py",
        '        return host == "localhost"\n',
        '        return "localhost" in host\n',
        (REQUEST, "-k", "loopback"),
    ),
    Guard(
        "S4",
        "the size of a body is capped",
        "service/request.py",
        "            if len(body) > SIZE_CAP:\n",
        "            if False:\n",
        (REQUEST, "-k", "big_body"),
    ),
    Guard(
        "S4",
        "the time of an answer is capped",
        "service/request.py",
        "            if time.monotonic() > deadline:\n",
        "            if False:\n",
        (REQUEST, "-k", "time_is_capped"),
    ),
    Guard(
        "S4",
        "no proxy of the environment",
        "service/request.py",
        "httpx.Client(trust_env=False,",
        "httpx.Client(trust_env=True,",
        (REQUEST, "-k", "proxy"),
    ),
    Guard(
        "S4",
        "a secret that is not set is told, not sent empty",
        "smoke/trial.py",
        "        if not secret:\n",
        "        if False:\n",
        (TRIAL, "-k", "may_not_be_sent"),
    ),
    Guard(
        "S5",
        "secrets are blotted out where the application echoes them",
        "smoke/trial.py",
        "    return judge(check, answer, each.secrets)\n",
        "    return judge(check, answer, ())\n",
        (TRIAL, "-k", "secrets"),
    ),
    Guard(
        "S5",
        "credentials in logs and addresses are blotted out",
        "service/excerpt.py",
        '        text = pattern.sub(r"\\1***", text)\n',
        "        pass\n",
        (EXCERPT, "-k", "redact"),
    ),
    Guard(
        "S5",
        "escapes in logs are taken out",
        "service/excerpt.py",
        '    return _CONTROLS.sub("", _ESCAPES.sub("", ',
        '    return str("").join(("", ',
        (EXCERPT, "-k", "clean"),
    ),
    Guard(
        "S5",
        "escapes in data are taken out",
        "terminal/text.py",
        '    return _CONTROL.sub("", text)\n',
        "    return text\n",
        (TEXT, "-k", "drive_the_terminal"),
    ),
    Guard(
        "S5",
        "no escape of data reaches the screen through an error",
        "terminal/text.py",
        '    return _CONTROL.sub("", text)\n',
        "    return text\n",
        (SECURITY, "-k", "s5"),
    ),
    Guard(
        "S6",
        "a schema runs no code of its choice",
        "connection.py",
        '    connection.execute("PRAGMA trusted_schema=OFF")\n',
        "",
        (OPENING, "-k", "no_code"),
    ),
    Guard(
        "S6",
        "no extension is loaded",
        "connection.py",
        '    connection.execute("PRAGMA trusted_schema=OFF")\n',
        '    connection.execute("PRAGMA trusted_schema=OFF")\n'
        "    connection.enable_load_extension(True)\n",
        (OPENING, "-k", "no_code"),
    ),
    Guard(
        "S7",
        "an unknown setting is an error with the nearest known one",
        "setting.py",
        "    if name not in known:\n",
        "    if False:\n",
        (SETTINGS, "-k", "mistake"),
    ),
    Guard(
        "S7",
        "so is an unknown part of a check",
        "setting.py",
        "        if name not in CHECK:\n",
        "        if False:\n",
        (SETTINGS, "-k", "mistake"),
    ),
)
