import pytest

# So that a failed assertion in there shows its values, as those in the tests do.
pytest.register_assert_rewrite("tests.contracts.expectations")
