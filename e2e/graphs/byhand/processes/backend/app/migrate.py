"""Make the table: `python -m app.migrate`."""

from src import deps

if __name__ == "__main__":
    with deps.database("orders").opened() as database, database.transaction() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS app.migrated (id integer PRIMARY KEY)")
