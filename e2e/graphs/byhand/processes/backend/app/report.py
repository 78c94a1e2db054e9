"""Count: `python -m app.report`."""

from src import deps

if __name__ == "__main__":
    with deps.database("orders").opened() as database, database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM app.migrated")
        print(cursor.fetchone())
