"""One simulated project: all of its state, made anew for each app."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from sidecar.demo.supabase.accounts import Accounts
from sidecar.demo.supabase.channels import Channels
from sidecar.demo.supabase.ids import Ids
from sidecar.demo.supabase.postgrest.schema import Database
from sidecar.demo.supabase.postgrest.seed import make_database
from sidecar.demo.supabase.storage.objects import Store


@dataclass(frozen=True, slots=True)
class Project:
    """What the services share."""

    now: Callable[[], float]
    """Unix seconds."""
    database: Database
    accounts: Accounts
    store: Store
    channels: Channels


PROJECT = web.AppKey("project", Project)


def make_project(now: Callable[[], float]) -> Project:
    """A project with its seed, and nothing else."""
    ids = Ids()
    return Project(now, make_database(now), Accounts(ids, now), Store(ids, now), Channels())
