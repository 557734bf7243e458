from sidecar.config.media import Media


def test_media_are_remembered_where_it_is_asked_for():
    assert not Media().is_on
    assert Media(uploads=1.0).is_on
    assert Media(downloads="whatsapp-media").is_on
