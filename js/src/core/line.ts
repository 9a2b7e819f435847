// The live line and its times as text.

import type { Part } from "../protocol.gen";

/** The live line as text, at this moment (seconds since 1970). Python's `format_line` says the same. */
export function formatLine(parts: readonly Part[], now: number): string {
  return parts
    .map((part) => formatPart(part, now))
    .filter((text) => text !== "")
    .join(" · ");
}

function formatPart(part: Part, now: number): string {
  if (typeof part === "string") return part;
  if (part.clock === "since") return (part.text ?? "{}").replace("{}", formatElapsed(now - part.at));
  return part.at > now ? part.text.replace("{}", formatLeft(part.at - now)) : part.past;
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
