"""Certificate authorities for tests of Modbus/TCP Security: who may be believed, and who not."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.plant.tags import Connection, ConnectionKind
from tests.protocol.stage import connection


class Authority:
    """Issues certificates for 127.0.0.1, all kept as PEM files in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed(self._key, name, days=365)
        self.path = folder / f"{name}.ca.pem"
        self.path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *, days: int = 30, host: str = "127.0.0.1") -> tuple[Path, Path]:
        """Return certificate and key of a party; negative ``days`` make it expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        files = self._folder / f"{self._name}.{name}.pem", self._folder / f"{self._name}.{name}.key.pem"
        certificate = self._signed(key, name, days=days, host=host)
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def server_context(self, *, days: int = 30, host: str = "127.0.0.1") -> ssl.SSLContext:
        """Return what a device of this plant uses: it asks its clients for a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue("plc", days=days, host=host))
        context.load_verify_locations(self.path)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def connection(self, port: int, **options: object) -> Connection:
        """Return a connection whose certificate and trust come from this authority."""
        certificate, key = self.issue("collector")
        plain: dict[str, object] = {
            "host": "127.0.0.1",
            "port": port,
            "authority": str(self.path),
            "certificate": str(certificate),
            "key": str(key),
        }
        return connection(ConnectionKind.MODBUS_TLS, **plain | options)

    def _signed(
        self, key: ec.EllipticCurvePrivateKey, name: str, *, days: int, host: str = ""
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())
