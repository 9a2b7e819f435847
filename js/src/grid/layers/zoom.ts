// Looking closer, the same for all panes: how much, and which part. Shares of a pane, so that sizes don't matter.

export interface Zoom {
  zoom: number;
  /** By how much of its width the picture is moved to the right, and of its height down. */
  x: number;
  y: number;
}

export const AT_REST: Zoom = { zoom: 1, x: 0, y: 0 };
export const MOST_ZOOM = 8;

interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The view zoomed so that what is under the pointer stays there. */
export function zoomAt(
  view: Zoom,
  factor: number,
  at: { clientX: number; clientY: number },
  frame: Frame,
): Zoom {
  const fx = (at.clientX - frame.left) / frame.width - 0.5;
  const fy = (at.clientY - frame.top) / frame.height - 0.5;
  const zoom = within(view.zoom * factor, 1, MOST_ZOOM);
  const change = zoom / view.zoom;
  return kept({ zoom, x: fx - (fx - view.x) * change, y: fy - (fy - view.y) * change });
}

/** The view zoomed in or out around its middle. */
export function zoomBy(view: Zoom, factor: number): Zoom {
  return zoomAt(view, factor, { clientX: 0.5, clientY: 0.5 }, { left: 0, top: 0, width: 1, height: 1 });
}

/** The view after a key. */
export function look(
  view: Zoom,
  key: { kind: "zoom"; by: number } | { kind: "pan"; x: number; y: number },
): Zoom {
  return key.kind === "zoom" ? zoomBy(view, key.by) : drag(view, key.x, key.y);
}

/** How large it is, for who does not see it. */
export function sizeText({ zoom }: Zoom): string {
  return `${Math.round(zoom * 100)} % of its size`;
}

export function drag(view: Zoom, dx: number, dy: number): Zoom {
  return kept({ ...view, x: view.x + dx, y: view.y + dy });
}

/** A mouse's wheel turns in steps of 100, a touchpad in hundreds of small ones. */
export function wheelFactor(delta: number): number {
  return 1.0015 ** -within(delta, -240, 240);
}

/** No edge of the picture comes inside its pane. */
function kept({ zoom, x, y }: Zoom): Zoom {
  const room = (zoom - 1) / 2;
  return { zoom, x: within(x, -room, room), y: within(y, -room, room) };
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value)) + 0; // + 0 makes -0 a 0
}
