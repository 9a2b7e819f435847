"""Certificates for a provider that speaks TLS on this machine: good ones, and those that nobody should trust."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIVES = {"expired": (-20, -10)}
"""Days from now, where they are not the usual ones."""
_HOSTS = {"another host's": ["somebody.example"]}


class Certificates:
    """An authority in `folder/ca.pem`, for SSL_CERT_FILE, and what it signed."""

    def __init__(self, folder: Path, hosts: list[str]) -> None:
        self._folder = folder
        self._hosts = hosts
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
        self.authority = folder / "ca.pem"
        self.authority.write_bytes(self._signed(self._key, self._name, [], authority=True))
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, kind: str) -> ssl.SSLContext:
        """A server's side of TLS: `good`, `self-signed`, `expired` or `another host's`."""
        if kind not in self._contexts:
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)])
            hosts = _HOSTS.get(kind, self._hosts)
            own = kind == "self-signed"
            signed = self._signed(key, name, hosts, lives=_LIVES.get(kind, (-1, 30)), by=key if own else None)
            path = self._folder / f"{len(self._contexts)}.pem"
            path.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                + signed
            )
            self._contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._contexts[kind].load_cert_chain(path)
        return self._contexts[kind]

    def _signed(
        self,
        key: ec.EllipticCurvePrivateKey,
        name: x509.Name,
        hosts: list[str],
        *,
        lives: tuple[int, int] = (-30, 30),
        by: ec.EllipticCurvePrivateKey | None = None,
        authority: bool = False,
    ) -> bytes:
        today = dt.datetime.now(dt.UTC)
        signer = by or self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name if by else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today + dt.timedelta(days=lives[0]))
            .not_valid_after(today + dt.timedelta(days=lives[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            # From 3.13 on Python asks for these three.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .add_extension(_usage(authority=authority), critical=True)
        )
        if hosts:
            names: list[x509.GeneralName] = [
                x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
                for host in hosts
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
