import { type ReactNode, useEffect, useState } from "react";
import { Desk } from "./desk/Desk";
import { BrowserRoute, useRoute } from "./router";
import { keep, kept, type Session } from "./session";
import { SideBySide } from "./side/SideBySide";
import { SignIn } from "./SignIn";
import { Mark } from "./ui/icons";

export function App() {
  return (
    <BrowserRoute>
      <Pages />
    </BrowserRoute>
  );
}

function Pages() {
  const { path } = useRoute();
  return path === "/side-by-side" ? <SideBySide /> : <Own />;
}

/** This tab's user. */
function Own() {
  const [session, setSession] = useState<Session | "unknown" | "unreached" | undefined>("unknown");
  const { go } = useRoute();
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () =>
      kept().then(
        (found) => (gone ? found?.connection.close() : setSession(found)),
        // Whoever was signed in still is, once the gateway is there.
        () => {
          if (gone) return;
          setSession("unreached");
          timer = setTimeout(() => void open(), 2000);
        },
      );
    void open();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  if (session === "unknown" || session === "unreached") {
    return <Opening>{session === "unreached" && <p>The gateway cannot be reached. Trying again.</p>}</Opening>;
  }
  if (session === undefined) {
    return (
      <SignIn
        onSignedIn={(next) => {
          keep(next);
          setSession(next);
        }}
      />
    );
  }
  const leave = () => {
    session.connection.close();
    keep(undefined);
    setSession(undefined);
    go("/");
  };
  return <Desk session={session} onSignOut={leave} />;
}

function Opening({ children }: { children: ReactNode }) {
  return (
    <main className="opening">
      <div role="status" aria-label="Opening">
        <Mark size={44} />
        {children}
      </div>
    </main>
  );
}
