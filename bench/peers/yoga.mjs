// graphql-yoga with graphql-ws on ws and its own pubsub, as its documentation sets them up.
import { createServer } from "node:http";
import { useServer } from "graphql-ws/use/ws";
import { createPubSub, createSchema, createYoga } from "graphql-yoga";
import pg from "pg";
import { WebSocketServer } from "ws";

const pool = new pg.Pool({ max: 10, connectionString: process.env.DATABASE_URL });
const pubSub = createPubSub();
const list = "select id, title, status, email, priority from tickets order by id limit $1";
const change = "update tickets set title = $2 where id = $1 returning id, title, status, email, priority";

async function tickets(limit) {
  return (await pool.query({ name: "tickets", text: list, values: [limit] })).rows;
}

async function update(id, title) {
  return (await pool.query({ name: "update", text: change, values: [id, title] })).rows[0];
}

const schema = createSchema({
  typeDefs: `
    type Ticket { id: Int! title: String! status: String! email: String! priority: Int }
    type Query { tickets(limit: Int = 20): [Ticket!]! }
    type Mutation { rename(id: Int!, title: String!): Ticket! renameOnBoard(id: Int!, title: String!): Ticket! }
    type Subscription { board: [Ticket!]! ticket(id: Int!): Ticket }
  `,
  resolvers: {
    Query: { tickets: (_, { limit }) => tickets(limit) },
    Mutation: {
      rename: async (_, { id, title }) => {
        const ticket = await update(id, title);
        pubSub.publish("ticket", id, ticket);
        return ticket;
      },
      renameOnBoard: async (_, { id, title }) => {
        const ticket = await update(id, title);
        pubSub.publish("board", await tickets(40));
        return ticket;
      },
    },
    Subscription: {
      board: { subscribe: () => pubSub.subscribe("board"), resolve: (payload) => payload },
      ticket: { subscribe: (_, { id }) => pubSub.subscribe("ticket", id), resolve: (payload) => payload },
    },
  },
});
const yoga = createYoga({ schema, graphiql: false, logging: false });
const server = createServer(yoga);
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });
useServer(
  {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length ? errors : args;
    },
  },
  sockets,
);
server.listen(Number(process.env.PORT), "127.0.0.1");
