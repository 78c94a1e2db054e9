"""Tell others: `python -m app.feed`."""

from http.server import BaseHTTPRequestHandler, HTTPServer

if __name__ == "__main__":
    HTTPServer(("", 9000), BaseHTTPRequestHandler).serve_forever()
