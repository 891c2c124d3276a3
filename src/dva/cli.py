"""The ``dva`` command: thin over the modules, which are imported where they are used so that it starts at once."""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dva.errors import CourseError
from dva.paths import ROOT

NOT_RUNNING = 3
"""Exit code of ``dva status`` where the emulator does not run (as systemctl's)."""

app = typer.Typer(
    name="dva",
    help="Learn AWS development offline: start the emulator, open the labs, check your answers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
lab_app = typer.Typer(help="List, copy, open and reset your labs.", no_args_is_help=True)
new_app = typer.Typer(help="Scaffold something new for the course.", no_args_is_help=True)
author_app = typer.Typer(help="For authors: generate labs and prove that their checks work.", no_args_is_help=True)
app.add_typer(lab_app, name="lab")
app.add_typer(new_app, name="new")
app.add_typer(author_app, name="author")

WORK = ROOT / "work"
"""Where the learner works."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def main() -> None:
    """Run the command; a :class:`CourseError` becomes one sentence on stderr and exit code 1."""
    try:
        app()
    except CourseError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        # `dva logs | head` closes the pipe; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows what is being waited for: one line that changes, or one line for each new thing."""
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status("") as spinner:
            yield spinner.update
        return
    said: set[str] = set()

    def say(sentence: str) -> None:
        what = sentence.partition(" (")[0]
        if what not in said:
            said.add(what)
            print(f"{what} ...", file=sys.stderr, flush=True)

    yield say


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that is told what is being done, how much is done, and of how much; a bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield tell


# -- the emulator ---------------------------------------------------------------------------------------------


@app.command()
def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="TCP port (or DVA_PORT). [default: 4566]")] = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on, for a class. [default: 127.0.0.1]")
    ] = None,
    engine: Annotated[
        Literal["embedded", "docker"], typer.Option(help="Run it here, or in Docker with `docker compose`.")
    ] = "embedded",
) -> None:
    """Start the emulator in the background, unless it runs, and wait until it is healthy."""
    from dva.emulator import Emulator, host_warning, outside_address, port_from

    if given := os.environ.get("DVA_ENDPOINT", "").strip():
        _check_other_server(given)
        return
    port = port or port_from(os.environ)
    if engine == "docker":
        if host:
            raise CourseError("--host works without Docker only; the container is published on 127.0.0.1.")
        typer.echo(f"The emulator runs in Docker at {Emulator().up_docker(port).url}")
        return
    warning = host_warning(host) if host else None
    begin = time.monotonic()
    with progress_line() as waiting:
        status, started = Emulator().up(host, port, waiting=waiting)
    if warning and host:
        print(warning, file=sys.stderr)
        address = outside_address(host)
        outside = f"http://{address}:{status.url.rpartition(':')[2]}"
        print(f"Learners set DVA_ENDPOINT={outside} and DVA_ALLOW_HOSTS={address}.", file=sys.stderr)
    if started:
        typer.echo(f"The emulator runs at {status.url} (healthy after {time.monotonic() - begin:.1f} s)")
    else:
        where = " (in Docker)" if status.engine == "docker" else ""
        typer.echo(f"The emulator runs already at {status.url}{where}")


def _check_other_server(given: str) -> None:
    from dva.emulator import health
    from dva.endpoint import resolve

    url = resolve().url
    typer.echo(f"DVA_ENDPOINT is set: labs use {url}, which somebody else runs, so nothing is started here.")
    seen = health(url, seconds=5)
    if seen is None:
        raise CourseError(f"{url} does not answer as LocalStack does; start that server, or unset DVA_ENDPOINT.")
    typer.echo(f"It is healthy (version {seen.version}).")


