"""What partners read of our routes: OpenAPI made from the code, written by `python -m runtime.http.openapi`.

>>> from runtime.http.openapi.document import describe
>>> from runtime.settings import KeyringSettings, read
>>> from services.referrals.main import build
>>> sorted(describe(build(read(KeyringSettings)))["paths"])
"""
