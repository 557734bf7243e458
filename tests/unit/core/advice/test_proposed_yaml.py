import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.advice import yaml_text

plane = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])  # as JSON escapes it
words = st.text(plane, max_size=12) | st.sampled_from(
    ["1s", "80/s", "yes", "null", "1e5", "/x/**", "*a"]
)
scalars = words | st.integers(-9, 9999) | st.booleans() | st.none()
flat = st.dictionaries(words, scalars | st.lists(scalars, max_size=3), max_size=3)
routes = st.lists(flat.map(lambda each: {"name": "n", **each}), min_size=1, max_size=3)
trees = st.dictionaries(
    words, st.recursive(flat | scalars | routes, lambda t: st.dictionaries(words, t, max_size=3))
)


@given(trees)
def test_what_is_written_reads_as_it_was(tree):
    assert (yaml.safe_load(yaml_text(tree)) or {}) == tree


def test_it_looks_as_people_write_it():
    route = {
        "name": "plans-reads",
        "match": {"methods": ["GET"], "path": "/rest/v1/plans"},
        "cache": {"ttl": "5s", "prefetch": [{"target": "/x?id=eq.{$.id}"}]},
    }
    assert yaml_text({"upstreams": {"supabase": {"routes": [route]}}}) == (
        "upstreams:\n"
        "  supabase:\n"
        "    routes:\n"
        "      - name: plans-reads\n"
        "        match: {methods: [GET], path: /rest/v1/plans}\n"
        "        cache:\n"
        "          ttl: 5s\n"
        '          prefetch: [{target: "/x?id=eq.{$.id}"}]\n'
    )


def test_nothing_is_nothing():
    assert yaml_text({}) == ""
