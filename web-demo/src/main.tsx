import { createRoot } from "react-dom/client";
import { App } from "./App";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/bar.css";
import "./style/notices.css";
import "./style/ticket.css";
import "./style/desk.css";
import "./style/pages.css";
import "./style/side.css";
import "./style/contrast.css";

const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App />);
