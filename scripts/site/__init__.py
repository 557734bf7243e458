"""The documents as a site: what MkDocs has to be told to build them (`mkdocs.yml`)."""
