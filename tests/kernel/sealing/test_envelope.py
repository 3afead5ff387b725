from uuid import UUID

from kernel.sealing.envelope import Sealed

MESSAGE = UUID("6f1c9c52-7d0e-4c1b-9a55-0f3f3d1c2b7a")
CANARY = "canary-harbour-lane"


def test_a_sealed_message_tells_only_where_it_goes() -> None:
    sealed = Sealed(MESSAGE, "harbor-house", "accord.referral.accepted.v1", 77_123, CANARY.encode())

    assert repr(sealed) == (
        f"Sealed(message_ref={MESSAGE!r}, recipient='harbor-house', type='accord.referral.accepted.v1')"
    )
