/** Whoever may sign in to the demonstration. The gateway has the hashes of these passwords; nothing of this is a
 * secret, and none of it is there outside of `tidegate serve --demo`. */
export interface Person {
  readonly user: string;
  readonly name: string;
  readonly password: string;
  readonly role: "customer" | "support" | "admin";
  readonly does: string;
}

export const PEOPLE: readonly Person[] = [
  { user: "ada", name: "Ada", password: "breakwater", role: "customer", does: "files tickets and sees her own" },
  { user: "grace", name: "Grace", password: "moonraker", role: "customer", does: "is from another company" },
  { user: "sam", name: "Sam", password: "harbourmaster", role: "support", does: "triages, answers, escalates" },
  { user: "kim", name: "Kim", password: "tidekeeper", role: "admin", does: "announces, deletes, watches" },
];
