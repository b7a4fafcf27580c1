import { type FormEvent, useRef, useState } from "react";
import { PEOPLE, type Person } from "./people";
import { type Session, signIn } from "./session";
import { Mark } from "./ui/icons";
import { Button, Face } from "./ui/parts";
import { Field } from "./ui/Dialog";

export function SignIn({ onSignedIn }: { onSignedIn: (session: Session) => void }) {
  const [busy, setBusy] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const enter = async (user: string, word: string) => {
    setBusy(user);
    setProblem(undefined);
    try {
      onSignedIn(await signIn(user, word));
    } catch (reason) {
      setProblem(reason instanceof TypeError ? "The gateway cannot be reached." : (reason as Error).message);
      setBusy(undefined);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter(name.current?.value ?? "", password.current?.value ?? "");
  };
  return (
    <main className="door">
      <div className="door-inner">
        <section className="door-words">
          <p className="brand">
            <Mark size={34} />
            <span>Slipway</span>
          </p>
          <h1>A service desk that changes by itself.</h1>
          <p className="lead">
            File a ticket as Ada in one tab, and watch it arrive at Sam’s in another. Nobody reloads, nothing polls, and
            nobody sees a row that is not theirs.
          </p>
          <a className="button main big" href="/side-by-side">
            <span>See three people side by side</span>
          </a>
          <ul className="door-facts">
            <li>
              <b>Live</b> Every list is a query that pushes its fresh result after each write.
            </li>
            <li>
              <b>Safe</b> Roles and identity are put in on the server. There is no argument to tamper with.
            </li>
            <li>
              <b>Plain</b> The whole API is a folder of text files, <code>examples/servicedesk</code>, served by Tidegate.
            </li>
            <li>
              <b>Open</b> Look behind it: <a href="/console">the console</a> has each operation with its plan, and{" "}
              <a href="/graphql">GraphiQL</a> the API.
            </li>
          </ul>
        </section>
        <section className="door-card" aria-labelledby="door-heading">
          <h2 id="door-heading">Who are you today?</h2>
          <ul className="people">
            {PEOPLE.map((each) => (
              <li key={each.user}>
                <PersonButton person={each} busy={busy === each.user} onPick={() => void enter(each.user, each.password)} />
              </li>
            ))}
          </ul>
          <details>
            <summary>Sign in with name and password</summary>
            <form onSubmit={submit}>
              <Field label="Name">
                {(id) => <input id={id} ref={name} name="user" autoComplete="username" required defaultValue="ada" />}
              </Field>
              <Field label="Password" hint="Those of the demonstration stand beside the names above.">
                {(id, hint) => (
                  <input
                    id={id}
                    ref={password}
                    name="password"
                    type="password"
                    autoComplete="current-password"
                    required
                    aria-describedby={hint}
                  />
                )}
              </Field>
              <Button type="submit" look="main" busy={busy !== undefined}>
                Sign in
              </Button>
            </form>
          </details>
          <p className="problem" role="alert">
            {problem}
          </p>
          <p className="soft small">Each tab is somebody of its own: open a second one for a second person.</p>
        </section>
      </div>
    </main>
  );
}

function PersonButton({ person, busy, onPick }: { person: Person; busy: boolean; onPick: () => void }) {
  return (
    <button type="button" className="person" onClick={onPick} aria-busy={busy || undefined}>
      <Face name={person.name} size={40} />
      <span className="person-words">
        <span>
          <b>{person.name}</b> <span className={`role role-${person.role}`}>{person.role}</span>
        </span>
        <span className="soft">{person.does}</span>
      </span>
      <code>{person.password}</code>
    </button>
  );
}
