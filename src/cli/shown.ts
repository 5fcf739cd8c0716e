/** Names and words as the command shows them in its tables and messages: by the module's own rule, so that both look alike. */
export { anyOf, quoted, shownLine, shownName, shownText } from "../core/quotation.ts";
