import { render } from "preact";
import { startLive } from "./data/live.ts";
import { Page } from "./page.tsx";
import { followLinks, navigate } from "./parts/router.ts";
import "./styles/base.css";
import "./styles/fields.css";
import "./styles/tables.css";
import "./styles/tones.css";
import "./styles/parts.css";
import "./styles/areas.css";
import "./styles/timeline.css";
import "./styles/events.css";
import "./styles/small.css";

if (location.pathname === "/") navigate("/sessions", "replace");
followLinks();
void startLive();
const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
