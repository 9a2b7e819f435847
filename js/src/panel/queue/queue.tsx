// What is on its way: a line for each job, with what happens to it and what can be done.

import type { Queue, Row } from "../protocol";

export interface QueueProps {
  queue: Queue;
  rows: readonly Row[];
}

export function QueueList({ queue }: QueueProps) {
  return (
    <section class="veo-queue" aria-label="Queue">
      {queue.order.length}
    </section>
  );
}