@app.command()
def down() -> None:
    """Stop the emulator. What is stored in it is gone."""
    from dva.emulator import Emulator

    with progress_line() as waiting:
        stopped = Emulator().down(waiting)
    typer.echo("The emulator has stopped." if stopped else "The emulator was not running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Tell whether the emulator runs, where, since when, and what has been used. Exit code 3 if it does not run."""
    from dva.emulator import Emulator, Status, health

    if os.environ.get("DVA_ENDPOINT", "").strip():
        from dva.endpoint import resolve

        url = resolve().url
        seen = health(url, seconds=5)
        found = Status(
            seen is not None,
            url,
            "other (DVA_ENDPOINT)",
            version=seen.version if seen else None,
            services=seen.touched if seen else [],
            note="" if seen else f"{url} does not answer; start that server, or unset DVA_ENDPOINT.",
        )
    else:
        found = Emulator().status()
    labs = _labs_copied()
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found) | {"labs": labs}, indent=1))
    else:
        _print_status(found, labs)
    if not found.running:
        raise typer.Exit(NOT_RUNNING)


def _print_status(found: Any, labs: list[str]) -> None:
    rows = [("Emulator", "running" if found.running else "not running"), ("Address", found.url)]
    if found.engine != "embedded":
        rows.append(("Engine", found.engine))
    if found.version:
        rows.append(("Version", f"LocalStack {found.version}"))
    if found.pid:
        rows.append(("Process", str(found.pid)))
    if found.uptime_seconds is not None:
        minutes, seconds = divmod(found.uptime_seconds, 60)
        rows.append(("Up for", f"{minutes // 60} h {minutes % 60} min" if minutes else f"{seconds} s"))
    if found.memory_bytes is not None:
        rows.append(("Memory", f"{found.memory_bytes / 1e6:.0f} MB"))
    if found.running:
        rows.append(("Services used", ", ".join(found.services) or "none yet"))
    rows.append(("Your labs", ", ".join(labs) or "none yet; `dva lab copy` copies them"))
    for name, value in rows:
        typer.echo(f"{name + ':':<15}{value}")
    if found.note:
        typer.echo(found.note)


def _labs_copied() -> list[str]:
    return sorted(path.stem for path in WORK.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


@app.command()
def logs(
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Keep showing what comes.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last lines.")] = 50,
) -> None:
    """Show the emulator's log."""
    from dva.emulator import Emulator, compose, tail

    emulator = Emulator()
    if emulator.record().get("engine") == "docker":
        compose("logs", "-n", str(lines), *(["-f"] if follow else []))
        return
    if not emulator.log.exists():
        raise CourseError("There is no log yet; `dva up` starts the emulator.")
    if lines and (text := tail(emulator.log, lines)):
        typer.echo(text)
    if follow:
        for line in emulator.follow():
            typer.echo(line)


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Stop the emulator and delete everything that it stored. Your notebooks and your progress stay."""
    from dva.emulator import Emulator

    emulator = Emulator()
    if not yes:
        question = f"Stop the emulator and delete {emulator.state}?"
        if not sys.stdin.isatty():
            raise CourseError(f"{question} Nobody is here to answer; `dva reset --yes` does it without asking.")
        typer.confirm(question, abort=True)
    with progress_line() as waiting:
        emulator.reset(waiting)
    typer.echo("The emulator's state is deleted; `dva up` starts a new one.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look for what is wrong on this machine and say how to mend it. Exit code 1 if something must be mended."""
    from dva import doctor as examine

    findings = examine.examine()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(f) for f in findings], indent=1))
    else:
        for finding in findings:
            sign = {"ok": "✓", "info": "i", "bad": "✗"}[finding.level]
            typer.echo(f"{sign} {finding.name}: {finding.message}")
            if finding.mend:
                typer.echo(f"    {finding.mend}")
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(1)


# -- labs -----------------------------------------------------------------------------------------------------


@lab_app.command("list")
def lab_list() -> None:
    """List all labs, and which of them you have."""
    from rich.console import Console
    from rich.table import Table

    from dva import notebooks

    table = Table("Lab", "Domain", "Title", "Minutes", "In work/", box=None)
    for lab in notebooks.labs():
        mine = "yes" if lab.work.exists() else ""
        table.add_row(lab.name, str(lab.domain), lab.title, str(lab.minutes), mine)
    Console().print(table)


@lab_app.command("copy")
def lab_copy() -> None:
    """Copy the labs that you do not have yet to work/. Nothing is overwritten."""
    from dva import notebooks

    copied = notebooks.copy_missing(WORK)
    for path in copied:
        typer.echo(f"copied {path}")
    typer.echo(f"{len(copied)} labs copied to {WORK}." if copied else f"All labs are in {WORK}.")


