import pytest

from impasto.webapp.hosting.origin import origin_allowed


@pytest.mark.parametrize(
    ("origin", "host", "forwarded", "allowed"),
    [
        (None, "paint.example", None, True),  # no browser
        ("http://paint.example", "paint.example", None, True),
        ("http://paint.example:7860", "paint.example:7860", None, True),
        ("HTTPS://Paint.Example", "paint.example", None, True),
        ("https://paint.example", "paint.example:443", None, True),
        ("http://[::1]:7860", "[::1]:7860", None, True),
        ("https://paint.example", "10.0.0.1:7860", "paint.example", True),
        ("https://paint.example", "10.0.0.1:7860", "paint.example, inner.example", True),
        ("https://friend.example", "paint.example", None, True),
        ("http://friend.example", "paint.example", None, False),  # another scheme is another origin
        ("http://evil.example", "paint.example", None, False),
        ("http://paint.example:81", "paint.example", None, False),
        ("http://paint.example.evil.example", "paint.example", None, False),
        ("http://evil.example/paint.example", "paint.example", None, False),
        ("null", "paint.example", None, False),
        ("", "paint.example", None, False),
    ],
)
def test_only_pages_of_this_host_or_of_friends_are_painted_for(origin, host, forwarded, allowed):
    headers = {"host": host, "origin": origin, "x-forwarded-host": forwarded}
    headers = {name: value for name, value in headers.items() if value is not None}
    assert origin_allowed(headers, ("https://friend.example",)) is allowed
