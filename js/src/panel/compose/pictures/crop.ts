// The part of a picture that is kept, in shares of its width and height, always of one shape. Pure.

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A point of an area, in shares of it: 0, 0 is its upper left corner. */
export interface Anchor {
  x: 0 | 0.5 | 1;
  y: 0 | 0.5 | 1;
}

/** A smaller part would be stretched until nothing is left to see. */
export const SMALLEST = 0.1;
const CENTRE: Anchor = { x: 0.5, y: 0.5 };

/** The largest area of this shape (width by height) in the middle of a picture. */
export function largest(share: number, picture: { width: number; height: number }): Area {
  const relative = (share * picture.height) / picture.width;
  const [width, height] = relative >= 1 ? [1, 1 / relative] : [relative, 1];
  return { x: (1 - width) / 2, y: (1 - height) / 2, width, height };
}

/** The area moved, as far as the picture goes. */
export function moved(area: Area, right: number, down: number): Area {
  return {
    ...area,
    x: between(0, area.x + right, 1 - area.width),
    y: between(0, area.y + down, 1 - area.height),
  };
}

/** The area made so large, as a share of the largest one; the anchor stays where it is if the picture allows. */
export function sized(area: Area, full: Area, size: number, anchor: Anchor = CENTRE): Area {
  const at = { x: area.x + area.width * anchor.x, y: area.y + area.height * anchor.y };
  const most = Math.min(room(at.x, anchor.x) / full.width, room(at.y, anchor.y) / full.height);
  const share = between(SMALLEST, Math.min(size, most), 1);
  const [width, height] = [full.width * share, full.height * share];
  return moved({ x: at.x - width * anchor.x, y: at.y - height * anchor.y, width, height }, 0, 0);
}

/** How much of the picture lies before a corner that is held. The middle may give way. */
function room(at: number, anchor: number): number {
  return anchor === 0 ? 1 - at : anchor === 1 ? at : Number.POSITIVE_INFINITY;
}

function between(low: number, value: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
