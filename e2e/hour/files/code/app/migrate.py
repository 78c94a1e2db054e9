"""The table of orders."""

import psycopg2
from src.deps import database

if __name__ == "__main__":
    with psycopg2.connect(database("orders").url()) as connection, connection.cursor() as rows:
        rows.execute("CREATE TABLE IF NOT EXISTS app.orders (name text NOT NULL)")
