"""The cap on requests to one host."""

import threading

from imagebatch.net.slots import HostSlots


def test_slots_when_many_threads_ask_then_never_more_than_the_cap_hold() -> None:
    slots, lock, running, peak = HostSlots(3), threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, peak
        for _ in range(50):
            with slots.held("a"):
                with lock:
                    running += 1
                    peak = max(peak, running)
                with lock:
                    running -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 1 <= peak <= 3
    assert slots._held == {}


def test_slots_when_one_host_is_full_then_another_is_free() -> None:
    slots = HostSlots(1)
    with slots.held("a"), slots.held("b"):
        assert slots._held == {"a": 1, "b": 1}
    assert slots._held == {}