@lab_app.command("open")
def lab_open(
    browser: Annotated[bool, typer.Option(help="Open a browser, if there is one.")] = True,
) -> None:
    """Start the emulator, copy missing labs and open JupyterLab on them."""
    from dva import kernelspec
    from dva.emulator import unwritable
    from dva.endpoint import resolve

    up(port=None, host=None, engine="embedded")
    try:
        WORK.mkdir(parents=True, exist_ok=True)
        kernelspec.install()
        lab_copy()
    except OSError as error:
        raise unwritable(WORK if error.filename is None else Path(error.filename), error) from None
    from dva import jupyterlab

    code = jupyterlab.serve(WORK, resolve().url, typer.echo, browser=browser)
    if not os.environ.get("DVA_ENDPOINT"):
        typer.echo("The emulator still runs, with everything that you made in it; `make down` stops it.")
    raise typer.Exit(code)


@lab_app.command("reset")
def lab_reset(name: Annotated[str, typer.Argument(help="The lab's name, as `dva lab list` shows it.")]) -> None:
    """Put a fresh copy of a lab into work/; yours is kept as a backup."""
    from dva import notebooks

    backup = notebooks.reset_lab(name)
    typer.echo(f"{name} is fresh again." + (f" Your copy is kept as {backup}." if backup else ""))


@app.command()
def check(
    lab: Annotated[str | None, typer.Argument(help="One lab; default: all that you have.")] = None,
) -> None:
    """Run your notebooks in the background and grade them. Exit code 1 if a check fails."""
    from dva import authoring, notebooks

    chosen = [lab] if lab else [info.name for info in notebooks.labs() if info.work.exists()]
    if not chosen:
        raise CourseError("You have no labs yet; `make lab` copies them and opens them.")
    raise typer.Exit(authoring.main(["grade", *chosen]))


@app.command()
def progress(as_json: AsJson = False) -> None:
    """Show what you have solved, by exam domain."""
    from dva import report

    rows = report.rows()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Lab", "Title", "Checks passed", "", box=None)
    for domain, name in report.DOMAINS.items():
        mine = [row for row in rows if row.domain == domain]
        if not mine:
            continue
        done = sum(row.state == "done" for row in mine)
        table.add_row(f"[bold]{domain}. {name}[/]", "", f"[bold]{done} of {len(mine)} labs[/]", "")
        for row in mine:
            table.add_row(f"   {row.lab}", row.title, f"{row.passed} of {row.checks}", row.state)
    Console().print(table)


# -- questions ------------------------------------------------------------------------------------------------


@app.command()
def quiz(
    exam: Annotated[Literal["DVA-C03", "DVA-C02"], typer.Option(help="The exam that you prepare for.")] = "DVA-C03",
    skill: Annotated[str | None, typer.Option(metavar="ID", help="Only one skill, for example 1.3.4.")] = None,
    domain: Annotated[int | None, typer.Option(min=1, max=4, help="Only one exam domain.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many questions.")] = 10,
    missed: Annotated[bool, typer.Option("--missed", help="Only what you answered wrong the last time.")] = False,
) -> None:
    """Answer exam questions here; every option is explained."""
    from dva import quiz as terminal

    terminal.play(terminal.choose(exam, skill, domain, count, missed), exam)


@app.command()
def anki(
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it.")] = None,
) -> None:
    """Write the questions as an Anki deck. Import it again later: cards are updated, your learning stays."""
    from dva import anki as deck
    from dva import questions

    path = output or deck.FILE
    try:
        number = deck.build(questions.load(), path)
    except OSError as error:
        raise CourseError(f"{path} could not be written: {error.strerror or error}.") from None
    typer.echo(f"{number} cards in {path}; in Anki: File, Import.")


# -- authors --------------------------------------------------------------------------------------------------


@new_app.command("lab")
def new_lab(
    name: Annotated[str, typer.Argument(help="Lower-case words joined by hyphens, for example sns-fan-out.")],
    domain: Annotated[int, typer.Option(min=1, max=4, help="The exam domain that it belongs to.")] = 1,
) -> None:
    """Scaffold a lab in solutions/."""
    from dva import notebooks

    typer.echo(f"Wrote {notebooks.new_lab(name, domain)}; next: write it, `dva author run {name}`, `make labs`.")


