// Mercurius with its JIT on, and one prepared statement.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({ max: 10, connectionString: process.env.DATABASE_URL });
const schema = `
  type Ticket { id: Int! title: String! status: String! email: String! priority: Int }
  type Query { tickets(limit: Int = 20): [Ticket!]! }
`;
const text = "select id, title, status, email, priority from tickets order by id limit $1";
const resolvers = {
  Query: {
    tickets: async (_, { limit }) => (await pool.query({ name: "tickets", text, values: [limit] })).rows,
  },
};
const app = Fastify();
app.register(mercurius, { schema, resolvers, jit: 1, path: "/graphql" });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
