"""The modem's files: brought in once, again after a doubt, and the clock that TLS wants."""

from tracker.modem.security import MARK, Security
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.flash import Flash

FILES = {"ca": "/ca.pem", "cert": "/our.pem", "key": "/our.key"}


def _flash():
    flash = Flash()
    for path in FILES.values():
        with flash.open(path, "wb") as file:
            file.write(path.encode() * 10)
    return flash


def _bring_in(one):
    came = []
    while True:
        upload = one.upload()
        if upload is None:
            return came
        assert upload["size"] == b"%d" % len(upload["content"])
        came.append(upload["file"])
        one.uploaded()


def test_each_file_is_brought_in_once_and_after_a_restart_of_ours_not_again():
    flash = _flash()
    assert _bring_in(Security(flash, Clock(), FILES)) == [b"ca.pem", b"our.pem", b"our.key"]
    assert flash.size(MARK) > 0
    assert _bring_in(Security(flash, Clock(), FILES)) == []


def test_another_file_under_the_same_name_is_brought_in():
    flash = _flash()
    _bring_in(Security(flash, Clock(), FILES))
    with flash.open("/ca.pem", "wb") as file:
        file.write(b"another authority")
    assert _bring_in(Security(flash, Clock(), FILES))[0] == b"ca.pem"


def test_a_handshake_that_fails_doubts_the_modem_s_files_once():
    flash = _flash()
    one = Security(flash, Clock(), {"ca": "/ca.pem"})
    _bring_in(one)
    one.doubt()
    assert _bring_in(one) == [b"ca.pem"]
    one.doubt()
    assert _bring_in(one) == []


def test_how_it_is_secured_follows_from_the_files():
    assert Security(None, None, {"ca": "/a"}).by == "CA"
    assert Security(None, None, FILES).by == "CERT"
    assert Security(None, None, {"psk": "/p"}).by == "PSK"


def test_a_modem_that_knows_no_time_gets_ours_or_2020():
    clock = Clock()
    one = Security(None, clock, {"ca": "/ca.pem"})
    clock.set_utc(31622399)

    class Over:
        time_s = 0

    values = {}
    assert one.names("/ca.pem", Over, values) == "SET_TIME TLS TLS_CA "
    assert values["clock"] == b"20/12/31,23:59:59+00"
    assert values["ca"] == b"ca.pem"
    Over.time_s = 5
    assert one.names("/ca.pem", Over, {}) == "TLS TLS_CA "
    assert one.names(None, Over, {}) == ""
