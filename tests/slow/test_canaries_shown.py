"""What tests/security/test_canaries.py asks for, of the text log and the commands of operators."""

from tests.support.canaries import IN_THE_STORE, found
from tests.support.canary_run import everything


async def test_no_secret_is_in_the_text_log_or_in_what_a_command_prints(tmp_path):
    seen, _ = await everything(tmp_path, "text", with_commands=True)
    shown = {where: found(data) for where, data in seen.items()}
    shown["values of the store"] -= IN_THE_STORE
    assert not {where: places for where, places in shown.items() if places}
    assert all(seen.values())
