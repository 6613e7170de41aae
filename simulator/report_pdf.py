"""A report as PDF, printed from its page by WeasyPrint: the optional extra ``pdf``, as it needs system libraries."""

import logging

from simulator.problems import input_error
from simulator.report_order import GENERATOR

_WAY_OUT = (
    "pip install 'minesim[pdf]' (on Debian also apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0); "
    "or write report.html, open it in a browser and print it"
)


def printed(page: str) -> bytes:
    """Print a page as PDF, tagged for screen readers (PDF/UA-1); the same page gives the same bytes.

    Nothing is fetched. Raises InputError where WeasyPrint, or what it needs, is not installed.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        # Without Pango the import ends with an OSError.
        reason = str(error).partition("\n")[0].partition(":")[0]
        message = f"pdf needs WeasyPrint, which cannot be used here ({reason}): {_WAY_OUT}"
        raise input_error(message, path="--format") from None
    # It names every look of screens that it leaves out on paper.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    source = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=("data",)))
    # A comment after its end tells a report from other files.
    return bytes(source.write_pdf(pdf_variant="pdf/ua-1")) + f"% {GENERATOR}\n".encode()
