// Pieces that are put together, and which moment of the whole lies in which of them. Pure.

import type { Item, Piece } from "../../../protocol.gen";

/** Seconds that at least stay of a piece. */
export const LEAST = 0.1;

export interface JoinPart {
  /** Its own, since a clip may come twice. */
  id: string;
  item: Item;
  start: number;
  end: number;
}

export function wholeOf(item: Item, id: string): JoinPart {
  return { id, item, start: 0, end: item.duration };
}

export function lengthOf({ start, end }: JoinPart): number {
  return Math.max(0, end - start);
}

export function totalOf(parts: readonly JoinPart[]): number {
  return parts.reduce((sum, part) => sum + lengthOf(part), 0);
}

/** With another start or end, which stays within the clip and leaves something of it. */
export function trim(part: JoinPart, changes: { start: number } | { end: number }): JoinPart {
  const { duration } = part.item;
  if ("start" in changes) return { ...part, start: within(changes.start, 0, part.end - LEAST) };
  return { ...part, end: within(changes.end, part.start + LEAST, duration) };
}

/** With the part at `from` at the place `to`; those between them move up. */
export function move(parts: readonly JoinPart[], from: number, to: number): JoinPart[] {
  const moved = parts[from];
  if (moved === undefined) return [...parts];
  const others = parts.filter((_, place) => place !== from);
  return [...others.slice(0, to), moved, ...others.slice(Math.max(0, to))];
}

/** When a part begins in the whole. */
export function offsetOf(parts: readonly JoinPart[], index: number): number {
  return totalOf(parts.slice(0, index));
}

/** Which part is on at a moment of the whole, and which second of its clip that is. */
export function find(parts: readonly JoinPart[], position: number): { index: number; seconds: number } {
  let rest = Math.max(0, position);
  for (const [index, part] of parts.entries()) {
    const length = lengthOf(part);
    if (rest < length) return { index, seconds: part.start + rest };
    rest -= length;
  }
  const last = parts.at(-1);
  return { index: Math.max(0, parts.length - 1), seconds: last?.end ?? 0 };
}

/** As the kernel gets them. A clip's own end is left out: the file knows it better. */
export function toPiece({ item, start, end }: JoinPart): Piece {
  return { clip: item.key, start, end: end >= item.duration ? null : end };
}

function within(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), Math.max(least, most)) * 1000) / 1000;
}
