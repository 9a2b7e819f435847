// How wide a cell is: as the room allows, or as a person has chosen; and how many stand in a line that wraps. Pure.
// The sheet does the rest (grid.css).

/** The widths on offer, in pixels; else the cells share the room there is. */
export const SIZES = [160, 240, 320, 400, 480] as const;

/** As the page keeps it: empty for what the room allows. */
export const SIZE_NAME = "cell-size";

export const SIZE_OPTIONS: readonly (readonly [value: string, text: string])[] = [
  ["", "to fit"],
  ...SIZES.map((size): [string, string] => [String(size), `${size} px`]),
];

/** A size that is on offer, from whatever the browser has kept. */
export function sizeOf(kept: string): string {
  return SIZE_OPTIONS.some(([value]) => value === kept) ? kept : "";
}

/** The next larger or smaller size than a cell of this width has; at the end the last one. */
export function nextSize(width: number, larger: boolean): string {
  // A pixel is no difference that one sees.
  const beyond = SIZES.filter((size) => (larger ? size > width + 1 : size < width - 1));
  return String(beyond.at(larger ? 0 : -1) ?? SIZES.at(larger ? -1 : 0));
}

/** The most cells in a line for which the sheet has a width. */
const MOST_IN_LINE = 7;

/**
 * How many of `count` cells stand in one line where at most `most` have room, so that all lines are about as full:
 * six are two lines of three and not five and one.
 */
export function perLine(count: number, most: number): number {
  if (count < 1) return 1;
  return Math.ceil(count / Math.ceil(count / most));
}

/** `perLine` for each number that may have room, as the properties from which the sheet picks by width. */
export function lineStyles(count: number): Record<string, number> {
  const styles: Record<string, number> = {};
  for (let most = 2; most <= MOST_IN_LINE; most++) styles[`--veo-line-${most}`] = perLine(count, most);
  return styles;
}
