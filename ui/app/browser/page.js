// @ts-check
// What stands in every page before Streamlit's own scripts; ui/app/page_address.py writes it there.

import { watchConnection } from "./connection.js";
import { Notice } from "./notice.js";
import { readNumbers } from "./numbers.js";
import { enlarge } from "./projector.js";
import { survive } from "./translation.js";

const SECONDS = 8; // that a refusal can be read

enlarge(document.documentElement, location.search);
survive(document);
watchConnection(window);
const refusals = new Notice(document, "refusal");
readNumbers(document, (words) => refusals.say(words, 1000 * SECONDS));
