/** What a gateway says of a request that failed. `code` is stable, and UNREACHABLE where there was no answer; `message` is
 * for people. */
export class GatewayError extends Error {
  readonly code: string;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(message: string, code: string, extensions: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "GatewayError";
    this.code = code;
    this.extensions = extensions;
  }
}

/** Thrown by the function that gives tokens where nobody is signed in any more: nothing is tried again. */
export class SignedOut extends Error {
  constructor(message = "Nobody is signed in.") {
    super(message);
    this.name = "SignedOut";
  }
}

/** Whether the error says that the caller may not see this: then nothing older is shown either. */
export function isRefusal(error: GatewayError): boolean {
  return error.code === "FORBIDDEN" || error.code === "UNAUTHENTICATED";
}

interface Written {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** The first error of a GraphQL response. */
export function firstError(errors: readonly Written[]): GatewayError {
  const [error] = errors;
  const code = error?.extensions?.["code"];
  return new GatewayError(
    error?.message ?? "The gateway gave no reason.",
    typeof code === "string" ? code : "INTERNAL",
    error?.extensions,
  );
}

/** Whatever a connection or a fetch ends with. What it says itself is for whoever looks for the reason. */
export function asError(reason: unknown): GatewayError {
  if (reason instanceof GatewayError) return reason;
  if (Array.isArray(reason)) return firstError(reason as Written[]);
  if (reason instanceof SignedOut) return new GatewayError(reason.message, "UNAUTHENTICATED", {}, reason);
  return new GatewayError("The gateway cannot be reached.", "UNREACHABLE", {}, reason);
}
