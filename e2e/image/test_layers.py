"""The look into an image sees what is wrong with it: one thing at a time."""

import unittest

from layers import Entry, Image, Layer, findings

PACKAGE = "opt/venv/lib/python3.14/site-packages/fastapi/main.py"
SECRET = "correct-horse-battery-staple"


def entry(path: str, *, uid: int = 0, mode: int = 0o644, data: bytes = b"") -> Entry:
    """A regular file."""
    return Entry(path, uid, uid, mode, True, data)


def image(*more: Entry, user: str = "10001:10001", text: str = "{}") -> Image:
    """An image as it should be, with more files in its highest layer."""
    config = {
        "User": user,
        "Cmd": ["sh"],
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {"org.opencontainers.image.title": "orders"},
    }
    packages = Layer("sha256:1", "RUN pip", [entry(PACKAGE)])
    source = Layer("sha256:2", "COPY src", [entry("app/src/main.py"), *more])
    return Image(config, text, [packages, source])


def look(subject: Image) -> str:
    """All findings in one text."""
    return "\n".join(findings(subject, "10001:10001", [SECRET], "orders"))


class TestFindings(unittest.TestCase):
    """One test for each way to be wrong."""

    def test_an_image_as_it_should_be(self) -> None:
        self.assertEqual(look(image()), "")

    def test_root(self) -> None:
        self.assertIn("not as 10001:10001", look(image(user="")))

    def test_what_does_not_belong(self) -> None:
        for path in ("app/.env", "app/dev.agekey", "app/src/secret/token", "app/k8s/x.yaml"):
            self.assertIn(f"{path} does not belong", look(image(entry(path))))

    def test_a_secret_in_a_file(self) -> None:
        found = look(image(entry("app/src/x.py", data=b"key = " + SECRET.encode())))
        self.assertIn("app/src/x.py holds a secret", found)

    def test_a_secret_in_the_configuration(self) -> None:
        self.assertIn("history holds a secret", look(image(text=f'{{"Env": ["A={SECRET}"]}}')))

    def test_code_that_its_user_may_change(self) -> None:
        self.assertIn("belongs to 10001", look(image(entry("app/src/x.py", uid=10001))))
        self.assertIn("has mode 666", look(image(entry("app/src/x.py", mode=0o666))))

    def test_settings_of_the_machine(self) -> None:
        found = look(image(entry("etc/pip.conf", data=b"[global]")))
        self.assertIn("settings of the machine", found)

    def test_packages_above_the_source(self) -> None:
        wrong = image()
        wrong.layers.reverse()
        self.assertIn("installs all anew", look(wrong))


if __name__ == "__main__":
    unittest.main()
