import { useEffect, useState } from "react";
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
  const [session, setSession] = useState<Session | "unknown" | undefined>("unknown");
  const { go } = useRoute();
  useEffect(() => {
    let gone = false;
    void kept().then((found) => (gone ? found?.connection.close() : setSession(found)));
    return () => {
      gone = true;
    };
  }, []);
  if (session === "unknown") {
    return (
      <div className="opening" role="status" aria-label="Opening">
        <Mark size={44} />
      </div>
    );
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
