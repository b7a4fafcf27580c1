import { Connection, SignedOut } from "tidegate-client";
import { Client, fetchExchange, subscriptionExchange } from "urql";

export interface User {
  readonly name: string;
  readonly role: "customer" | "support" | "admin";
  readonly email: string;
}

interface Given {
  readonly token: string;
  readonly expiresIn: number;
  readonly renewal: string;
  readonly user: User;
}

/** Somebody signed in: their connection, and urql on top of it. */
export interface Session {
  readonly user: User;
  readonly connection: Connection;
  readonly client: Client;
  readonly renewal: string;
}

/** What is shown to whoever tries to sign in. */
export class NotSignedIn extends Error {
  /** Nor will they be, however often they try. */
  readonly final: boolean;

  constructor(message: string, final = false) {
    super(message);
    this.final = final;
  }
}

async function ask(body: object): Promise<Given> {
  const response = await fetch("/demo/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.status === 404 || response.status === 405) {
    throw new NotSignedIn("This gateway was started without --demo, so nobody can sign in here.", true);
  }
  const answer = (await response.json()) as Given & { errors?: { message: string }[] };
  if (response.status === 401) throw new SignedOut(answer.errors?.[0]?.message);
  if (!response.ok) throw new NotSignedIn(answer.errors?.[0]?.message ?? "The gateway gave no reason.");
  return answer;
}

function begin(given: Given): Session {
  let first: Given | undefined = given;
  const connection = new Connection({
    token: async () => {
      const next = first ?? (await ask({ renewal: given.renewal }));
      first = undefined;
      return next;
    },
  });
  const client = new Client({
    url: "/graphql",
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: connection.forward({ query: query ?? "", variables }, sink as never),
          }),
        }),
      }),
    ],
    fetch: connection.fetch,
    preferGetMethod: false,
    requestPolicy: "network-only",
  });
  return { user: given.user, connection, client, renewal: given.renewal };
}

/** Throws `NotSignedIn` and `SignedOut`, whose messages are for people. */
export async function signIn(user: string, password: string): Promise<Session> {
  return begin(await ask({ user, password }));
}

const KEY = "session";

/** Each tab is somebody of its own, and stays so when it is loaded again. */
export function keep(session: Session | undefined): void {
  if (session === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, session.renewal);
}

/** Whoever this tab was. Throws where that cannot be found out now. */
export async function kept(): Promise<Session | undefined> {
  const renewal = sessionStorage.getItem(KEY);
  if (renewal === null) return undefined;
  try {
    return begin(await ask({ renewal }));
  } catch (reason) {
    const over = reason instanceof SignedOut || (reason instanceof NotSignedIn && reason.final);
    if (!over) throw reason;
    keep(undefined);
    return undefined;
  }
}
