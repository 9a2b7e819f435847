// Words that are only read out. They stand outside of the view that says them, which may be gone a moment later: a card
// becomes its video as soon as it is made, and what went with it nobody would hear.

const SPOKEN = "data-veo-spoken";
/** Milliseconds until a reader knows a place: what stands there from the first moment it does not read. */
export const KNOWN_MS = 100;
/** Milliseconds after which the words are gone, so that nobody who goes through the page comes upon them. */
export const KEPT_MS = 10_000;

/** Has this read out when the reader has finished what it is at. It reads nothing below a dialog, so it is said in the topmost. */
export function announce(text: string): void {
  const place = placeIn([...page().querySelectorAll("dialog.veo-dialog[open]")].at(-1) ?? document.body);
  const words = document.createElement("div");
  words.textContent = text;
  // A dialog may be closed by what is said in it.
  setTimeout(() => (place.isConnected ? place : placeIn(document.body)).append(words), KNOWN_MS);
  setTimeout(() => words.remove(), KNOWN_MS + KEPT_MS);
}

/** The page, or the shadow in it where the focus is: an open dialog holds that. */
function page(): Document | ShadowRoot {
  let within: Document | ShadowRoot = document;
  while (within.activeElement?.shadowRoot) within = within.activeElement.shadowRoot;
  return within;
}

function placeIn(host: Element): Element {
  return [...host.children].find((one) => one.hasAttribute(SPOKEN)) ?? host.appendChild(newPlace());
}

function newPlace(): HTMLElement {
  const place = document.createElement("div");
  place.setAttribute(SPOKEN, "");
  place.setAttribute("aria-live", "polite");
  // No style sheet of a view reaches it everywhere.
  place.style.cssText =
    "position:fixed;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";
  return place;
}
