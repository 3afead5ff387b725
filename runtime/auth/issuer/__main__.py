"""Run the development issuer: `python -m runtime.auth.issuer`, with settings from the environment."""

from runtime.auth.issuer.app import build
from runtime.http.server import serve
from runtime.settings import IssuerSettings, read

if __name__ == "__main__":
    settings = read(IssuerSettings)
    serve(build(settings), settings)
