// One clock for many videos. Pure: times go in, what to do with a video comes out.

/** Drift that nobody sees; correcting it would only make the rate flutter. */
export const CLOSE = 0.02;
/** A video that is further ahead stands still until the clock has come: that is exact, and costs nothing. */
export const AHEAD = 0.06;
/** Beyond this a change of rate would take too long. */
export const FAR = 0.6;
/** How far the clock may be before a video that can't keep up. */
export const LEAD = 0.04;
/** How much faster or slower a video may run to catch up. */
const MOST = 0.3;
/** Share of the drift that is made good in a second. */
const GAIN = 2;

/** Where the clock stands: at `at` (milliseconds of the page) it was at `position` (seconds of the clips). */
export interface Transport {
  playing: boolean;
  position: number;
  at: number;
  speed: number;
  loop: boolean;
  /** Of the longest clip; 0 before any is known. */
  duration: number;
}

export const AT_START: Transport = { playing: false, position: 0, at: 0, speed: 1, loop: true, duration: 0 };

/** The clock's position at this moment. */
export function positionAt(transport: Transport, now: number): number {
  const { playing, position, at, speed, loop, duration } = transport;
  if (!playing) return position;
  const gone = position + ((now - at) / 1000) * speed;
  if (duration <= 0) return Math.max(0, gone);
  return loop ? modulo(gone, duration) : Math.min(Math.max(0, gone), duration);
}

/** Whether a clock that does not loop has come to the end. */
export function isOver(transport: Transport, now: number): boolean {
  const { playing, loop, duration } = transport;
  return playing && !loop && duration > 0 && positionAt(transport, now) >= duration;
}

/** The transport with some of it changed at this moment, going on from where it is. */
export function change(transport: Transport, now: number, changes: Partial<Transport>): Transport {
  return { ...transport, position: positionAt(transport, now), at: now, ...changes };
}

/** The transport moved to a position, which stays within the clips. */
export function moveTo(transport: Transport, now: number, position: number): Transport {
  const { duration } = transport;
  const inside = duration > 0 ? Math.min(Math.max(0, position), duration) : Math.max(0, position);
  return change(transport, now, { position: inside });
}

/** The middle of the frame that is `count` frames away: a seek to a frame's edge shows the one or the other. */
export function stepFrames(position: number, count: number, fps: number, duration: number): number {
  const last = Math.max(0, Math.ceil(duration * fps - 0.01) - 1);
  const frame = Math.floor(position * fps + 0.001) + count;
  return (Math.min(Math.max(0, frame), last) + 0.5) / fps;
}

type Correction = { kind: "rate"; rate: number } | { kind: "seek"; to: number } | { kind: "wait" };

/** A video as it is at this moment. */
export interface Seen {
  time: number;
  duration: number;
}

/** How far a video is behind the clock, in seconds; ahead of it less than 0. Undefined past its own end. */
export function drift(transport: Transport, now: number, video: Seen): number | undefined {
  const target = positionAt(transport, now);
  const { duration, loop } = transport;
  if (video.duration > 0 && target >= video.duration && video.duration < duration) return undefined;
  const behind = target - video.time;
  // Round the loop's end the short way: 0.1 s is near 7.9 s.
  if (loop && duration > 0 && Math.abs(behind) > duration / 2) return behind - Math.sign(behind) * duration;
  return behind;
}

/**
 * How a playing video gets to where the clock is: at a slightly other rate when it is near, by a seek when it is
 * far; one that is ahead, or shorter than the others and at its end, waits for the clock.
 */
export function correct(transport: Transport, now: number, video: Seen & { waits: boolean }): Correction {
  const behind = drift(transport, now, video);
  const { speed } = transport;
  if (behind === undefined) return { kind: "wait" };
  if (Math.abs(behind) > FAR) return { kind: "seek", to: positionAt(transport, now) };
  // Having stopped for the clock, it does not start before the clock is there.
  if (behind < (video.waits ? 0 : -AHEAD)) return { kind: "wait" };
  if (Math.abs(behind) <= CLOSE) return { kind: "rate", rate: speed };
  return { kind: "rate", rate: speed * (1 + Math.min(MOST, Math.max(-MOST, behind * GAIN))) };
}

/**
 * The clock set back to the slowest of these videos, where a page can't play so many at their speed: slower, but
 * in step. Those that are far away do not count, they are fetched.
 */
export function yieldTo(transport: Transport, now: number, videos: readonly Seen[]): Transport {
  const behind = videos.map((video) => drift(transport, now, video) ?? 0).filter((one) => one <= FAR);
  const worst = Math.max(0, ...behind) - LEAD;
  if (worst <= 0) return transport;
  const position = positionAt(transport, now) - worst;
  const { loop, duration } = transport;
  return change(transport, now, {
    position: loop && duration > 0 ? modulo(position, duration) : Math.max(0, position),
  });
}

/** `0:03.2`: tenths, since a clip has only a few seconds. */
export function formatPosition(seconds: number): string {
  const tenths = Math.floor(Math.max(0, seconds) * 10 + 0.001);
  const [minutes, rest] = [Math.floor(tenths / 600), tenths % 600];
  return `${minutes}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
