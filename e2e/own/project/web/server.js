// The public page: how many items are on their way. It reads the database by itself.
import { createServer } from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 3 });
pool.on("error", (error) => console.error(`lost a connection: ${error.message}`));

const server = createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (request.url === "/healthz") return answer(200, { status: "ok" });
  try {
    if (request.url === "/api") {
      const page = await fetch(process.env.BACKEND_URL);
      return answer(200, { status: page.status, text: await page.text() });
    }
    const found = await pool.query("SELECT count(*)::int AS count FROM items WHERE status <> 'delivered'");
    answer(200, { travelling: found.rows[0].count });
  } catch (error) {
    console.error(error.message);
    answer(503, { error: "try again" });
  }
});

server.listen(Number(process.env.PORT ?? 3000));
process.on("SIGTERM", () => server.close(() => pool.end()));
