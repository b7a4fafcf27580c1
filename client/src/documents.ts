/** A document with its types: a `TypedDocumentString` of graphql-codegen's client preset, or plain text. */
export interface Typed<Result, Variables> {
  toString(): string;
  __apiType?: ((variables: Variables) => Result) | undefined;
}

export type Document<Result, Variables> = Typed<Result, Variables> | string;

// Comments and strings are stepped over, so that `query` in one of them is nobody's keyword.
const TOKEN = /#[^\n]*|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|[{}]|\b(?:query|mutation|subscription|fragment)\b/g;

/** The query as a subscription: the gateway has one of the same name for each. */
export function asSubscription(document: Document<unknown, never>): string {
  const text = document.toString();
  let depth = 0;
  let inFragment = false;
  for (const found of text.matchAll(TOKEN)) {
    const [token] = found;
    if (token === "{" && depth === 0 && !inFragment) {
      return `${text.slice(0, found.index)}subscription ${text.slice(found.index)}`;
    }
    if (token === "{") depth += 1;
    else if (token === "}") {
      depth -= 1;
      if (depth === 0) inFragment = false;
    } else if (depth === 0 && token === "fragment") inFragment = true;
    else if (depth === 0 && token === "subscription") return text;
    else if (depth === 0 && token === "query") {
      return `${text.slice(0, found.index)}subscription${text.slice(found.index + token.length)}`;
    } else if (depth === 0 && token === "mutation") throw new TypeError("A mutation cannot be watched.");
  }
  throw new TypeError("There is no query in this document.");
}

export function isSubscription(text: string): boolean {
  try {
    return asSubscription(text) === text;
  } catch {
    return false;
  }
}

/** The same text for the same values, in whatever order they were given. What is undefined was not given. */
export function stableKey(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
