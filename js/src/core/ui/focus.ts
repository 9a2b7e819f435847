// The keyboard's focus: into a view with Tab, out with Escape.

import { useLayoutEffect } from "preact/hooks";

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

/** Whether nothing in the page, or in the shadow around an element, has the keyboard's focus. */
export function hasNoFocus(element: Element | null): boolean {
  const { activeElement } = (element?.getRootNode() ?? document) as Document | ShadowRoot;
  return activeElement === null || activeElement === document.body;
}

/** When what had the focus in a box goes, what `next` finds gets it. */
export function useKeptFocus(
  box: { readonly current: Element | null },
  next: (box: Element) => HTMLElement | null | undefined,
): void {
  // Before what goes is taken away: a browser does not say that its focus went with it.
  const held = box.current?.querySelector(":focus") != null;
  useLayoutEffect(() => {
    if (held && box.current && hasNoFocus(box.current)) next(box.current)?.focus({ preventScroll: true });
  });
}

export function leaveOnEscape(event: KeyboardEvent): void {
  if (event.key === "Escape" && !event.defaultPrevented) returnFocus(event.target as HTMLElement);
}

/** Gives the focus back to the notebook's cell, where the notebook's own keys work again. */
export function returnFocus(from: HTMLElement): void {
  from.blur();
  from.closest<HTMLElement>(".jp-Cell")?.focus({ preventScroll: true });
}

/** When a view goes with the focus in it, as a card does that becomes its video, gives it to the notebook's cell. */
export function passFocusOn(el: HTMLElement, signal: AbortSignal): void {
  let held: EventTarget | null = null;
  let cell: HTMLElement | null = null;
  el.addEventListener("focusin", (event) => {
    held = event.target;
    cell = el.closest(".jp-Cell");
  });
  el.addEventListener("focusout", (event) => {
    // Taken out of the page, it loses the focus without this event, or to nothing.
    if (event.relatedTarget !== null) held = null;
  });
  signal.addEventListener("abort", () => {
    if (held !== null && (held === document.activeElement || hasNoFocus(null))) {
      cell?.focus({ preventScroll: true });
    }
  });
}
