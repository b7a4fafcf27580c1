import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./parts";

interface DialogProps {
  readonly title: string;
  readonly intro?: string;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly busy?: boolean;
  /** Why it did not work the last time. */
  readonly problem?: string | undefined;
  readonly children?: ReactNode;
  onClose(): void;
  onConfirm(form: FormData): void;
}

/** The browser's own modal dialog: it keeps the focus inside, Escape closes it, and the focus goes back. */
export function Dialog({ title, intro, confirm, danger = false, busy = false, problem, children, onClose, onConfirm }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const pressed = useRef<EventTarget>(null);
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    shown?.querySelector<HTMLElement>("input, textarea, select")?.focus();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onConfirm(new FormData(event.currentTarget));
  };
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => (pressed.current = event.target)}
      onClick={(event) => {
        // A click beside it closes it, but not where words were selected and the pointer was let go outside.
        if (event.target === dialog.current && pressed.current === dialog.current) onClose();
      }}
    >
      <form onSubmit={submit}>
        <header>
          <h2 id={heading}>{title}</h2>
          <Button look="quiet" icon="close" aria-label="Close" onClick={onClose} />
        </header>
        {intro !== undefined && <p className="intro">{intro}</p>}
        {children}
        {problem !== undefined && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={danger ? "danger" : "main"} busy={busy}>
            {confirm}
          </Button>
        </footer>
      </form>
    </dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: (id: string, hintId: string | undefined) => ReactNode;
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id, hint === undefined ? undefined : `${id}-hint`)}
      {hint !== undefined && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}
