"""Run the development issuer: `python -m runtime.access.issuer`, with settings from the environment."""

from runtime.access.issuer.app import build
from runtime.http.serve import serve
from runtime.settings import IssuerSettings, read

if __name__ == "__main__":
    settings = read(IssuerSettings)
    serve(build(settings), settings)
