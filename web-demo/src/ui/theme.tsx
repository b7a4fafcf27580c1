import { useState } from "react";
import { Icon, type IconName } from "./icons";

type Theme = "light" | "dark" | "system";
const THEMES: readonly [Theme, string, IconName][] = [
  ["light", "Light", "sun"],
  ["system", "As the system", "half"],
  ["dark", "Dark", "moon"],
];

function chosen(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosen);
  const choose = (next: Theme) => {
    setTheme(next);
    if (next === "system") {
      delete document.documentElement.dataset["theme"];
      localStorage.removeItem("theme");
    } else {
      document.documentElement.dataset["theme"] = next;
      localStorage.setItem("theme", next);
    }
  };
  return (
    <fieldset className="theme">
      <legend className="unseen">Theme</legend>
      {THEMES.map(([value, label, icon]) => (
        <button
          key={value}
          type="button"
          title={label}
          aria-label={label}
          aria-pressed={theme === value}
          onClick={() => choose(value)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </fieldset>
  );
}
