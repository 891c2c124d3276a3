"""The gateway's network server: LocalStack's own, bound to the address that was asked for."""

from typing import TYPE_CHECKING

from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin

if TYPE_CHECKING:
    from localstack.config import HostAndPort
    from rolo.gateway import Gateway

NAME = "bound"
"""Value of ``GATEWAY_SERVER`` that selects this server."""

BACKLOG = 512
"""Connections that may wait to be accepted: many notebooks open theirs at the same moment."""


class BoundServerPlugin(RuntimeServerPlugin):
    """Registers the server under :data:`NAME`."""

    name = NAME

    def load(self, *args: object, **kwargs: object) -> RuntimeServer:
        """Return the server. Twisted is imported only here: importing it installs its reactor."""
        from localstack.aws.serving.twisted import TLSMultiplexerFactory
        from localstack.runtime.server.twisted import TwistedRuntimeServer
        from rolo.serving.twisted import TwistedGateway
        from twisted.internet import reactor, ssl

        class BoundServer(TwistedRuntimeServer):
            """LocalStack's Twisted server, which by itself ignores the host of an IPv4 address.

            It also swallows the error when the port is taken; this one lets it end the start.
            """

            def register(
                self,
                gateway: "Gateway",
                listen: "list[HostAndPort]",
                ssl_creds: tuple[str, str] | None = None,
            ) -> None:
                """Serve ``gateway`` on exactly the hosts and ports of ``listen``."""
                factory = TwistedGateway(gateway)
                if ssl_creds:
                    certificate, key = ssl_creds
                    context = ssl.DefaultOpenSSLContextFactory(key, certificate)
                    context.getContext().use_certificate_chain_file(certificate)
                    factory = TLSMultiplexerFactory(context, False, factory)
                for address in listen:
                    reactor.listenTCP(address.port, factory, backlog=BACKLOG, interface=address.host)

        return BoundServer()
