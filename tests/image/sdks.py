"""Runs the checks of one SDK directly and through the sidecar; prints what differs, as JSON.

Run in the network of a container: `python -m tests.image.sdks NAME`. Brings the providers
along, which have its clock, so that answers are the same.
"""

import json
import sys

from tests.e2e import ways
from tests.e2e.gemini import genai_python
from tests.e2e.supabase import project, supabase_python
from tests.e2e.whatsapp import pywa_checks
from tests.image.providers import providers
from tests.support.background import in_thread
from tests.support.simulated import gemini, whatsapp

THROUGH = "http://127.0.0.1:8080"


def of_supabase(base_url):
    return project.without_base(supabase_python.transcript(base_url), base_url)


def of_gemini(base_url):
    return ways.comparable(genai_python.transcript(base_url))


def of_whatsapp(base_url):
    return ways.comparable(pywa_checks.transcript(base_url))


SDKS = {
    "supabase": (project.make, of_supabase),
    "gemini": (gemini, of_gemini),
    "whatsapp": (whatsapp, of_whatsapp),
}


def main(name):
    make, transcript = SDKS[name]
    with ways.reached("direct", name, make) as base_url:
        directly = transcript(base_url)
    with in_thread(providers, "the providers"):
        through = transcript(f"{THROUGH}/{name}")
    print(json.dumps([len(through), ways.differences(directly, through)]))


if __name__ == "__main__":
    main(sys.argv[1])
