// Where each tile stands. Every tile has the same size, so that thousands need no measuring. By hand: TanStack Virtual,
// which measures, would add 9.8 kB to the panel's 47 (gzipped) in place of `rangeOf` and `scrollTo`.

export const GAP = 12;
/** A tile is at least so wide; where there is much room, wider, up to the second. */
const LEAST = [156, 230] as const;
/** The share of the width that a tile should have where there is room. */
const SHARE = 2 / 11;
/** What stands under the picture. */
export const FOOT = 48;
/** Rows above and below the screen that are drawn already. */
const SPARE_ROWS = 1;

interface Layout {
  count: number;
  columns: number;
  /** Places left empty before the first tile, so that others stay where they are when some come before them. */
  lead: number;
  width: number;
  /** Of a tile's picture. */
  picture: number;
  /** From one row's top to the next one's. */
  pitch: number;
  /** Of all rows. */
  height: number;
}

export function layoutOf(width: number, count: number, lead = 0): Layout {
  const least = Math.min(LEAST[1], Math.max(LEAST[0], width * SHARE));
  const columns = Math.max(2, Math.floor((width + GAP) / (least + GAP)));
  const tile = Math.max(1, Math.floor((width - GAP * (columns - 1)) / columns));
  const picture = Math.round((tile * 9) / 16);
  const pitch = picture + FOOT + GAP;
  const rows = Math.ceil((count + lead) / columns);
  return { count, columns, lead, width: tile, picture, pitch, height: Math.max(0, rows * pitch - GAP) };
}

/** The left and top of a tile. */
export function placeOf(layout: Layout, index: number): { x: number; y: number } {
  const cell = index + layout.lead;
  return {
    x: (cell % layout.columns) * (layout.width + GAP),
    y: Math.floor(cell / layout.columns) * layout.pitch,
  };
}

/** The tiles that are drawn: those on screen and a row more at each end; the second is not among them. */
export function rangeOf(layout: Layout, top: number, height: number): [from: number, to: number] {
  const { columns, pitch, lead, count } = layout;
  const first = Math.floor(top / pitch) - SPARE_ROWS;
  const last = Math.ceil((top + height) / pitch) + SPARE_ROWS;
  const bound = (cell: number) => Math.min(count, Math.max(0, cell - lead));
  return [bound(first * columns), bound(last * columns)];
}

/** Where to scroll so that a tile is seen whole; where it is seen already, that is where it is. */
export function scrollTo(layout: Layout, index: number, top: number, height: number): number {
  const { y } = placeOf(layout, index);
  const bottom = y + layout.picture + FOOT;
  if (y < top) return y;
  return bottom > top + height ? bottom - height : top;
}

/** The tile to which a key leads; undefined for a key that leads nowhere. */
export function stepOf(layout: Layout, index: number, key: string, height: number): number | undefined {
  const { columns, count, pitch } = layout;
  const page = Math.max(1, Math.floor(height / pitch)) * columns;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -page,
    PageDown: page,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  if (step === undefined || count === 0) return undefined;
  const next = index + step;
  if (key.startsWith("Arrow") && (next < 0 || next >= count)) {
    // Down from the last row but one, where the last row is not full.
    const rowOf = (at: number) => Math.floor((at + layout.lead) / columns);
    return key === "ArrowDown" && rowOf(index) < rowOf(count - 1) ? count - 1 : index;
  }
  return Math.min(count - 1, Math.max(0, next));
}

/**
 * How many places must be left empty, and how far to scroll, so that a tile stays where it is on the screen though it
 * was number `was` and is number `is` now.
 */
export function stay(layout: Layout, was: number, is: number): { lead: number; scroll: number } {
  const { columns, pitch } = layout;
  const column = (was + layout.lead) % columns;
  const lead = (((column - is) % columns) + columns) % columns;
  const rowOf = (cell: number) => Math.floor(cell / columns);
  return { lead, scroll: (rowOf(is + lead) - rowOf(was + layout.lead)) * pitch };
}