@author_app.command("build")
def author_build(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if something would change.")] = False,
) -> None:
    """Generate labs/ from solutions/."""
    from dva import notebooks

    changes = notebooks.build(check=check)
    for line in changes:
        typer.echo(line if check else f"{line}: done")
    if check and changes:
        raise CourseError("labs/ is not what solutions/ generates; run `make labs` and commit the result.")
    if not changes:
        typer.echo("labs/ is exactly what solutions/ generates.")


@author_app.command("run")
def author_run(labs: Annotated[list[str] | None, typer.Argument(help="Default: all labs.")] = None) -> None:
    """Run solutions both ways: each check must fail without its solution and pass with it. Stores the outputs."""
    from dva import authoring

    raise typer.Exit(authoring.main(["run", *(labs or [])]))


@author_app.command("prove")
def author_prove(labs: Annotated[list[str] | None, typer.Argument(help="Default: all labs.")] = None) -> None:
    """Run every stored wrong answer; its check must refuse it."""
    from dva import authoring

    raise typer.Exit(authoring.main(["prove", *(labs or [])]))


@author_app.command("lint")
def author_lint(labs: Annotated[list[str] | None, typer.Argument(help="Default: all labs.")] = None) -> None:
    """Check that solutions keep to the lab format."""
    from dva import authoring

    raise typer.Exit(authoring.main(["lint", *(labs or [])]))


# -- the book -------------------------------------------------------------------------------------------------


@app.command("blueprint")
def show_blueprint(
    exam: Annotated[str | None, typer.Option(help="DVA-C03 or DVA-C02. [default: both]")] = None,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="List every skill that lacks a section, lab or question.")
    ] = False,
    seed: Annotated[
        bool, typer.Option("--seed", help="Count what became of the notes that the course grew from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far the course covers the exams, by domain. Exit code 1 if it declares what no guide has."""
    from dva import blueprint

    if seed:
        report, wrong = blueprint.seed_rows(), blueprint.seed_gaps()
    else:
        codes = [blueprint.exam(exam.upper()).code] if exam else list(blueprint.exams())
        report, wrong = (blueprint.gap_rows(codes) if gaps else blueprint.rows(codes)), blueprint.faults()
    if as_json:
        typer.echo(json.dumps({"rows": report, "faults": wrong}, indent=1))
    elif report:
        from rich.console import Console
        from rich.table import Table

        table = Table(*report[0], box=None)
        for row in report:
            table.add_row(*(str(cell) for cell in row.values()))
        Console().print(table)
    for fault in wrong:
        print(fault, file=sys.stderr)
    if wrong:
        raise typer.Exit(1)


@app.command()
def book(
    page: Annotated[
        str | None,
        typer.Argument(help="A page to open, for example 1-development/s3-objects. [default: build the whole book]"),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Then serve it on 127.0.0.1 until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; the next free one if taken.")] = 8000,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print it to one PDF; takes Chromium.")] = False,
) -> None:
    """Build the book, print it to a PDF, or open one of its pages."""
    from dva import bookbuild

    if page:
        file = bookbuild.page(page)
        typer.echo(file)
        bookbuild.show(file)
        return
    if pdf:
        bookbuild.require_pdf()
    html = bookbuild.build()
    typer.echo(f"The book: {html / 'index.html'}")
    if pdf:
        with progress_bar() as tell:
            file, sheets = bookbuild.print_pdf(html, tell)
        typer.echo(f"The PDF: {file} ({sheets} pages, {file.stat().st_size / 1e6:.1f} MB)")
    if serve:
        bookbuild.serve(html, port, typer.echo)


@author_app.command("questions")
def author_questions() -> None:
    """Check the question bank: its form, its explanations, and whether positions and lengths give answers away."""
    from dva import questions

    bank = questions.load()
    faults = questions.lint(bank)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise CourseError(f"{len(bank)} questions, and {len(faults)} to mend (see above).")
    typer.echo(f"{len(bank)} questions, and nothing to mend.")
