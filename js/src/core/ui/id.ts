// Ids that no other element of the page has: a notebook has many views, each with this module of its own. Preact's
// begin again with each root, and with each time that a root is drawn.

import { useState } from "preact/hooks";

const prefix = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join("");
let count = 0;

export function useId(): string {
  return useState(() => `veo-${prefix}-${++count}`)[0];
}
