"""A stand-in of cert-manager: the Secrets of the emitted Certificates, signed by their issuers.

An issuer that is no emitted object is there already, and an authority of its own.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from pods import Object, Objects
from world import run

# What an empty section leaves to the words of the command.
CONFIG = "[req]\ndistinguished_name = req\n"
AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
USAGES = {"server auth": "serverAuth", "client auth": "clientAuth"}


class CertManager:
    """What it has signed, below a folder."""

    def __init__(self, objects: Objects, home: Path) -> None:
        """Sign nothing yet."""
        self.objects = objects
        self.home = home
        home.mkdir()
        (home / "config").write_text(CONFIG)

    def issue(self) -> list[Object]:
        """Make the Secret of every Certificate; return these."""
        wanted = self.objects.of("Certificate")
        for item in wanted:
            self.sign(item, self.issuer(item), item["spec"].get("dnsNames", []))
        return wanted

    def authorities(self) -> str:
        """Return the certificates of all that has signed."""
        return "".join(path.read_text() for path in sorted(self.home.glob("*.ca")))

    def issuer(self, certificate: Object) -> Path | None:
        """Return the files of the authority of a Certificate; None where it signs itself."""
        wanted, namespace = certificate["spec"]["issuerRef"], certificate["metadata"]["namespace"]
        kind = wanted.get("kind", "Issuer")
        where = namespace if kind == "Issuer" else ""
        issuer = self.objects.found.get((kind, where, wanted["name"]))
        if issuer is None:
            return self.authority(wanted["name"])
        if "selfSigned" in issuer["spec"]:
            return None
        secret = issuer["spec"]["ca"]["secretName"]
        made = next(
            item
            for item in self.objects.of("Certificate", where or None)
            if item["spec"]["secretName"] == secret and item["spec"].get("isCA")
        )
        return self.sign(made, self.issuer(made), [])

    def authority(self, name: str) -> Path:
        """Return the files of an authority that is no object of the graph."""
        stem = self.home / f"authority.{name}"
        if not Path(f"{stem}.crt").exists():
            self.request(stem, f"/CN={name}", AUTHORITY, "ECDSA", None)
        return stem

    def sign(self, certificate: Object, authority: Path | None, names: list[str]) -> Path:
        """Sign a Certificate for these names, and make its Secret; an authority is signed once."""
        meta, spec = certificate["metadata"], certificate["spec"]
        stem = self.home / f"{meta['namespace']}.{spec['secretName']}"
        if not (spec.get("isCA") and Path(f"{stem}.crt").exists()):
            common = spec.get("commonName", "")
            if len(common) > 64:
                raise ValueError(f"{meta['name']}: the common name {common} is too long")
            usages = [USAGES[usage] for usage in spec.get("usages", []) if usage in USAGES]
            extensions = AUTHORITY if spec.get("isCA") else ["basicConstraints=critical,CA:FALSE"]
            if usages:
                extensions = [*extensions, f"extendedKeyUsage={','.join(usages)}"]
            if names:
                listed = ",".join(f"DNS:{name}" for name in names)
                extensions = [*extensions, f"subjectAltName=critical,{listed}"]
            key = spec.get("privateKey", {})
            subject = f"/CN={common}" if common else "/"
            self.request(stem, subject, extensions, key.get("algorithm", "RSA"), authority)
            if key.get("encoding") != "PKCS8":
                old = run("openssl", "pkey", "-traditional", "-in", f"{stem}.key")
                Path(f"{stem}.key").write_text(old)
        data = {"tls.crt": "crt", "tls.key": "key", "ca.crt": "ca"}
        template = spec.get("secretTemplate", {})
        self.objects.add(
            {
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": {
                    "name": spec["secretName"],
                    "namespace": meta["namespace"],
                    "labels": template.get("labels", {}),
                },
                "data": {
                    name: b64encode(Path(f"{stem}.{suffix}").read_bytes()).decode()
                    for name, suffix in data.items()
                },
            }
        )
        return stem

    def request(
        self,
        stem: Path,
        subject: str,
        extensions: list[str],
        algorithm: str,
        authority: Path | None,
    ) -> None:
        """Make a key and its certificate, and put that of the authority beside them."""
        curve = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        run(
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-config", self.home / "config"),
            *("-newkey", *(curve if algorithm == "ECDSA" else ["rsa:2048"]), "-subj", subject),
            *(word for extension in extensions for word in ("-addext", extension)),
            *(("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key") if authority else ()),
            *("-keyout", f"{stem}.key", "-out", f"{stem}.crt"),
        )
        signed_by = Path(f"{authority or stem}.crt")
        Path(f"{stem}.ca").write_text(signed_by.read_text())
