import { useRef, useState } from "react";
import { AnswerTicket, Announce, CreateTicket, MyTickets } from "../documents";
import { useRipples } from "../ripples";
import type { Session } from "../session";
import { Button } from "../ui/parts";
import type { Seat } from "./SideBySide";

const TITLES = ["The lift is stuck", "The coffee machine leaks", "The screen stays black", "The door is locked"];
const TIDINGS = ["Coffee is ready.", "The lift works again.", "The office closes at four."];

type Sessions = Readonly<Partial<Record<Seat, Session>>>;

/** One click for each way in which something arrives: a refresh, an event for one, an event for all. */
export function Deeds({ sessions, third }: { sessions: Sessions; third: boolean }) {
  const turn = useRef(0);
  const { did } = useRipples();
  const [problem, setProblem] = useState("");
  const perform = async (deed: (turn: number) => Promise<unknown>) => {
    turn.current += 1;
    setProblem("");
    try {
      await deed(turn.current);
    } catch (reason) {
      setProblem(reason instanceof Error ? reason.message : "That could not be done.");
    }
  };
  const { ada, sam, kim } = sessions;
  return (
    <div className="deeds" role="group" aria-label="Try it">
      <Button
        disabled={ada === undefined}
        onClick={() =>
          void perform(async (turn) => {
            did("Ada", "filed a ticket");
            const title = TITLES[turn % TITLES.length] ?? "";
            await ada?.connection.request(CreateTicket, { title, description: "Filed by one click." });
          })
        }
      >
        Ada files a ticket
      </Button>
      <Button
        disabled={ada === undefined || sam === undefined}
        onClick={() =>
          void perform(async () => {
            const newest = (await ada?.connection.request(MyTickets, { first: 1 }))?.myTickets[0];
            if (newest === undefined) throw new Error("Ada has no ticket to answer.");
            did("Sam", "answered a ticket");
            await sam?.connection.request(AnswerTicket, { id: newest.id, text: "We are on our way.", status: "InProgress" });
          })
        }
      >
        Sam answers it
      </Button>
      {third && (
        <Button
          disabled={kim === undefined}
          onClick={() =>
            void perform(async (turn) => {
              did("Kim", "told everybody");
              await kim?.connection.request(Announce, { text: TIDINGS[turn % TIDINGS.length] ?? "" });
            })
          }
        >
          Kim tells everybody
        </Button>
      )}
      <span className="deeds-problem" role="alert">
        {problem}
      </span>
    </div>
  );
}
