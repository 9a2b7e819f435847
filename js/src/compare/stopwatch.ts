// How long somebody looked at two clips: from when both play, without the time in which the page was hidden. Pure.

export class Stopwatch {
  private gone = 0;
  private since: number | undefined;
  private started = false;
  private hidden = false;

  /** Both play; only the first time counts. */
  start(now: number): void {
    if (this.started) return;
    this.started = true;
    if (!this.hidden) this.since = now;
  }

  /** The page is hidden, or seen again. */
  hide(hidden: boolean, now: number): void {
    if (hidden === this.hidden) return;
    this.hidden = hidden;
    if (!this.started) return;
    if (hidden) this.gone = this.passed(now);
    this.since = hidden ? undefined : now;
  }

  /** Seconds until now; null where they have not played. */
  read(now: number): number | null {
    return this.started ? Math.round(this.passed(now)) / 1000 : null;
  }

  private passed(now: number): number {
    return this.gone + (this.since === undefined ? 0 : now - this.since);
  }
}
