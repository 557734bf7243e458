from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.store.s3fifo import S3Fifo


class Model:
    """The paper's algorithm on lists, oldest first; a tenth of all bytes is for the small queue."""

    def __init__(self):
        self.small, self.main, self.ghosts = [], [], []
        self.size, self.uses = {}, {}

    def added(self, key, size):
        self.size[key], self.uses[key] = size, 0
        (self.main if key in self.ghosts else self.small).append(key)
        self.ghosts = [ghost for ghost in self.ghosts if ghost != key]

    def used(self, key):
        self.uses[key] = min(3, self.uses[key] + 1)

    def removed(self, key, *, evicted=False):
        if key in self.small and evicted:
            most = len(self.small) + len(self.main)
            self.ghosts = [*self.ghosts, key][-most:]
        for queue in (self.small, self.main):
            if key in queue:
                queue.remove(key)
        del self.size[key], self.uses[key]

    def bytes(self, queue):
        return sum(self.size[key] for key in queue)

    def victim(self):
        while True:
            share = (self.bytes(self.small) + self.bytes(self.main)) / 10
            if self.small and (self.bytes(self.small) > share or not self.main):
                key = self.small[0]
                if not self.uses[key]:
                    return key
                self.main.append(self.small.pop(0))
                self.uses[key] = 0
            else:
                key = self.main[0]
                if not self.uses[key]:
                    return key
                self.uses[key] -= 1
                self.main.append(self.main.pop(0))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "use", "use", "remove", "evict", "evict"]),
        st.sampled_from("abcdefghijkl"),
        st.sampled_from([1, 7, 64, 500]),
    ),
    max_size=120,
)


@settings(max_examples=500)
@given(STEPS)
def test_it_gives_up_what_the_paper_gives_up(steps):
    order, model = S3Fifo(), Model()
    for what, key, size in steps:
        known = key in model.size
        if what == "add" and not known:
            order.added(key, size)
            model.added(key, size)
        elif what == "use" and known:
            order.used(key)
            model.used(key)
        elif what == "remove" and known:
            order.removed(key)
            model.removed(key)
        elif what == "evict" and model.size:
            victim = order.victim()
            assert victim == model.victim() == order.victim()
            order.removed(victim)
            model.removed(victim, evicted=True)
    assert list(order._small) == model.small
    assert list(order._main) == model.main
    assert list(order._ghosts) == model.ghosts
    assert order._small_size == model.bytes(model.small)
    assert order._size == model.bytes(model.small + model.main)


def evict(order):
    key = order.victim()
    order.removed(key)
    return key


def test_a_scan_leaves_alone_what_has_proved_itself():
    order = S3Fifo()
    for key in "abc":
        order.added(key, 100)
        order.used(key)
    for number in range(100):
        order.added(f"scan{number}", 100)
        assert evict(order).startswith("scan")
    for key in "abc":
        order.used(key)


def test_what_went_too_early_proves_itself_by_coming_again():
    order = S3Fifo()
    for key in "abcd":
        order.added(key, 100)
    assert evict(order) == "a"
    order.added("a", 100)
    assert [evict(order) for _ in range(3)] == ["b", "c", "d"]


def test_what_was_dropped_is_a_stranger_when_it_comes_again():
    order = S3Fifo()
    for key in "abc":
        order.added(key, 100)
    order.removed("a")
    order.added("a", 100)
    assert [evict(order) for _ in range(3)] == ["b", "c", "a"]


def test_ghosts_are_no_more_than_what_is_kept():
    order = S3Fifo()
    for number in range(1000):
        order.added(str(number), 10)
        if number >= 20:
            evict(order)
    assert len(order._ghosts) == 21
