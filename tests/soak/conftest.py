from tests.storage.stored_plant import small_plant  # noqa: F401
