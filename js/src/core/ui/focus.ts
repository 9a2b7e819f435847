// The keyboard's focus: into a view with Tab, out with Escape.

const OWN = "data-lm-suppress-shortcuts";

/**
 * What a view's outermost element has so that the notebook takes none of the keys that are pressed in it.
 *
 * Lab looks from the focused element upwards for whom a key is meant, and has keys that are meant for whatever is focused in
 * a notebook ("m" makes the cell Markdown, and its output is gone): the mark must be on that very element.
 */
export const ownKeys = {
  [OWN]: "true",
  onFocusIn: (event: FocusEvent) => (event.target as Element).setAttribute(OWN, "true"),
};

export function leaveOnEscape(event: KeyboardEvent): void {
  if (event.key === "Escape" && !event.defaultPrevented) returnFocus(event.target as HTMLElement);
}

/** Gives the focus back to the notebook's cell, where the notebook's own keys work again. */
export function returnFocus(from: HTMLElement): void {
  from.blur();
  from.closest<HTMLElement>(".jp-Cell")?.focus({ preventScroll: true });
}
