// The keyboard's focus: into a view with Tab, out with Escape.

export function leaveOnEscape(event: KeyboardEvent): void {
  if (event.key === "Escape" && !event.defaultPrevented) returnFocus(event.target as HTMLElement);
}

/** Gives the focus back to the notebook's cell, where the notebook's own keys work again. */
export function returnFocus(from: HTMLElement): void {
  from.blur();
  from.closest<HTMLElement>(".jp-Cell")?.focus({ preventScroll: true });
}
