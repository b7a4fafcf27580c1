import { useCallback, useState } from "react";
import { type Change, GatewayError } from "tidegate-client";
import { useTidegate } from "tidegate-client/react";
import { CombinedError, useClient } from "urql";
import type { TypedDocumentString } from "../build/gql/graphql";
import { useDoing } from "./ripples";
import { useNotices } from "./desk/notices";

/** A mutation by urql over HTTP that is shown before it is done. If it fails what was shown is taken back, and the user
 * is told by a toast, or by `refused`. `what` is what they hear, and `did` what others do: "The status", "moved a ticket".
 * Gives the result, or undefined. */
export function useWrite<Result, Variables extends Record<string, unknown>>(
  what: string,
  did: string,
  document: TypedDocumentString<Result, Variables>,
  refused?: (sentence: string) => void,
): [run: (variables: Variables, changes?: readonly Change<Result>[]) => Promise<Result | undefined>, busy: boolean] {
  const client = useClient();
  const connection = useTidegate();
  const { say } = useNotices();
  const doing = useDoing();
  const [busy, setBusy] = useState(0);
  const run = useCallback(
    async (variables: Variables, changes: readonly Change<Result>[] = []) => {
      doing(did);
      setBusy((count) => count + 1);
      try {
        return await connection.optimistic(async () => {
          const { data, error } = await client.mutation<Result>(document.toString(), variables).toPromise();
          if (error !== undefined) throw error;
          if (data === undefined) throw new GatewayError("There is no data.", "INTERNAL");
          return data;
        }, changes);
      } catch (reason) {
        if (refused !== undefined) refused(sentence(reason));
        else say({ kind: "error", title: `${what} could not be saved`, text: sentence(reason) });
        return undefined;
      } finally {
        setBusy((count) => count - 1);
      }
    },
    [client, connection, did, document, doing, refused, say, what],
  );
  return [run, busy > 0];
}

function sentence(reason: unknown): string {
  if (reason instanceof CombinedError) {
    return reason.graphQLErrors[0]?.message ?? "The gateway cannot be reached, and nothing was changed.";
  }
  return reason instanceof Error ? reason.message : "The gateway gave no reason.";
}
