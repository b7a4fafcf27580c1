// Mercurius with its JIT on, prepared statements, and its own subscriptions and pubsub.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({ max: 10, connectionString: process.env.DATABASE_URL });
const schema = `
  type Ticket { id: Int! title: String! status: String! email: String! priority: Int }
  type Query { tickets(limit: Int = 20): [Ticket!]! }
  type Mutation { rename(id: Int!, title: String!): Ticket! renameOnBoard(id: Int!, title: String!): Ticket! }
  type Subscription { board: [Ticket!]! ticket(id: Int!): Ticket }
`;
const list = "select id, title, status, email, priority from tickets order by id limit $1";
const change = "update tickets set title = $2 where id = $1 returning id, title, status, email, priority";

async function tickets(limit) {
  return (await pool.query({ name: "tickets", text: list, values: [limit] })).rows;
}

async function update(id, title) {
  return (await pool.query({ name: "update", text: change, values: [id, title] })).rows[0];
}

const resolvers = {
  Query: { tickets: (_, { limit }) => tickets(limit) },
  Mutation: {
    rename: async (_, { id, title }, { pubsub }) => {
      const ticket = await update(id, title);
      await pubsub.publish({ topic: "TICKET", payload: { ticket } });
      return ticket;
    },
    renameOnBoard: async (_, { id, title }, { pubsub }) => {
      const ticket = await update(id, title);
      await pubsub.publish({ topic: "BOARD", payload: { board: await tickets(40) } });
      return ticket;
    },
  },
  Subscription: {
    board: { subscribe: (_, args, { pubsub }) => pubsub.subscribe("BOARD") },
    ticket: {
      subscribe: mercurius.withFilter(
        (_, args, { pubsub }) => pubsub.subscribe("TICKET"),
        (payload, { id }) => payload.ticket.id === id,
      ),
    },
  },
};
const app = Fastify();
app.register(mercurius, { schema, resolvers, jit: 1, path: "/graphql", subscription: true });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
