"""``minesim report`` as a user types it: what it writes, what it leaves alone, and what it never overwrites."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import done, environment, files_below, refused, written_scenarios

import simulator

try:
    import weasyprint
except (ImportError, OSError):
    weasyprint = None

# Not skipped where the browser tests may not be either: nothing that is asked for goes untested there unseen.
needs_weasyprint = pytest.mark.skipif(
    weasyprint is None and not os.environ.get("MINESIM_NEEDS_BROWSER"),
    reason="no WeasyPrint on this machine (the extra 'pdf')",
)
MARK = '<meta name="generator" content="minesim report">'
UNCERTAIN = """\
extends: small.yaml
title: Two inputs are uncertain
mines:
  short:
    battery:
      failure: {value: 1 %, uncertainty: {loguniform: [0.1 %, 10 %]}, source: assumption, note: a guess}
      life:
        weibull:
          shape: {value: 4, uncertainty: {uniform: [2, 6]}, source: assumption, note: a guess}
          scale: 81.9 days
"""
FAILURES = "mines.short.battery.failure=0,0.1,0.5"
RESULTS = {
    "run": ("run", "small.yaml"),
    "compare": ("compare", "reference.yaml", "small.yaml"),
    "sweep": ("sweep", "small.yaml", "--method", "expected", "--vary", FAILURES),
    "sensitivity": ("sensitivity", "uncertain.yaml", "-n", "4"),
    "attribute": ("attribute", "reference.yaml", "small.yaml", "--method", "expected"),
    "breakeven": ("breakeven", "reference.yaml", "small.yaml", "--method", "expected", "--vary", "mines.short.count"),
}


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory):
    folder = written_scenarios(tmp_path_factory.mktemp("results"))
    (folder / "uncertain.yaml").write_text(UNCERTAIN, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def results(scenarios):
    """A function that gives the result of a verb, each computed once; it is not to be changed."""

    def result(verb):
        if not (scenarios / verb).exists():
            done(*RESULTS[verb], "--quiet", "-o", verb, cwd=scenarios)
        return scenarios / verb

    return result


@pytest.fixture
def compared(results, tmp_path):
    """A copy of a comparison, in a folder of its own."""
    return shutil.copytree(results("compare"), tmp_path / "result")


@pytest.mark.parametrize("verb", RESULTS)
def test_a_report_of_every_kind_of_result_is_complete_and_the_same_when_built_again(results, tmp_path, verb):
    folder = results(verb)
    done("report", folder, "-o", "one.html", "--quiet", cwd=tmp_path)
    done("report", folder, "-o", "two.html", "--quiet", cwd=tmp_path)
    text = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert (tmp_path / "two.html").read_text(encoding="utf-8") == text
    assert MARK in text
    assert "<script" not in text
    for name in ("answer", "numbers", "figures", "assumptions", "checks", "limits", "checklist", "repeat"):
        assert f'id="{name}"' in text
    figures = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert set(re.findall(r'<figure id="figure-([\w-]+)"', text)) == figures
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["digest"] in text


def test_the_report_of_a_comparison_is_small(results, tmp_path):
    done("report", results("compare"), "-o", "report.html", "--quiet", cwd=tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 600_000


def test_it_is_written_into_the_result_and_says_where_and_how_large(compared):
    said = done("report", compared.name, cwd=compared.parent)
    size = (compared / "report.html").stat().st_size
    assert said == f"Written to result/report.html ({size / 1000:,.0f} kB).\n"
    assert done("report", compared.name, "--quiet", cwd=compared.parent) == ""
    assert sorted(path.name for path in compared.iterdir() if path.name.startswith(".")) == []


def test_a_result_with_a_report_in_it_can_still_be_repeated_and_reported(compared, scenarios):
    first = done("report", compared, cwd=compared.parent)
    assert done("rerun", compared, cwd=compared.parent).startswith("identical: ")
    # The report of a report is none: what stands in the folder beside the result does not enter.
    before = (compared / "report.html").read_bytes()
    assert done("report", compared, cwd=compared.parent) == first
    assert (compared / "report.html").read_bytes() == before


def test_a_run_repeated_into_the_folder_replaces_it_with_its_report(compared, scenarios):
    done("report", compared, "--quiet", cwd=compared.parent)
    done(*RESULTS["compare"], "--quiet", "-o", compared, cwd=scenarios)
    assert not (compared / "report.html").exists()
    assert done("report", compared, cwd=compared.parent).startswith("Written to ")


def test_the_form_follows_the_name_of_the_file_unless_it_is_said(results, tmp_path):
    done("report", results("run"), "-o", "a.md", "--quiet", cwd=tmp_path)
    done("report", results("run"), "-o", "b.txt", "--format", "md", "--quiet", cwd=tmp_path)
    done("report", results("run"), "-o", "c.page", "--quiet", cwd=tmp_path)
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith("<!-- minesim report -->\n")
    assert (tmp_path / "b.txt").read_bytes() == (tmp_path / "a.md").read_bytes()
    assert MARK in (tmp_path / "c.page").read_text(encoding="utf-8")
    assert "pandoc makes a .docx file" in refused("report", results("run"), "-o", "d.docx", cwd=tmp_path)


def test_markdown_shows_the_figures_of_the_result_from_wherever_it_lies(compared):
    done("report", compared, "--format", "md", cwd=compared.parent)
    inside = re.findall(r"^!\[.*\]\((.*)\)$", (compared / "report.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(inside) == sorted(f"figures/{path.name}" for path in (compared / "figures").glob("*.png"))
    done("report", compared, "-o", "apart/of it/report.md", cwd=compared.parent)
    outside = compared.parent / "apart" / "of it" / "report.md"
    for address in re.findall(r"^!\[.*\]\((.*)\)$", outside.read_text(encoding="utf-8"), re.MULTILINE):
        assert address.startswith("../../result/figures/")
        assert (outside.parent / address).is_file()


def test_a_file_that_is_no_report_is_not_replaced_unless_it_is_said(results, tmp_path):
    (tmp_path / "thesis.html").write_text("<p>years of work, mentions minesim report</p>", encoding="utf-8")
    said = refused("report", results("run"), "-o", "thesis.html", cwd=tmp_path)
    assert said.startswith("error: -o: thesis.html is there and is not a report of minesim; ")
    assert "--force" in said
    done("report", results("run"), "-o", "thesis.html", "--force", "--quiet", cwd=tmp_path)
    text = (tmp_path / "thesis.html").read_text(encoding="utf-8")
    assert MARK in text
    # A report may be replaced, by the report of another result and in another form too.
    done("report", results("compare"), "-o", "thesis.html", "--quiet", cwd=tmp_path)
    assert (tmp_path / "thesis.html").read_text(encoding="utf-8") != text
    done("report", results("run"), "-o", "thesis.html", "--format", "md", "--quiet", cwd=tmp_path)
    done("report", results("run"), "-o", "thesis.html", "--quiet", cwd=tmp_path)
    assert (tmp_path / "thesis.html").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["manifest.json", "curves.csv", "summary.json", "figures/hazardous.svg"])
def test_a_part_of_the_result_is_never_replaced(compared, name):
    said = refused("report", "result", "-o", f"result/{name}", "--force", cwd=compared.parent)
    assert "is a part of the result; give another file" in said
    assert "is a part of the result" in refused("report", "result", "-o", f"result/../result/{name}", "--force",
                                                cwd=compared.parent)  # fmt: skip


def test_what_is_no_result_has_no_report(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no such folder" in refused("report", "nowhere", cwd=tmp_path)
    assert "is not a result of minesim" in refused("report", "empty", cwd=tmp_path)


def test_an_output_that_cannot_be_written_is_refused_and_leaves_nothing(compared):
    (compared.parent / "file").write_text("x", encoding="utf-8")
    assert "-o: " in refused("report", "result", "-o", "file/report.html", cwd=compared.parent)
    assert "is a folder; give a file" in refused("report", "result", "-o", "result", cwd=compared.parent)


def test_a_result_whose_drawing_was_doctored_has_no_report(compared):
    path, manifest_path = compared / "figures" / "hazardous.svg", compared / "manifest.json"
    text = path.read_text(encoding="utf-8").replace("</svg>", "<script>document.title = 'obeyed'</script></svg>")
    path.write_text(text, encoding="utf-8")
    assert "figures/hazardous.svg" in refused("report", "result", cwd=compared.parent)
    # Nor where the sums were changed to fit.
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    manifest["figures"]["figures/hazardous.svg"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest_path.write_text(json.dumps(manifest), encoding="utf-8")
    assert "hazardous.svg: holds <script>" in refused("report", "result", cwd=compared.parent)


def test_a_report_changes_nothing_else_in_the_result(compared):
    before = files_below(compared)
    done("report", "result", "--quiet", cwd=compared.parent)
    after = files_below(compared)
    assert set(after) - set(before) == {"report.html"}
    assert {name: after[name] for name in before} == before


def test_help_shows_examples_and_says_what_becomes_of_the_report(tmp_path):
    said = " ".join(done("report", "--help", cwd=tmp_path).split())
    assert "minesim report results/first" in said
    assert "replaces the whole folder; build the report again then" in said
    assert "open it in a browser and print it" in said


def test_without_weasyprint_a_pdf_is_refused_with_two_ways_out(results, tmp_path):
    # As where the Python package is there and the system's library is not.
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango'\\nmore\")", encoding="utf-8")
    path = f"{shim}{os.pathsep}{Path(simulator.__file__).resolve().parents[1]}"
    said = refused("report", results("run"), "-o", "report.pdf", cwd=tmp_path, PYTHONPATH=path,
                   PYTHONDONTWRITEBYTECODE="1")  # fmt: skip
    assert said.startswith("error: --format: pdf needs WeasyPrint, which cannot be used here (cannot load library")
    assert "pip install 'minesim[pdf]'" in said
    assert "print it" in said
    assert len(said.splitlines()) == 1


@needs_weasyprint
def test_a_pdf_is_the_same_when_printed_again_and_is_known_as_a_report(results, tmp_path):
    done("report", results("compare"), "-o", "one.pdf", "--quiet", cwd=tmp_path)
    done("report", results("compare"), "-o", "two.pdf", "--quiet", cwd=tmp_path)
    printed = (tmp_path / "one.pdf").read_bytes()
    assert printed.startswith(b"%PDF-1.7")
    assert printed == (tmp_path / "two.pdf").read_bytes()
    done("report", results("compare"), "-o", "two.pdf", "--quiet", cwd=tmp_path)
    (tmp_path / "other.pdf").write_bytes(printed.replace(b"% minesim report\n", b""))
    assert "is not a report of minesim" in refused("report", results("compare"), "-o", "other.pdf", cwd=tmp_path)


@needs_weasyprint
def test_a_pdf_is_printed_from_the_page_alone(tmp_path):
    (tmp_path / "pixels.png").write_bytes(b"")
    bait = f'<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><img src="{(tmp_path / "pixels.png").as_uri()}">'
    printing = """
import sys, logging, urllib.request
from simulator.report_pdf import printed
urllib.request.OpenerDirector.open = lambda *_, **__: sys.exit("asked for a page")
plain, baited = printed(sys.argv[1]), printed(sys.argv[2])
assert len(plain) > 1000
print(abs(len(plain) - len(baited)) < 2000)
"""
    page = '<!doctype html><html lang="en"><head><title>t</title>{}</head><body><p>words</p></body></html>'
    process = subprocess.run(
        [sys.executable, "-c", printing, page.format(""), page.format(bait)],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.stdout == "True\n", process.stderr
