import pytest

from scripts import matrix


def test_the_document_has_the_matrix_of_today():
    text = matrix.DOCUMENT.read_text()
    assert matrix.renewed(text) == text, "run `python -m scripts.matrix` from the checkout"


def test_a_document_without_a_place_for_the_matrix_is_refused():
    with pytest.raises(ValueError, match="no <!-- matrix -->"):
        matrix.renewed("# Resilience\n")
