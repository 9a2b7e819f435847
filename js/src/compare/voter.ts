// The voter's name, asked once: the browser keeps it for the next comparison.

import { remember, remembered } from "../core/remember";

/** Letters that a name may have; the kernel takes no more. */
export const LONGEST = 60;

export function rememberedVoter(): string {
  return nameOf(remembered("voter"));
}

export function rememberVoter(name: string): void {
  remember("voter", name);
}

/** A name as it is kept: without blanks around it, and no longer than may be. */
export function nameOf(typed: string): string {
  return [...typed.trim().replace(/\s+/g, " ")].slice(0, LONGEST).join("").trim();
}
