from tests.storage.stored_plant import (  # noqa: F401
    engineer,
    furnished,
    hot_rule,
    operator,
    small_plant,
    still_clock,
    store,
)
