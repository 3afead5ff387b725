"""Run the development issuer: `python -m devstack.issuer`, with settings from the environment."""

from devstack.issuer.app import build
from devstack.issuer.settings import IssuerSettings
from runtime.http.server import serve
from runtime.settings import read

if __name__ == "__main__":
    settings = read(IssuerSettings)
    serve(build(settings), settings)
