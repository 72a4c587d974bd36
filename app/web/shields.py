"""The headers that every answer carries: what a browser may do with the page, and what others may do with its answers.

Whatever the model reads aloud from a camera is text: should it ever become markup by a mistake, no script of it runs,
nothing is fetched from outside, and no form is sent anywhere.
"""

Headers = list[tuple[bytes, bytes]]

OFF = (
    *("accelerometer", "display-capture", "geolocation", "gyroscope", "hid", "idle-detection"),
    *("magnetometer", "midi", "payment", "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking"),
)
"""What a page might ask for and this one never does. Browsers complain of names that they do not know."""
OWN = ("autoplay", "camera", "microphone", "screen-wake-lock")
PERMISSIONS = ", ".join((*(f"{each}=(self)" for each in OWN), *(f"{each}=()" for each in OFF)))
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self' {sockets}",
        "media-src 'self' blob:",
        "worker-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Content Security Policy Level 3. Not every browser counts web sockets among 'self'."""
FIXED: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS.encode()),
    (b"cache-control", b"no-store"),
]
OURS = {name for name, _ in FIXED} | {b"content-security-policy", b"server"}


def shielded(headers: Headers, sockets: str) -> Headers:
    """An answer's headers with these in place of whatever it says of the same. `sockets`: the web sockets' origin."""
    kept = [(name, value) for name, value in headers if name.lower() not in OURS]
    return [*kept, *FIXED, (b"content-security-policy", POLICY.format(sockets=sockets).encode())]
