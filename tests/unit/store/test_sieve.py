from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.store.sieve import Sieve


class Model:
    """The paper's algorithm on a list: oldest first, a flag for each, and a hand."""

    def __init__(self):
        self.keys = []
        self.visited = {}
        self.hand = None

    def added(self, key):
        self.keys.append(key)
        self.visited[key] = False

    def used(self, key):
        self.visited[key] = True

    def removed(self, key):
        at = self.keys.index(key)
        if self.hand == key:
            self.hand = self.keys[at + 1] if at + 1 < len(self.keys) else None
        self.keys.remove(key)
        del self.visited[key]

    def victim(self):
        at = self.keys.index(self.hand) if self.hand is not None else 0
        while self.visited[self.keys[at]]:
            self.visited[self.keys[at]] = False
            at = (at + 1) % len(self.keys)
        self.hand = self.keys[at]
        return self.hand


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "use", "remove", "evict"]), st.sampled_from("abcdef")),
    max_size=60,
)


@settings(max_examples=500)
@given(STEPS)
def test_it_gives_up_what_the_paper_gives_up(steps):
    sieve, model = Sieve(), Model()
    for what, key in steps:
        known = key in model.keys
        if what == "add" and not known:
            sieve.added(key)
            model.added(key)
        elif what == "use" and known:
            sieve.used(key)
            model.used(key)
        elif what == "remove" and known:
            sieve.removed(key)
            model.removed(key)
        elif what == "evict" and model.keys:
            victim = sieve.victim()
            assert victim == model.victim() == sieve.victim()
            sieve.removed(victim)
            model.removed(victim)
    assert set(sieve._nodes) == set(model.keys)


def test_what_is_used_outlives_what_came_later_and_was_not():
    sieve = Sieve()
    for key in "abc":
        sieve.added(key)
    sieve.used("a")
    gone = []
    for _ in range(2):
        gone.append(sieve.victim())
        sieve.removed(gone[-1])
    assert gone == ["b", "c"]
