// How the parts of a panel ask the kernel: what each kind takes and is answered with is Python's own table.

import type { Extras } from "../core/connection";
import type { PanelAnswers, PanelCommand, PanelCommands } from "../protocol.gen";

/** Asks the kernel; a refusal is thrown (a RequestError). Where bytes came along, they are the answer's `buffers`. */
export type PanelRequest = <W extends PanelCommand>(
  command: W,
  payload: PanelCommands[W],
  extras?: Extras,
) => Promise<PanelAnswers[W] & { buffers?: DataView[] }>;
