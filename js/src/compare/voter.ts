// The voter's name, asked once: the browser keeps it for the next comparison.

const KEY = "veo_nb.voter";
/** Letters that a name may have; the kernel takes no more. */
export const LONGEST = 60;

export function rememberedVoter(): string {
  try {
    return nameOf(localStorage.getItem(KEY) ?? "");
  } catch {
    // A page that may keep nothing.
    return "";
  }
}

export function rememberVoter(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // It is asked again the next time.
  }
}

/** A name as it is kept: without blanks around it, and no longer than may be. */
export function nameOf(typed: string): string {
  return [...typed.trim().replace(/\s+/g, " ")].slice(0, LONGEST).join("").trim();
}
