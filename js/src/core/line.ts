// The live line and its times as text.

import { type Left, type Part, SAME, SOON, UP_TO, WITHIN } from "../protocol.gen";

/** The live line as text, at this moment (seconds since 1970). Python's `format_line` says the same. */
export function formatLine(parts: readonly Part[], now: number): string {
  return parts
    .map((part) => formatPart(part, now))
    .filter((text) => text !== "")
    .join(" · ");
}

/**
 * The live line for the ear: without the stopwatch, and its times in steps that a person counts in. A reader may say it
 * again whenever it has changed.
 */
export function spokenLine(parts: readonly Part[], now: number): string {
  const steady = (part: Part): Part => {
    if (typeof part === "string" || part.clock === "left") return part;
    const gone = part.clock === "since";
    const seconds = formatLeft(coarse(gone ? now - part.at : part.at - now, gone ? Math.floor : Math.ceil));
    if (gone) return part.text?.replace("{}", seconds) ?? "";
    return part.at > now ? part.text.replace("{}", seconds) : part.past;
  };
  return formatLine(parts.map(steady), now);
}

function formatPart(part: Part, now: number): string {
  if (typeof part === "string") return part;
  if (part.clock === "since") return (part.text ?? "{}").replace("{}", formatElapsed(now - part.at));
  if (part.clock === "left") return formatRest(part, now);
  return part.at > now ? part.text.replace("{}", formatLeft(part.at - now)) : part.past;
}

/** `about 40 s left`, `40 to 90 s left`, `up to 2 min left`: it is less as time passes, and never nothing. */
function formatRest({ at, usual, slope }: Left, now: number): string {
  const elapsed = Math.max(0, now - at);
  const gone = (elapsed / usual) ** slope;
  const rest = (left: number) => usual * ((1 + gone) / left - 1) ** (1 / slope) - elapsed;
  const [low, high] = [rest(0.9) * WITHIN, rest(0.1) / WITHIN];
  return gone > 9 ? `longer than 9 of 10 · ${formatRange(low, high)} left` : `${formatRange(low, high)} left`;
}

function formatRange(low: number, high: number): string {
  if (high <= low * SAME) return `about ${formatLeft(coarse(Math.sqrt(Math.max(0, low * high)), Math.ceil))}`;
  const [least, most] = [coarse(low, Math.floor), coarse(high, Math.ceil)];
  const [few, many] = [formatLeft(least), formatLeft(most)];
  if (low < SOON || least * UP_TO < most) return `up to ${many}`;
  if (few === many) return `about ${many}`;
  const minutes = many.endsWith(" min") && least >= 60 && most < 3600;
  const [count = "", unit] = (minutes ? `${Math.floor(least / 60)} min` : few).split(/ (.*)/);
  return `${many.split(/ (.*)/)[1] === unit ? count : few} to ${many}`;
}

/** In steps that a person counts in, so that it does not change with every second. */
function coarse(seconds: number, toWhole: (steps: number) => number): number {
  const step = seconds < 30 ? 5 : seconds < 90 ? 10 : 60;
  return Math.max(SOON, toWhole(seconds / step) * step);
}

/** `0:42`, `12:05`, `1:02:03`. */
function formatElapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(s).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/** `12 s`, `40 s`, `3 min`, `1 h 5 min`. Coarser when it is long, since nobody knows it that well. */
function formatLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole <= 20) return `${whole} s`;
  if (whole <= 90) return `${Math.ceil(whole / 5) * 5} s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
